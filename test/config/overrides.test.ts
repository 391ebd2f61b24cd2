import { describe, expect, it } from 'vitest';
import { parseJob } from '../../src/config/job.ts';
import { applyOverrides } from '../../src/config/overrides.ts';

const FILE = `
name: base
model: { name: cnn, filters: [8, 16] }
dataset: { name: mnist, batchSize: 32 }
workers: { count: 2, min: 2, max: 4 }
consistency: { policy: ssp, bound: 5 }
optimizer: { name: momentum, learningRate: 0.05, momentum: 0.8 }
stop: { epochs: 3, targetAccuracy: 0.99 }
`;

describe('flags', () => {
  it('stand in for the keys of the file and leave the rest as it is', () => {
    const job = parseJob(FILE, 'base.yaml', {
      name: 'other',
      seed: 7,
      dataset: 'digits',
      batchSize: 16,
      shards: 3,
      workers: 3,
      bound: 1,
      learningRate: 0.01,
      epochs: 2,
      targetAccuracy: 0.5,
      maxSeconds: 60,
      maxUpdates: 100,
      backend: 'wasm',
      threads: 2,
    });
    expect(job).toMatchObject({
      name: 'other',
      seed: 7,
      model: { name: 'cnn', filters: [8, 16] },
      dataset: { name: 'digits', batchSize: 16 },
      shards: 3,
      workers: { count: 3, min: 2, max: 4 },
      consistency: { policy: 'ssp', bound: 1 },
      optimizer: { learningRate: 0.01, momentum: 0.8 },
      stop: { epochs: 2, targetAccuracy: 0.5, maxSeconds: 60, maxUpdates: 100 },
      backend: 'wasm',
      threads: 2,
    });
  });

  it.each([
    ['neither the file nor a flag says how many', '', {}, 4],
    ['the file says how many', 'workers: 2', {}, 2],
    ['a flag says how many', '', { workers: 3 }, 3],
    ['the backend never computes on a GPU', 'backend: wasm', {}, 1],
    ['a flag takes such a backend', '', { backend: 'cpu' }, 1],
    ['the file names the one that does', 'backend: tensorflow', {}, 4],
  ])('leave the number of workers to the GPUs of the machine only where nobody chose: %s', (_, line, flags, count) => {
    const text = FILE.replace(/^workers:.*$/m, line);
    expect(parseJob(text, 'base.yaml', { ...flags, workersByDefault: 4 }).workers.count).toBe(count);
  });

  it('change nothing where none is given, and never the document itself', () => {
    const document = { workers: 2, stop: { epochs: 1 } };
    expect(applyOverrides(document, { epochs: undefined }).value).toEqual(document);
    expect(applyOverrides(document, { epochs: 5, workers: 3 }).value).toEqual({ workers: { count: 3 }, stop: { epochs: 5 } });
    expect(document).toEqual({ workers: 2, stop: { epochs: 1 } });
  });

  it("that choose another policy or model drop the options of the file's", () => {
    expect(parseJob(FILE, 'base.yaml', { policy: 'asp' }).consistency).toEqual({ policy: 'asp' });
    expect(parseJob(FILE, 'base.yaml', { policy: 'ssp' }).consistency).toEqual({ policy: 'ssp', bound: 5 });
    expect(parseJob(FILE, 'base.yaml', { policy: 'bsp', aggregate: 'sum' }).consistency).toEqual({ policy: 'bsp', aggregate: 'sum' });
    expect(parseJob(FILE, 'base.yaml', { model: 'mlp' }).model).toEqual({ name: 'mlp', hidden: [128] });
  });

  it('for more or fewer workers widen the limits of the file', () => {
    expect(parseJob(FILE, 'base.yaml', { workers: 10 }).workers).toEqual({ count: 10, min: 2, max: 10 });
    expect(parseJob(FILE, 'base.yaml', { workers: 1 }).workers).toEqual({ count: 1, min: 1, max: 4 });
  });

  it('are named in messages, beside the key that they stand for', () => {
    expect(() => parseJob(FILE, 'base.yaml', { policy: 'asp', bound: 3 })).toThrow('--bound (consistency.bound): does nothing with asp');
    expect(() => parseJob(FILE, 'base.yaml', { policy: 'spp' })).toThrow(
      "--policy (consistency.policy): unknown policy 'spp'; did you mean ssp?",
    );
    expect(() => parseJob(FILE, 'base.yaml', { workers: 0 })).toThrow('--workers (workers.count): 0 does not fit');
    expect(() => parseJob(FILE, 'base.yaml', { epochs: NaN })).toThrow('--epochs (stop.epochs): NaN does not fit');
  });

  it('leave a file that holds no job to the check', () => {
    expect(() => parseJob('[1]', 'list.yaml', { epochs: 1 })).toThrow('no job in it');
  });
});
