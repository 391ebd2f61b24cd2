import { describe, expect, it } from 'vitest';
import { describeJob, type JobFacts } from '../../src/config/describe-job.ts';
import { jobFromObject, type Job } from '../../src/config/job.ts';

const FACTS: JobFacts = { trainSamples: 60_000, elements: 1_199_882 };

function job(sections: Record<string, unknown> = {}): Job {
  return jobFromObject({
    name: 'mnist-cnn',
    model: { name: 'cnn' },
    dataset: { name: 'mnist' },
    shards: 2,
    workers: { count: 2, max: 8 },
    optimizer: { name: 'momentum', learningRate: 0.05, schedule: { name: 'cosine', warmupUpdates: 100 } },
    stop: { epochs: 3, targetAccuracy: 0.99, maxSeconds: 600 },
    ...sections,
  });
}

describe('what a job says it will do', () => {
  it('under ssp', () => {
    expect(describeJob(job({ consistency: { policy: 'ssp', bound: 3 } }), FACTS)).toEqual([
      'Trains cnn (1,199,882 weights) on mnist (60,000 samples): 2 workers, 2 shards.',
      'Waiting: ssp, bound 3. A worker more than 3 iterations ahead of the slowest waits for it.',
      'Step: a push holds the mean gradient of 64 samples; each is one step: effective batch 64.',
      'Steps are taken as pushes arrive; with equally fast workers a gradient is 1 update late.',
      'Rate: momentum 0.9 at 0.05, warm-up over 100 updates, then cosine to 0 % over 3 epochs.',
      'Evaluated every 500 updates; checkpoint every 30 s, the last 3 kept.',
      'Ends after 3 epochs (2,814 updates) or 600 s, or at 99 % test accuracy.',
    ]);
  });

  it('under asp, with more workers at the start than the file says', () => {
    const lines = describeJob(job({ consistency: { policy: 'asp' } }), { ...FACTS, workers: 4 });
    expect(lines[1]).toBe('Waiting: asp. Nobody waits for anybody; a slow worker may push very stale gradients.');
    expect(lines[3]).toBe('Steps are taken as pushes arrive; with equally fast workers a gradient is 3 updates late.');
    expect(lines.at(-1)).toBe('Ends after 3 epochs (2,814 updates) or 600 s, or at 99 % test accuracy.');
  });

  it("under bsp with the mean: one step a round, on a batch as large as all workers'", () => {
    expect(describeJob(job({ consistency: { policy: 'bsp' } }), FACTS)).toEqual([
      'Trains cnn (1,199,882 weights) on mnist (60,000 samples): 2 workers, 2 shards.',
      'Waiting: bsp. Every worker waits in every iteration for the slowest of the 2.',
      'Step: a push holds the mean gradient of 64 samples; a round of pushes is one step.',
      'A step takes the mean of 2 pushes: effective batch 128.',
      'Rate: momentum 0.9 at 0.05, warm-up over 100 updates, then cosine to 0 % over 3 epochs.',
      'Evaluated every 500 updates; checkpoint every 30 s, the last 3 kept.',
      'Ends after 3 epochs (about 1,407 updates) or 600 s, or at 99 % test accuracy.',
    ]);
  });

  it('under bsp with the sum: the same batch, and a larger step', () => {
    const lines = describeJob(job({ consistency: { policy: 'bsp', aggregate: 'sum' } }), FACTS);
    expect(lines.slice(2, 4)).toEqual([
      'Step: a push holds the mean gradient of 64 samples; a round of pushes is one step.',
      'A step takes the sum of 2 pushes: effective batch 128, at 2 times the rate of their mean.',
    ]);
  });

  it('under ssp with bound 0', () => {
    expect(describeJob(job({ consistency: { policy: 'ssp', bound: 0 } }), FACTS)[1]).toBe(
      'Waiting: ssp, bound 0. No worker starts an iteration before all have finished the one before.',
    );
  });

  it('with one worker, who waits for nobody', () => {
    const lines = describeJob(job({ workers: { count: 1, max: 8 }, consistency: { policy: 'bsp' } }), FACTS);
    expect(lines.slice(1, 3)).toEqual([
      'Waiting: one worker, so nobody waits (bsp decides once more join).',
      'Step: a push holds the mean gradient of 64 samples; each is one step: effective batch 64.',
    ]);
    expect(lines.at(-1)).toContain('(2,814 updates)');
  });

  it('with clipping, weight decay, a step schedule and other ends', () => {
    const lines = describeJob(
      job({
        optimizer: { name: 'adamw', learningRate: 0.001, schedule: { name: 'step', everyEpochs: 2, factor: 0.5 } },
        clip: { byGlobalNorm: 1 },
        checkpoint: { everySeconds: 60, everyUpdates: 1000, keep: 1 },
        stop: { maxUpdates: 5000 },
      }),
      FACTS,
    );
    expect(lines.slice(4)).toEqual([
      'Rate: adamw at 0.001, times 0.5 every 2 epochs.',
      'Gradients: norm clipped to 1 (by the worker), weight decay 0.01 (decoupled).',
      'Evaluated every 500 updates; checkpoint every 60 s or 1,000 updates, the last 1 kept.',
      'Ends after 5,000 updates.',
    ]);
  });

  it('that requires a GPU says so', () => {
    const line = 'Computes on GPUs only: a worker that sees none ends the run.';
    expect(describeJob(job({ require: 'gpu' }), FACTS)).toContain(line);
    expect(describeJob(job(), FACTS)).not.toContain(line);
  });

  it('fits in 5 to 8 lines of 100 columns, for the largest settings that somebody may have', () => {
    const policies = [{ policy: 'asp' }, { policy: 'bsp' }, { policy: 'bsp', aggregate: 'sum' }, { policy: 'ssp', bound: 100 }];
    for (const consistency of policies) {
      const large = job({
        consistency,
        shards: 256,
        workers: 128,
        dataset: { name: 'mnist', batchSize: 1024 },
        clip: { byGlobalNorm: 10 },
        optimizer: {
          name: 'momentum',
          learningRate: 0.00025,
          momentum: 0.95,
          weightDecay: 0.0001,
          schedule: { name: 'cosine', warmupEpochs: 5 },
        },
        stop: { epochs: 200, targetAccuracy: 0.995, maxSeconds: 36_000 },
      });
      const lines = describeJob(large, { trainSamples: 60_000, elements: 123_456_789 });
      expect(lines.length).toBeGreaterThanOrEqual(5);
      expect(lines.length).toBeLessThanOrEqual(8);
      expect(lines.filter((line) => line.length > 100)).toEqual([]);
    }
  });
});
