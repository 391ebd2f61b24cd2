/**
 * GPUs of a local cluster, on a machine that has none: a stand-in for nvidia-smi tells of some, and what is looked at is
 * which of them each worker's process is shown. What a real one does with that is not seen here.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { DATA_MISSING, Launcher, cleanUp, jobFile, jobText, kill, onlyRun, temporaryFolder } from '../processes.ts';

afterEach(cleanUp);

/** A path on which a program that answers like nvidia-smi comes first. */
function withGpus(count: number): Record<string, string> {
  const folder = join(temporaryFolder(), 'bin');
  mkdirSync(folder);
  const rows = Array.from({ length: count }, (_, index) => `GPU-${index}, NVIDIA Stand-In, 550.54.15, 81559, 4`);
  writeFileSync(join(folder, 'nvidia-smi'), `#!/bin/sh\ncat <<'END'\n${rows.join('\n')}\nEND\n`, { mode: 0o755 });
  return { PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}` };
}

function environmentOf(pid: number): Record<string, string> {
  const pairs = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

describe.skipIf(DATA_MISSING !== undefined)(
  `GPUs of a local cluster${DATA_MISSING === undefined ? '' : ` (skipped: ${DATA_MISSING})`}`,
  () => {
    const endless = { stop: { epochs: 1_000 } };

    it.each([
      ['where nobody says how many: one worker for each GPU', { ...endless, workers: undefined }, [], 3, ['0', '1', '2']],
      ['where the job says more than there are: they share in turn', { ...endless, workers: 3 }, [], 2, ['0', '1', '0']],
      ['where --workers says fewer: the first ones', { ...endless, workers: 3 }, ['--workers', '1'], 2, ['0']],
    ])('%s', async (_, sections, flags, gpus, devices) => {
      const launcher = new Launcher([jobFile(jobText(sections)), '--runs', temporaryFolder(), '--json', ...flags], { env: withGpus(gpus) });
      await launcher.until(() => launcher.updates > 0, 'it trains');
      for (const [index, device] of devices.entries()) {
        expect(environmentOf(await launcher.pidOf(`worker-${index}`))).toMatchObject({
          CUDA_VISIBLE_DEVICES: device,
          CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
          TF_FORCE_GPU_ALLOW_GROWTH: 'true',
        });
      }
      // The turn after the last worker's is the evaluator's.
      expect(environmentOf(await launcher.pidOf('evaluator'))['CUDA_VISIBLE_DEVICES']).toBe(String(devices.length % gpus));
      expect(launcher.pidNow(`worker-${devices.length}`)).toBeUndefined();
      const said = [...launcher.lines, launcher.stderr].join('\n');
      expect(said).toContain(`${gpus} GPUs: NVIDIA Stand-In; `);
      kill(launcher.pid, 'SIGINT');
      await launcher.ended(130);
      await launcher.nothingLeft(5_000);
    });

    it('that a job requires and a worker does not see end it at once, with what was found and what to do', async () => {
      const runs = temporaryFolder();
      const job = jobFile(jobText({ ...endless, require: 'gpu' }));
      // Hidden, on a machine that has some.
      const launcher = new Launcher([job, '--runs', runs, '--json'], { env: { CUDA_VISIBLE_DEVICES: '-1' } });
      await launcher.ended(1);
      const [error] = launcher.rows('error');
      expect(error?.['message']).toMatch(
        /^worker-\d can never do its work here\. The job requires a GPU, and what computes here is no GPU \(.+\)\. tardigrad doctor says/,
      );
      expect(launcher.stderr).not.toContain('starting it again');
      for (const worker of ['worker-0', 'worker-1']) {
        const log = readFileSync(join(onlyRun(runs), 'logs', `${worker}.log`), 'utf8');
        expect(log.match(/"event":"backend"/g)?.length ?? 0).toBeLessThanOrEqual(1);
      }
      await launcher.nothingLeft(5_000);
    });
  },
);
