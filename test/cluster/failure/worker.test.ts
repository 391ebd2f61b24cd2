/** Workers that die or fall silent: nobody waits past their lease, and no sample is lost or trained twice. */
import { afterEach, describe, expect, it } from 'vitest';
import { deadlines } from '../../../src/config/deadlines.ts';
import {
  BATCH,
  BATCHES_PER_EPOCH,
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
const { leaseMs } = deadlines(DETECT_FAILURE_MS);
/** From the end of a lease to an update that people see, on a machine that is busy with other things. */
const MARGIN_MS = 6_000;
/** Iterations in which a survivor may still be ahead of the dead, and some that were under way when it died. */
const MORE_THAN_THE_BOUND = 100;

afterEach(cleanUp);

function expectExact(run: string, epochs: number): void {
  const summary = readSummary(run);
  expectAllSamplesSettled(summary, epochs);
  expect(summary).toMatchObject({ state: 'succeeded', samples: { redoneBatches: 0, restores: 0 } });
  // What the shards recorded agrees with the books: a batch that is on some shards only is torn, all others are on all.
  const torn = expectNoBatchTwice(run, epochs * BATCHES_PER_EPOCH);
  expect(summary.samples.torn).toBeLessThanOrEqual(torn * BATCH);
  expect(summary.samples.torn > 0).toBe(torn > 0);
}

describe.skipIf(DATA_MISSING !== undefined)(`a worker that fails${DATA_MISSING === undefined ? '' : ` (skipped: ${DATA_MISSING})`}`, () => {
  it('killed before the first periodic checkpoint, and again as soon as it is back: its tasks go back, and training ends with every sample settled once', async () => {
    const runs = temporaryFolder();
    const launcher = new Launcher([jobFile(jobText({ stop: { epochs: EPOCHS } })), '--runs', runs, '--json']);
    await launcher.until(() => launcher.updates >= 50, 'it trains');
    expect(launcher.events('checkpoint')).toHaveLength(1);
    for (const life of [2, 3]) {
      await launcher.killRole('worker-0');
      await launcher.until(
        () => launcher.events('joined').some(({ facts }) => facts['worker'] === 'worker-0' && facts['incarnation'] === life),
        `life ${life} of worker-0 joins`,
      );
    }
    await launcher.ended(0);
    expectExact(onlyRun(runs), EPOCHS);
    expect(launcher.stderr).toContain('worker-0 was killed (SIGKILL); starting it again');
  });

  it.each([
    { policy: 'ssp', bound: 3 },
    { policy: 'bsp', aggregate: 'mean' },
  ])('killed and not started again under $policy: the other waits no longer than its lease, and finishes alone', async (consistency) => {
    const roles = new Roles(jobText({ consistency, stop: { epochs: 1 } }));
    await roles.start();
    await roles.until(() => roles.updates >= 50, 'it trains');
    kill(roles.pidOf('worker-1'), 'SIGKILL');
    const killedMs = performance.now();
    const before = roles.updates;
    const left = await roles.until(() => roles.events('left').length > 0 && roles.updates, 'the dead no longer counts');
    await roles.until(() => roles.updates > Math.max(left, before + MORE_THAN_THE_BOUND), 'the other goes on');
    expect(performance.now() - killedMs).toBeLessThan(leaseMs + MARGIN_MS);
    expect(roles.events('leaseOver')).toHaveLength(1);
    await roles.until(() => roles.over, 'the job is over');
    expect(roles.last?.state).toBe('succeeded');
    expect(roles.last?.accounting).toMatchObject({ neverSeen: 0, redoneBatches: 0 });
    expectNoBatchTwice(roles.runFolder, BATCHES_PER_EPOCH);
  });

  it('stopped past its lease and then let go on is fenced and joins anew, twice, and nothing is trained twice', async () => {
    const runs = temporaryFolder();
    const launcher = new Launcher([jobFile(jobText({ stop: { epochs: EPOCHS } })), '--runs', runs, '--json']);
    for (const life of [1, 2]) {
      await launcher.until(
        () =>
          launcher.updates >= 50 &&
          launcher.events('joined').some(({ facts }) => facts['worker'] === 'worker-1' && facts['incarnation'] === life),
        `life ${life} of worker-1 trains`,
      );
      const pid = await launcher.pidOf('worker-1');
      kill(pid, 'SIGSTOP');
      await launcher.until(() => launcher.events('leaseOver').length === life, 'its lease ends');
      await launcher.until(() => launcher.events('left').length === life, 'it no longer counts');
      kill(pid, 'SIGCONT');
      expect(await launcher.pidOf('worker-1')).toBe(pid);
    }
    await launcher.ended(0);
    expectExact(onlyRun(runs), EPOCHS);
    expect(readSummary(onlyRun(runs)).workers.some(({ name, incarnation }) => name === 'worker-1' && incarnation === 3)).toBe(true);
  });
});
