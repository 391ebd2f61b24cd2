/** Jobs of a known number of batches, gradients of whole numbers, and the weights that follow from a shard's records. */
import { jobFromObject, type Job } from '../../../src/config/job.ts';
import type { StalenessRecord } from '../../../src/ps/events.ts';
import { describeDataset } from '../../../src/datasets/registry.ts';
import { createShardMap } from '../../../src/tensor/shard-map.ts';
import { elementsOf, type GradientCall } from './synthetic-compute.ts';

const fround = Math.fround;

export interface ExactJob {
  readonly name: string;
  readonly batches: number;
  readonly shards: number;
  readonly workers?: number | Record<string, unknown>;
  readonly epochs?: number;
  readonly taskBatches?: number;
  readonly consistency?: Record<string, unknown>;
  readonly optimizer?: Record<string, unknown>;
  readonly clip?: Record<string, unknown>;
  readonly model?: Record<string, unknown>;
  readonly checkpoint?: Record<string, unknown>;
  readonly detectFailureMs: number;
}

/** Epochs of a9a's 32,561 samples, one unless said otherwise, cut into `batches` batches; the last is the smallest. */
export function exactJob({ name, batches, shards, workers = 1, taskBatches = batches, epochs = 1, ...rest }: ExactJob): Job {
  const { consistency = { policy: 'asp' }, optimizer = { name: 'sgd', learningRate: 1 }, clip = {}, checkpoint = {} } = rest;
  const { trainSamples } = describeDataset('a9a');
  const batchSize = Math.ceil(trainSamples / batches);
  if (Math.ceil(trainSamples / batchSize) !== batches) throw new Error(`${trainSamples} samples do not fall into ${batches} batches`);
  return jobFromObject({
    name,
    model: rest.model ?? { name: 'logistic-regression' },
    dataset: { name: 'a9a', batchSize, order: 'sequential' },
    shards,
    workers,
    taskBatches,
    consistency,
    optimizer,
    clip,
    checkpoint: { everySeconds: 3600, ...checkpoint },
    evaluate: { everyUpdates: 1_000_000 },
    stop: { epochs },
    detectFailureMs: rest.detectFailureMs,
  });
}

export const SAMPLES = describeDataset('a9a').trainSamples;

/** A whole number from -3 to 3 for each element of each batch. */
export function integerGradient(batch: number, element: number): number {
  return ((batch * 31 + element * 17 + ((batch * element) % 5)) % 7) - 3;
}

export function writeIntegers({ batch, out }: Pick<GradientCall, 'batch' | 'out'>): void {
  for (let i = 0; i < out.length; i += 1) out[i] = integerGradient(batch, i);
}

/** -rate times the sum over all batches: exact while every partial sum is a whole number below 2^24. */
export function exactSum(elements: number, batches: number, rate = 1): Float32Array {
  return Float32Array.from({ length: elements }, (_, element) => {
    let sum = 0;
    for (let batch = 0; batch < batches; batch += 1) sum += integerGradient(batch, element);
    return 0 - rate * sum;
  });
}

/**
 * The flat weights that plain sgd gives, found anew from every shard's records and the gradients: what versions say was
 * applied, in their order, with the weights that they name.
 */
export function replay(job: Job, records: readonly (readonly StalenessRecord[])[], rate: number): Float32Array {
  const elements = elementsOf(job);
  const map = createShardMap(elements, job.shards);
  const x = new Float32Array(elements);
  for (const [shard, rows] of records.entries()) {
    const updates = new Map<number, StalenessRecord[]>();
    for (const row of rows) updates.set(row.versionApplied, [...(updates.get(row.versionApplied) ?? []), row]);
    for (const [, pushes] of [...updates].toSorted(([a], [b]) => a - b)) {
      for (const { start, length } of map.shards[shard]!) {
        for (let i = start; i < start + length; i += 1) {
          let sum: number | undefined;
          for (const { firstBatch, weight } of pushes) {
            const term = fround(fround(weight) * integerGradient(firstBatch, i));
            sum = sum === undefined ? term : fround(sum + term);
          }
          x[i] = x[i]! - fround(fround(rate) * (sum ?? 0));
        }
      }
    }
  }
  return x;
}

/** Each batch once and no other. */
export function batchesOf(records: readonly StalenessRecord[]): number[] {
  return records.map(({ firstBatch }) => firstBatch).toSorted((a, b) => a - b);
}

export function countTo(batches: number): number[] {
  return Array.from({ length: batches }, (_, index) => index);
}

/** Where two vectors first differ by a bit, for a person; undefined where they don't. Fast also for millions of elements. */
export function firstDifference(a: Float32Array, b: Float32Array): string | undefined {
  if (a.length !== b.length) return `${a.length} elements and ${b.length}`;
  const [left, right] = [a, b].map((vector) => new Uint32Array(vector.slice().buffer));
  const index = left!.findIndex((bits, i) => bits !== right![i]);
  return index < 0 ? undefined : `element ${index}: ${a[index]} and ${b[index]}`;
}
