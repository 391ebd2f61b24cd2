/** Parameter servers that die, fall silent or never come back. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  BATCHES_PER_EPOCH,
  DATA_MISSING,
  Launcher,
  Roles,
  cleanUp,
  jobFile,
  jobText,
  kill,
  onlyRun,
  temporaryFolder,
  type EventRow,
} from '../processes.ts';
import { expectAllSamplesSettled, expectNoBatchTwice, pushRecords, readSummary } from '../what-was-left.ts';

const EPOCHS = 2;
/** A server may be away for so many detections of a failure; then the job fails. */
const RETURN_DETECTIONS = 12;

afterEach(cleanUp);

const numbers = (text: unknown): number[] => String(text).split(' ').map(Number);

/** What the job says that it lost is what it lost. */
function expectHonest(run: string, restored: EventRow, survivor: number): void {
  const { facts } = restored;
  expect(facts['hashesLoaded']).toBe(facts['hashesOfCheckpoint']);
  const atLoss = numbers(facts['versionsAtLoss']);
  const loaded = numbers(facts['versionsLoaded']);
  expect(Number(facts['updates'])).toBe(Math.max(...atLoss.map((version, shard) => version - (loaded[shard] ?? 0))));
  // The survivor's own records say how far it was.
  const records = pushRecords(run, survivor).filter(({ history }) => history === Number(facts['history']) - 1);
  const last = Math.max(loaded[survivor] ?? 0, ...records.map(({ versionApplied }) => versionApplied));
  expect(atLoss[survivor]).toBe(last);
}

describe.skipIf(DATA_MISSING !== undefined)(
  `a parameter server that fails${DATA_MISSING === undefined ? '' : ` (skipped: ${DATA_MISSING})`}`,
  () => {
    it('killed before the first periodic checkpoint, again at once, and once more after a checkpoint: the job goes back each time, finishes, and says what was lost', async () => {
      const runs = temporaryFolder();
      const job = jobText({ stop: { epochs: EPOCHS }, checkpoint: { everySeconds: 600, everyUpdates: 700 } });
      const launcher = new Launcher([jobFile(job), '--runs', runs, '--json']);
      await launcher.until(() => launcher.updates >= 20, 'it trains');
      const restored = (): EventRow[] => launcher.events('restored');

      await launcher.killRole('ps-0');
      await launcher.until(() => restored().length === 1, 'the job goes back');
      await launcher.killRole('ps-0');
      await launcher.until(() => restored().length === 2, 'the job goes back again');
      expect(launcher.events('checkpoint').filter(({ message }) => message.includes('versions 0, 0'))).toHaveLength(1);
      expect(restored()[1]?.facts['versionsLoaded']).toBe('0 0');

      const cuts = launcher.events('checkpoint').length;
      await launcher.until(() => launcher.events('checkpoint').length > cuts, 'a checkpoint is written');
      await launcher.killRole('ps-1');
      await launcher.until(() => restored().length === 3, 'the job goes back to that one');
      await launcher.ended(0);

      const run = onlyRun(runs);
      restored().forEach((event, index) => expectHonest(run, event, index < 2 ? 1 : 0));
      expect(numbers(restored()[2]?.facts['versionsLoaded']).every((version) => version >= 700)).toBe(true);
      const summary = readSummary(run);
      expectAllSamplesSettled(summary, EPOCHS);
      expect(summary).toMatchObject({ state: 'succeeded', history: 4, samples: { restores: 3 } });
      expect(summary.samples.redoneUpdates).toBe(restored().reduce((sum, { facts }) => sum + Number(facts['updates']), 0));
      expect(summary.samples.redoneBatches).toBe(restored().reduce((sum, { facts }) => sum + Number(facts['batches']), 0));
      // Every batch is in the weights once: no shard has more updates, and only what is torn is missing on one.
      for (const { version } of summary.shards) expect(version).toBeLessThanOrEqual(summary.samples.settledBatches);
      if (summary.samples.torn === 0) expect(summary.updates).toBe(summary.samples.settledBatches);
    });

    it('stopped until its streams were given up twice, and then let go on, has lost nothing: no restore, every sample once', async () => {
      const runs = temporaryFolder();
      const launcher = new Launcher([jobFile(jobText({ stop: { epochs: EPOCHS } })), '--runs', runs, '--json']);
      await launcher.until(() => launcher.updates >= 50, 'it trains');
      const run = onlyRun(runs);
      for (const round of [1, 2]) {
        const givenUp = (): number => Math.min(...['worker-0', 'worker-1'].map((worker) => streamsGivenUp(run, worker)));
        const before = givenUp();
        const pid = await launcher.pidOf('ps-1');
        kill(pid, 'SIGSTOP');
        await launcher.until(() => givenUp() >= before + 2, `both workers have given its stream up twice (round ${round})`);
        kill(pid, 'SIGCONT');
        const { updates } = launcher;
        await launcher.until(() => launcher.updates >= updates + 50, 'it trains on');
      }
      await launcher.ended(0);
      const summary = readSummary(run);
      expectAllSamplesSettled(summary, EPOCHS);
      expect(summary).toMatchObject({ state: 'succeeded', history: 1, samples: { restores: 0, redoneBatches: 0 } });
      expectNoBatchTwice(run, EPOCHS * BATCHES_PER_EPOCH);
    });

    it('that never comes back ends the job with a clear error within the named time', async () => {
      const detectFailureMs = 1_000;
      const roles = new Roles(jobText({ detectFailureMs, stop: { epochs: 100 } }));
      await roles.start();
      await roles.until(() => roles.updates >= 50, 'it trains');
      kill(roles.pidOf('ps-1'), 'SIGKILL');
      const killedMs = performance.now();
      await roles.until(() => roles.over, 'the job ends', RETURN_DETECTIONS * detectFailureMs + 10_000);
      expect(performance.now() - killedMs).toBeGreaterThan(RETURN_DETECTIONS * detectFailureMs);
      expect(roles.last).toMatchObject({ state: 'failed' });
      expect(roles.last?.reason).toMatch(/server of shard 1 has been gone for \d+ s, longer than 12 s/);
    });

    it('that can never be started again ends the launcher with a clear error and a non-zero exit', async () => {
      const runs = temporaryFolder();
      const gone = join(temporaryFolder(), 'gone');
      const preload = join(temporaryFolder(), 'ends-at-once.cjs');
      writeFileSync(
        preload,
        `if (process.argv.includes('ps') && require('node:fs').existsSync(${JSON.stringify(gone)})) { console.error('no such memory'); process.exit(3); }`,
      );
      const launcher = new Launcher([jobFile(jobText({ stop: { epochs: 100 } })), '--runs', runs, '--json'], {
        env: { NODE_OPTIONS: `--require ${preload}` },
      });
      await launcher.until(() => launcher.updates >= 50, 'it trains');
      writeFileSync(gone, '');
      kill(await launcher.pidOf('ps-0'), 'SIGKILL');
      await launcher.ended(1);
      await launcher.nothingLeft(5_000);
      expect(launcher.rows('error')[0]?.['message']).toMatch(/ps-0 ended with code 3, 3 times in a row/);
      expect(readSummary(onlyRun(runs)).exitReason).toContain('no such memory');
    });
  },
);

function streamsGivenUp(run: string, worker: string): number {
  const log = join(run, 'logs', `${worker}.log`);
  if (!existsSync(log)) return 0;
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"event":"streamClosed"') && line.includes('"shard":1')).length;
}
