/** How a launcher ends before its job does: Ctrl-C, a closed terminal, kill -9; and how --resume goes on from there. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  A9A_SAMPLES,
  DATA_MISSING,
  Launcher,
  ROOT,
  cleanUp,
  jobFile,
  jobText,
  kill,
  living,
  onlyRun,
  temporaryFolder,
} from '../processes.ts';
import { expectAllSamplesSettled, readSummary } from '../what-was-left.ts';

/** What the launcher promises: from a signal to the last process gone. */
const DRAINED_MS = 5_000;
/** kill -9: every role notices by its pipe. */
const GONE_MS = 5_000;
const EPOCHS = 3;
/** Far longer than any test. */
const ENDLESS = jobText({ stop: { epochs: 1_000 } });

afterEach(cleanUp);

function inTerminal(): { runs: string; terminal: () => Launcher } {
  const runs = temporaryFolder();
  const command = ['python3', join(ROOT, 'test/cluster/launcher/terminal.py')];
  return { runs, terminal: () => new Launcher(['npm', 'start', '--', jobFile(ENDLESS), '--runs', runs], { command }) };
}

/** From the run folder: what a terminal shows is for people. */
function updatesNoted(runs: string): number {
  const [run] = readdirSync(runs);
  const metrics = run === undefined ? '' : join(runs, run, 'metrics.jsonl');
  if (!existsSync(metrics)) return 0;
  const rows = readFileSync(metrics, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'));
  const status = rows.map((row) => JSON.parse(row) as { type: string; updates?: number }).findLast(({ type }) => type === 'status');
  return status?.updates ?? 0;
}

async function training(text: string, updates = 100): Promise<{ launcher: Launcher; runs: string }> {
  const runs = temporaryFolder();
  const launcher = new Launcher([jobFile(text), '--runs', runs, '--json']);
  await launcher.until(() => launcher.updates >= updates, `it has trained ${updates} updates`);
  return { launcher, runs };
}

describe.skipIf(DATA_MISSING !== undefined)(
  `a launcher that ends early${DATA_MISSING === undefined ? '' : ` (skipped: ${DATA_MISSING})`}`,
  () => {
    it.each(['SIGINT', 'SIGHUP', 'SIGTERM'] as const)(
      '%s to the launcher alone drains, writes a checkpoint and leaves no process behind',
      async (signal) => {
        const { launcher, runs } = await training(ENDLESS);
        kill(launcher.pid, signal);
        await launcher.nothingLeft(DRAINED_MS);
        await launcher.ended(130);
        const summary = readSummary(onlyRun(runs));
        expect(summary).toMatchObject({ state: 'stopped', exitReason: `stopped with ${signal}`, samples: { complete: true } });
        // The checkpoint holds every update that there is.
        expect(summary.checkpoint?.updates).toBe(summary.updates);
        expect(launcher.rows('summary')).toHaveLength(1);
        expect(existsModel(onlyRun(runs))).toBe(true);
      },
    );

    it('a second Ctrl-C ends at once', async () => {
      // Draining takes its whole time where a worker does not answer, and its lease outlasts it.
      const { launcher, runs } = await training(jobText({ stop: { epochs: 1_000 }, detectFailureMs: 20_000 }));
      kill(await launcher.pidOf('worker-0'), 'SIGSTOP');
      kill(launcher.pid, 'SIGINT');
      await launcher.until(() => launcher.stderr.includes('once more ends at once'), 'it has heard the first');
      const ended = launcher.exited;
      await launcher
        .until(() => (kill(launcher.pid, 'SIGINT'), living(launcher.mark).length === 0), 'nothing is left')
        .catch((error: unknown) => {
          if (living(launcher.mark).length > 0) throw error;
        });
      expect(await ended).toBe(130);
      // It did not wait for the drain, and so wrote no summary.
      expect(readdirSync(onlyRun(runs))).not.toContain('summary.json');
    });

    it('Ctrl-C with a worker that does not answer is cut short, says so, and still leaves nothing within its time', async () => {
      // Its lease outlasts the drain.
      const { launcher, runs } = await training(jobText({ stop: { epochs: 1_000 }, detectFailureMs: 20_000 }));
      kill(await launcher.pidOf('worker-0'), 'SIGSTOP');
      kill(launcher.pid, 'SIGINT');
      await launcher.nothingLeft(DRAINED_MS);
      await launcher.ended(130);
      expect(readSummary(onlyRun(runs)).exitReason).toContain('cut short');
    });

    it('Ctrl-C before training has begun ends with 130 and leaves nothing', async () => {
      const launcher = new Launcher([jobFile(ENDLESS), '--runs', temporaryFolder(), '--json']);
      await launcher.pidOf('coordinator');
      kill(launcher.pid, 'SIGINT');
      await launcher.nothingLeft(DRAINED_MS);
      await launcher.ended(130);
    });

    it('in a terminal, Ctrl-C through npm start counts once: npm passes it on to a child that the terminal has told already', async () => {
      const { runs, terminal } = inTerminal();
      const interrupted = terminal();
      await interrupted.until(() => updatesNoted(runs) >= 100, 'it trains');
      interrupted.process.stdin?.write('interrupt\n');
      await interrupted.ended(0);
      // npm ends by the signal itself, once its child has.
      expect(['exit 130', 'exit -2']).toContain(interrupted.lines.at(-1));
      await interrupted.nothingLeft(DRAINED_MS);
      const summary = readSummary(onlyRun(runs));
      expect(summary).toMatchObject({ state: 'stopped', exitReason: 'stopped with SIGINT' });
      expect(summary.checkpoint?.updates).toBe(summary.updates);
    });

    it('closing the terminal leaves nothing', async () => {
      const { runs, terminal } = inTerminal();
      const closed = terminal();
      await closed.until(() => updatesNoted(runs) >= 100, 'it trains');
      closed.process.stdin?.write('close\n');
      await closed.nothingLeft(DRAINED_MS);
      expect(readSummary(onlyRun(runs)).state).toBe('stopped');
    });

    // process.exit would wait for the store's thread, which waits for the thread that exits: seen in every third try.
    it.each([1, 2, 3, 4])(
      'kill -9 of the launcher while the coordinator stores something all the time leaves nothing (try %i)',
      async () => {
        const busy = { workers: 1, shards: 1, taskBatches: 1, checkpoint: { everyUpdates: 10 }, stop: { epochs: 1_000 } };
        const { launcher } = await training(jobText(busy), 20);
        kill(launcher.pid, 'SIGKILL');
        await launcher.nothingLeft(GONE_MS);
      },
    );

    it('after kill -9 of the launcher no process remains, and --resume goes on from the last cut, on another number of shards', async () => {
      const { launcher, runs } = await training(jobText({ stop: { epochs: EPOCHS }, checkpoint: { everyUpdates: 400 } }));
      await launcher.until(() => launcher.events('checkpoint').length >= 2, 'a checkpoint after the first');
      kill(launcher.pid, 'SIGKILL');
      await launcher.nothingLeft(GONE_MS);
      const run = onlyRun(runs);

      const resumed = new Launcher(['--resume', '--runs', runs, '--shards', '3', '--json']);
      await resumed.ended(0);
      await resumed.nothingLeft(DRAINED_MS);
      expect(onlyRun(runs)).toBe(run);
      const summary = readSummary(run);
      expectAllSamplesSettled(summary, EPOCHS);
      expect(summary.state).toBe('succeeded');
      expect(summary.history).toBeGreaterThan(1);
      expect(summary.shards).toHaveLength(3);
      // Each shard has one update for each settled batch: none of those in the cut was trained again.
      expect(summary.updates).toBe(summary.samples.settledBatches);
      expect(resumed.rows('status').every((row) => Number(row['updates']) === 0 || Number(row['updates']) >= 400)).toBe(true);
    });

    it('after Ctrl-C, --resume goes on where it stopped, and can be stopped and resumed again', async () => {
      const { launcher, runs } = await training(jobText({ stop: { epochs: EPOCHS } }));
      kill(launcher.pid, 'SIGINT');
      await launcher.ended(130);
      const stopped = readSummary(onlyRun(runs));

      const again = new Launcher(['--resume', '--runs', runs, '--shards', '1', '--json']);
      await again.until(() => again.updates > stopped.updates + 50, 'it trains on');
      kill(again.pid, 'SIGINT');
      await again.ended(130);
      const more = readSummary(onlyRun(runs));
      expect(more.updates).toBeGreaterThan(stopped.updates);
      expect(more.samples).toMatchObject({ complete: true, redoneBatches: 0, planned: EPOCHS * A9A_SAMPLES });

      const last = new Launcher(['--resume', '--runs', runs, '--json']);
      await last.ended(0);
      const summary = readSummary(onlyRun(runs));
      expectAllSamplesSettled(summary, EPOCHS);
      expect(summary.updates).toBe(summary.samples.settledBatches);
    });
  },
);

function existsModel(run: string): boolean {
  return readdirSync(run).includes('model.safetensors');
}
