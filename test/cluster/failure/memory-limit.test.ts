/** Workers that grow beyond their memory limit: each leaves in good order and is started again, and nothing is lost by it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { BATCHES_PER_EPOCH, DATA_MISSING, Launcher, cleanUp, jobFile, jobText, kill, onlyRun, temporaryFolder } from '../processes.ts';
import { expectAllSamplesSettled, expectNoBatchTwice, readSummary } from '../what-was-left.ts';

/** More than twice what a worker of this job takes. */
const LIMIT_BYTES = 1024 ** 3;
/** Longer than the interval between two looks at memory, on any machine. */
const EPOCHS = 4;

afterEach(cleanUp);

/** Loaded into every process: the first life of worker-0 holds memory that nobody frees, a little beyond the limit. */
function leaks(): Record<string, string> {
  const path = join(temporaryFolder(), 'leaks.cjs');
  writeFileSync(
    path,
    `const fs = require('node:fs');
if (process.argv.includes('worker-0') && require('node:worker_threads').isMainThread) {
  try {
    fs.writeFileSync(__filename + '.first', '', { flag: 'wx' });
    globalThis.held = [];
    while (process.memoryUsage.rss() < ${LIMIT_BYTES + 64 * 1024 ** 2}) globalThis.held.push(Buffer.alloc(16 * 1024 ** 2, 1));
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
}
`,
  );
  return { NODE_OPTIONS: `--require ${path}` };
}

describe.skipIf(DATA_MISSING !== undefined)(
  `a worker at its memory limit${DATA_MISSING === undefined ? '' : ` (skipped: ${DATA_MISSING})`}`,
  () => {
    it('hands back what it has not begun and is started again under its name; every sample is trained once', async () => {
      const runs = temporaryFolder();
      const launcher = new Launcher([jobFile(jobText({ stop: { epochs: EPOCHS } })), '--runs', runs, '--json'], {
        // Without a GPU's libraries in memory, the limit is far above what a worker needs.
        env: { ...leaks(), TARDIGRAD_WORKER_MEMORY_BYTES: String(LIMIT_BYTES), CUDA_VISIBLE_DEVICES: '-1' },
      });
      await launcher.ended(0);
      const run = onlyRun(runs);
      const summary = readSummary(run);
      expectAllSamplesSettled(summary, EPOCHS);
      // It finished what it had begun: no batch is on some shards only, none was done again.
      expect(summary).toMatchObject({ state: 'succeeded', history: 1, samples: { torn: 0, redoneBatches: 0, restores: 0 } });
      expect(expectNoBatchTwice(run, EPOCHS * BATCHES_PER_EPOCH)).toBe(0);
      // It said that it leaves: nobody waited for its lease.
      expect(launcher.events('leaseOver')).toEqual([]);

      expect(launcher.stderr.match(/\S+ has reached its memory limit and left; starting it again/g)).toEqual([
        'worker-0 has reached its memory limit and left; starting it again',
      ]);
      expect(launcher.events('joined').filter(({ facts }) => facts['worker'] === 'worker-0')).toHaveLength(2);
      const log = readFileSync(join(run, 'logs', 'worker-0.log'), 'utf8');
      const [, resident, limit] = /"event":"memoryLimit","residentBytes":(\d+),"workerMemoryBytes":(\d+)/.exec(log) ?? [];
      expect(Number(limit)).toBe(LIMIT_BYTES);
      expect(Number(resident)).toBeGreaterThan(LIMIT_BYTES);
    });

    it('that is too small for any work is replaced again and again, and training gets on', async () => {
      const launcher = new Launcher([jobFile(jobText({ stop: { epochs: 1_000 } })), '--runs', temporaryFolder(), '--json'], {
        env: { TARDIGRAD_WORKER_MEMORY_BYTES: '1' },
      });
      let updates = 0;
      for (const life of [2, 3]) {
        const joined = await launcher.until(
          () => launcher.events('joined').find(({ facts }) => facts['worker'] === 'worker-0' && facts['incarnation'] === life),
          `life ${life} of worker-0 joins`,
        );
        expect(joined).toBeDefined();
        expect(launcher.updates).toBeGreaterThan(updates);
        ({ updates } = launcher);
      }
      kill(launcher.pid, 'SIGINT');
      await launcher.ended(130);
      await launcher.nothingLeft(5_000);
    });
  },
);
