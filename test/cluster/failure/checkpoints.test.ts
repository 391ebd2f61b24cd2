/** Which checkpoints are kept, and which of them a restore believes. */
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { DATA_MISSING, Launcher, cleanUp, jobFile, jobText, kill, onlyRun, temporaryFolder } from '../processes.ts';
import { expectAllSamplesSettled, readSummary } from '../what-was-left.ts';

const EPOCHS = 2;
const KEEP = 2;

afterEach(cleanUp);

function cuts(run: string): string[] {
  return readdirSync(join(run, 'checkpoints')).toSorted();
}

const isWhole = (run: string, cut: string): boolean => existsSync(join(run, 'checkpoints', cut, 'manifest.json'));

describe.skipIf(DATA_MISSING !== undefined)(
  `checkpoints of a run${DATA_MISSING === undefined ? '' : ` (skipped: ${DATA_MISSING})`}`,
  () => {
    it('keep the last ones only; a damaged newest one is passed over and named, a half-written one is none', async () => {
      const runs = temporaryFolder();
      const job = jobText({ stop: { epochs: EPOCHS }, checkpoint: { everyUpdates: 150, keep: KEEP } });
      const launcher = new Launcher([jobFile(job), '--runs', runs, '--json']);
      await launcher.until(() => launcher.events('checkpoint').length > 2 * KEEP, 'more checkpoints than are kept');
      kill(launcher.pid, 'SIGKILL');
      await launcher.nothingLeft(5_000);

      const run = onlyRun(runs);
      const kept = cuts(run).filter((cut) => isWhole(run, cut));
      expect(kept).toHaveLength(KEEP);
      const [older = '', newest = ''] = kept;
      const id = (cut: string): number => Number(cut.slice('cut-'.length));
      flipByte(join(run, 'checkpoints', newest, 'shard-1.safetensors'));
      // Newer than any: its manifest was never written.
      const half = `cut-${String(id(newest) + 1).padStart(6, '0')}`;
      cpSync(join(run, 'checkpoints', older), join(run, 'checkpoints', half), { recursive: true });
      rmSync(join(run, 'checkpoints', half, 'manifest.json'));

      const resumed = new Launcher(['--resume', '--runs', runs, '--json']);
      await resumed.ended(0);
      const [damaged, ...more] = resumed.events('checkpointDamaged');
      expect(more).toEqual([]);
      expect(damaged?.facts['checkpoint']).toBe(id(older));
      expect(damaged?.message).toContain(`cut ${id(newest)}`);
      expect(damaged?.message).toMatch(/SHA-256/);
      const summary = readSummary(run);
      expectAllSamplesSettled(summary, EPOCHS);
      expect(summary.updates).toBe(summary.samples.settledBatches);
      expect(cuts(run).filter((cut) => isWhole(run, cut))).toHaveLength(KEEP);
      expect(cuts(run)).not.toContain(half);
    });

    it('that are all damaged end a resume with an error: nobody trains on from nothing unasked', async () => {
      const runs = temporaryFolder();
      const launcher = new Launcher([
        jobFile(jobText({ stop: { epochs: 100 }, checkpoint: { everyUpdates: 150, keep: KEEP } })),
        '--runs',
        runs,
        '--json',
      ]);
      await launcher.until(() => launcher.events('checkpoint').length >= KEEP, 'there are checkpoints');
      kill(launcher.pid, 'SIGKILL');
      await launcher.nothingLeft(5_000);
      const run = onlyRun(runs);
      for (const cut of cuts(run)) if (isWhole(run, cut)) flipByte(join(run, 'checkpoints', cut, 'manifest.json'));
      const before = cuts(run);

      const resumed = new Launcher(['--resume', '--runs', runs, '--json']);
      await resumed.ended(1);
      await resumed.nothingLeft(5_000);
      expect(resumed.rows('error')[0]?.['message']).toMatch(/no checkpoint in .* is whole/);
      expect(cuts(run)).toEqual(before);
    });

    it('that cannot be written fail with the reason, and training goes on to its last one, which must be', async () => {
      const runs = temporaryFolder();
      const launcher = new Launcher([
        jobFile(jobText({ stop: { epochs: EPOCHS }, checkpoint: { everyUpdates: 200 } })),
        '--runs',
        runs,
        '--json',
      ]);
      await launcher.until(() => launcher.updates >= 20, 'it trains');
      const run = onlyRun(runs);
      // A file stands where the next folders would be made: even root cannot write there.
      const next = Math.max(...cuts(run).map((cut) => Number(cut.slice('cut-'.length)))) + 1;
      const blocked = Array.from({ length: 3 }, (_, index) => join(run, 'checkpoints', `cut-${String(next + index).padStart(6, '0')}`));
      for (const path of blocked) if (!existsSync(path)) writeFileSync(path, '');
      await launcher.until(() => launcher.events('checkpointFailed').length > 0, 'a checkpoint fails');
      const { updates } = launcher;
      await launcher.until(() => launcher.updates > updates, 'training goes on');
      await launcher.ended(0);
      expectAllSamplesSettled(readSummary(run), EPOCHS);
      expect(readSummary(run).checkpoint?.updates).toBe(readSummary(run).updates);
    });
  },
);

function flipByte(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, bytes);
}
