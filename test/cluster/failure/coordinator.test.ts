/** Coordinators that die: training goes on without one, and with the next one, and the books stay exact. */
import { afterEach, describe, expect, it } from 'vitest';
import { connect } from '../../../src/transport/channel.ts';
import { shardStatus } from '../../../src/transport/stand-alone.ts';
import {
  BATCHES_PER_EPOCH,
  BOUND_MS,
  DATA_MISSING,
  DETECT_FAILURE_MS,
  Launcher,
  Roles,
  cleanUp,
  jobFile,
  jobText,
  kill,
  onlyRun,
  temporaryFolder,
} from '../processes.ts';
import { expectAllSamplesSettled, expectNoBatchTwice, readSummary } from '../what-was-left.ts';

const EPOCHS = 2;

afterEach(cleanUp);

describe.skipIf(DATA_MISSING !== undefined)(
  `a coordinator that fails${DATA_MISSING === undefined ? '' : ` (skipped: ${DATA_MISSING})`}`,
  () => {
    it('kept down until the workers have used up their tasks, twice: they train those to the end, and the next one leases the rest', async () => {
      const roles = new Roles(jobText({ stop: { epochs: 1 } }));
      await roles.start();
      const shard = connect(roles.servers[0]?.address ?? '', { connectMs: 5_000 });
      const version = async (): Promise<number> => (await shardStatus(shard, roles.job.name, false, { deadlineMs: 5_000 })).version;
      try {
        for (const round of [1, 2]) {
          await roles.until(() => roles.updates >= round * 50, 'it trains');
          const atDeath = roles.updates;
          kill(roles.pidOf('coordinator'), 'SIGKILL');
          await roles.coordinator?.exited;
          const usedUp = await standsStill(version);
          // They went on without it, with what they held.
          expect(usedUp).toBeGreaterThan(atDeath);
          expect(usedUp).toBeLessThan(BATCHES_PER_EPOCH);
          await roles.startCoordinator();
          await roles.until(() => roles.last?.epoch === round + 1 && roles.updates > usedUp, 'the next coordinator leases');
        }
        await roles.until(() => roles.over, 'the job is over');
      } finally {
        shard.close();
      }
      expect(roles.last).toMatchObject({ state: 'succeeded', history: 1, accounting: { neverSeen: 0, redoneBatches: 0, torn: 0 } });
      expect(roles.last?.accounting.trained).toBe(roles.last?.accounting.planned);
      // Nobody lost a life over it.
      expect(roles.last?.workers.every(({ incarnation }) => incarnation === 1)).toBe(true);
      expect(expectNoBatchTwice(roles.runFolder, BATCHES_PER_EPOCH)).toBe(0);
    });

    it('killed as the job starts, as its first status is seen, and twice during checkpoints: started again each time, and the job ends with every sample settled', async () => {
      const runs = temporaryFolder();
      // Checkpoints one after the other, so that a kill falls into one.
      const job = jobText({ stop: { epochs: EPOCHS }, checkpoint: { everySeconds: 600, everyUpdates: 1 } });
      const launcher = new Launcher([jobFile(job), '--runs', runs, '--json']);
      await launcher.pidOf('ps-0');
      await launcher.killRole('coordinator');
      await launcher.until(() => launcher.rows('status').length > 0, 'the first status');
      await launcher.killRole('coordinator');
      for (const more of [50, 150]) {
        await launcher.until(() => launcher.updates >= more, 'it trains');
        await launcher.killRole('coordinator');
      }
      await launcher.ended(0);
      const summary = readSummary(onlyRun(runs));
      expectAllSamplesSettled(summary, EPOCHS);
      expect(summary.state).toBe('succeeded');
      // One that was killed while it started has not led.
      expect(summary.epoch).toBeGreaterThanOrEqual(3);
      expect(summary.epoch).toBeLessThanOrEqual(5);
      expect(launcher.stderr.match(/coordinator was killed \(SIGKILL\); starting it again/g)).toHaveLength(4);
      expectNoBatchTwice(onlyRun(runs), EPOCHS * BATCHES_PER_EPOCH);
    });

    it('stopped past every lease and then let go on evicts nobody for its own absence', async () => {
      const runs = temporaryFolder();
      const launcher = new Launcher([jobFile(jobText({ stop: { epochs: EPOCHS } })), '--runs', runs, '--json']);
      await launcher.until(() => launcher.updates >= 50, 'it trains');
      const pid = await launcher.pidOf('coordinator');
      kill(pid, 'SIGSTOP');
      const stoppedMs = performance.now();
      await launcher.until(() => performance.now() - stoppedMs > 2 * DETECT_FAILURE_MS, 'two leases pass');
      kill(pid, 'SIGCONT');
      await launcher.ended(0);
      const summary = readSummary(onlyRun(runs));
      expectAllSamplesSettled(summary, EPOCHS);
      expect(summary).toMatchObject({ state: 'succeeded', history: 1, epoch: 1, samples: { restores: 0 } });
      expect(launcher.events('leaseOver')).toEqual([]);
      expectNoBatchTwice(onlyRun(runs), EPOCHS * BATCHES_PER_EPOCH);
    });
  },
);

/** The value at which it has stayed for longer than any exchange takes. */
async function standsStill(probe: () => Promise<number>): Promise<number> {
  const quietMs = DETECT_FAILURE_MS;
  const endMs = performance.now() + BOUND_MS;
  let value = await probe();
  let sinceMs = performance.now();
  while (performance.now() - sinceMs < quietMs) {
    if (performance.now() > endMs) throw new Error(`still moving after ${BOUND_MS} ms: ${value}`);
    const now = await probe();
    if (now !== value) sinceMs = performance.now();
    value = now;
  }
  return value;
}
