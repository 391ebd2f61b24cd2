import { describe, expect, it } from 'vitest';
import { BatchReader } from '../../src/datasets/batches.ts';
import { byteSplit, wholeNumbers } from '../../src/datasets/byte-split.ts';
import type { SampleOrder } from '../../src/datasets/permutation.ts';
import { batchPlan, permutation } from '../../src/datasets/permutation.ts';

const SAMPLES = 11;
const BATCH_SIZE = 4;

/** Sample s has the features s and 2 s, and the label s. */
function reader({ order, seed = 3 }: { order: SampleOrder; seed?: number }): BatchReader {
  const split = byteSplit({
    inputs: Uint8Array.from({ length: SAMPLES * 2 }, (_, i) => (i % 2 === 0 ? i / 2 : i - 1)),
    labels: Uint8Array.from({ length: SAMPLES }, (_, sample) => sample),
    features: 2,
    values: wholeNumbers,
  });
  return new BatchReader({ split, plan: batchPlan({ samples: SAMPLES, batchSize: BATCH_SIZE }), seed, order });
}

function readLabels(batches: BatchReader, batch: number): number[] {
  const inputs = new Float32Array(BATCH_SIZE * 2);
  const labels = new Int32Array(BATCH_SIZE);
  const count = batches.read(batch, inputs, labels);
  const read = [...labels.subarray(0, count)];
  expect([...inputs.subarray(0, count * 2)]).toEqual(read.flatMap((sample) => [sample, 2 * sample]));
  return read;
}

describe('BatchReader', () => {
  it('reads each sample once in a data epoch, in the order of its shuffle', () => {
    const batches = reader({ order: 'shuffled' });
    for (const dataEpoch of [0, 1, 2]) {
      const read = [0, 1, 2].flatMap((i) => readLabels(batches, dataEpoch * 3 + i));
      expect(read).toEqual([...permutation(3, dataEpoch, SAMPLES)]);
    }
  });

  it('reads the samples in their own order when sequential, in every data epoch', () => {
    const batches = reader({ order: 'sequential' });
    expect([0, 1, 2].flatMap((batch) => readLabels(batches, batch))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(readLabels(batches, 3)).toEqual([0, 1, 2, 3]);
  });

  it('gives a batch the same samples whatever was read before it', () => {
    const forward = reader({ order: 'shuffled' });
    const expected = Array.from({ length: 15 }, (_, batch) => readLabels(forward, batch));
    const jumping = reader({ order: 'shuffled' });
    for (const batch of [14, 0, 13, 1, 6, 12, 2, 9, 0, 14]) expect(readLabels(jumping, batch)).toEqual(expected[batch]);
  });

  it('leaves what lies behind a short last batch as it was', () => {
    const inputs = new Float32Array(BATCH_SIZE * 2).fill(-1);
    const labels = new Int32Array(BATCH_SIZE).fill(-1);
    expect(reader({ order: 'sequential' }).read(2, inputs, labels)).toBe(3);
    expect([...inputs]).toEqual([8, 16, 9, 18, 10, 20, -1, -1]);
    expect([...labels]).toEqual([8, 9, 10, -1]);
  });
});

describe('byteSplit', () => {
  it('stops at a sample that is not there and at arrays that are too small', () => {
    const split = byteSplit({ inputs: new Uint8Array(6), labels: new Uint8Array(3), features: 2, values: wholeNumbers });
    expect(() => split.fill([3], new Float32Array(2), new Int32Array(1))).toThrow('sample 3 of 3');
    expect(() => split.fill([0.5], new Float32Array(2), new Int32Array(1))).toThrow('sample 0.5');
    expect(() => split.fill([0, 1], new Float32Array(3), new Int32Array(2))).toThrow('no room');
    expect(() => split.fill([0, 1], new Float32Array(4), new Int32Array(1))).toThrow('no room');
  });
});
