import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from './cluster.ts';
import { SAMPLES, exactJob } from './exact-job.ts';
import { trainSequentially, type Settings } from '../../ps/sequential.ts';
import { elementsOf, noGradients, synthetic } from './synthetic-compute.ts';

const DETECT_MS = 10_000;
const BATCHES = 11;
/** Made up for this test: so many samples with as many features as a9a has. */
const SAMPLES_EACH = 3;

/** A number from -1 to 1 that depends on nothing but its place. */
function noise(a: number, b: number): number {
  let state = (Math.imul(a + 1, 2_654_435_761) ^ Math.imul(b + 7, 2_246_822_519)) >>> 0;
  state = Math.imul(state ^ (state >>> 15), 2_246_822_519) >>> 0;
  return (state ^ (state >>> 13)) / 2 ** 31 - 1;
}

/** Logistic regression in float32: the mean gradient of one batch at weights x, the bias last. */
function logisticGradient(batch: number, x: Float32Array): Float32Array {
  const { fround } = Math;
  const g = new Float32Array(x.length);
  const bias = x.length - 1;
  for (let sample = 0; sample < SAMPLES_EACH; sample += 1) {
    const row = batch * SAMPLES_EACH + sample;
    let logit = x[bias]!;
    for (let i = 0; i < bias; i += 1) logit = fround(logit + fround(x[i]! * fround(noise(row, i))));
    const error = fround(fround(1 / (1 + Math.exp(-logit))) - (noise(row, -3) > 0 ? 1 : 0));
    for (let i = 0; i < bias; i += 1) g[i] = g[i]! + fround(error * fround(noise(row, i)));
    g[bias] = g[bias]! + error;
  }
  return g.map((value) => value / SAMPLES_EACH);
}

function initialize(x: Float32Array): void {
  for (let i = 0; i < x.length; i += 1) x[i] = noise(1_000_003, i) / 4;
}

/** With everything that a job may ask of its optimizer. */
const RICH: Record<string, Omit<Settings, 'name'>> = {
  sgd: { learningRate: 0.4, weightDecay: 0.01, schedule: { name: 'step', everyUpdates: 4, factor: 0.3, warmupUpdates: 3 } },
  momentum: { learningRate: 0.1, momentum: 0.8, clipByValue: 0.05, schedule: { name: 'cosine', totalUpdates: 9, warmupUpdates: 4 } },
  nesterov: {
    learningRate: 0.1,
    weightDecay: 0.2,
    weightDecayMode: 'decoupled',
    schedule: { name: 'cosine', totalUpdates: 20, floor: 0.1 },
  },
  adagrad: { learningRate: 0.05, weightDecay: 0.02, clipByValue: 0.1 },
  rmsprop: {
    learningRate: 0.01,
    decay: 0.9,
    weightDecay: 0.1,
    weightDecayMode: 'decoupled',
    schedule: { name: 'constant', warmupUpdates: 6 },
  },
  adam: { learningRate: 0.03, beta1: 0.8, beta2: 0.95, weightDecay: 0.05, schedule: { name: 'step', everyUpdates: 2, factor: 0.9 } },
  adamw: { learningRate: 0.03, weightDecay: 0.3, clipByValue: 0.2, schedule: { name: 'cosine', totalUpdates: 11, warmupUpdates: 5 } },
};

const PLAIN: Record<string, Omit<Settings, 'name'>> = {
  sgd: { learningRate: 0.5 },
  momentum: { learningRate: 0.1 },
  nesterov: { learningRate: 0.1 },
  adagrad: { learningRate: 0.05 },
  rmsprop: { learningRate: 0.01 },
  adam: { learningRate: 0.02 },
  adamw: { learningRate: 0.02 },
};

describe('one worker equals sequential SGD bit for bit through the whole gRPC path, for every optimizer, at 1, 2 and 5 shards', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ servers: 5, detectFailureMs: DETECT_MS });
  });
  afterEach(() => cluster.dismiss());
  afterAll(() => cluster?.close());

  const cases = Object.keys(PLAIN).flatMap((name) => [
    { title: `${name}, 1 shard`, name, shards: 1, settings: PLAIN[name]! },
    { title: `${name}, 2 shards, ${options(RICH[name]!)}`, name, shards: 2, settings: RICH[name]! },
    { title: `${name}, 5 shards`, name, shards: 5, settings: PLAIN[name]! },
  ]);

  it.each(cases)('$title', async ({ name, shards, settings }) => {
    const { clipByValue, ...optimizer } = settings;
    const job = exactJob({
      name: `one-${name}-${shards}`,
      batches: BATCHES,
      taskBatches: 4,
      shards,
      consistency: { policy: 'ssp', bound: 1 },
      optimizer: { name, ...optimizer },
      clip: clipByValue === undefined ? {} : { byValue: clipByValue },
      detectFailureMs: DETECT_MS,
    });
    const elements = elementsOf(job);
    const reads: Float32Array[] = [];
    await cluster.submit(job);
    cluster.evaluator(synthetic(noGradients));
    cluster.worker(
      'worker-0',
      synthetic({
        initialize,
        gradient: ({ batch, weights, out }) => {
          reads.push(weights.slice());
          out.set(logisticGradient(batch, weights));
        },
      }),
    );
    const status = await cluster.succeeded(job.name);
    expect(status).toMatchObject({
      state: 'succeeded',
      updates: BATCHES,
      accounting: { trained: SAMPLES, neverSeen: 0, torn: 0, restores: 0 },
    });

    const first = new Float32Array(elements);
    initialize(first);
    const before: Float32Array[] = [];
    const expected = trainSequentially(first, BATCHES, { name, ...settings }, (step, x) => {
      before.push(x.slice());
      return logisticGradient(step, x);
    });
    expect(reads, 'what every pull brought').toEqual(before);
    expect(await cluster.weights(job, elements), 'what the shards hold').toEqual(expected);
    const { flat, manifest } = await cluster.lastCheckpoint(job, elements);
    expect(flat, 'what the last checkpoint holds').toEqual(expected);
    expect(manifest.versions).toEqual(Array(shards).fill(BATCHES));
    expect(
      expected.every((value, i) => value !== first[i]),
      'every weight has moved',
    ).toBe(true);
  });
});

function options({ schedule, clipByValue, weightDecay, weightDecayMode }: Omit<Settings, 'name'>): string {
  const parts = [
    schedule && `${schedule.name} schedule${schedule.warmupUpdates === undefined ? '' : ' with warm-up'}`,
    clipByValue !== undefined && 'clipped by value',
    weightDecay !== undefined && `${weightDecayMode ?? 'default'} weight decay`,
  ];
  return parts.filter(Boolean).join(', ');
}
