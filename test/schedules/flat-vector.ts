/**
 * Weights that can be read back as a set of batches. The flat vector is made of blocks of 16 elements, the unit that shards
 * are cut by. Element i < 14 of each block counts batch i: its gradient is 1 there and 0 elsewhere, so with sgd at rate 1 the
 * weight is 0 before the batch and minus its weight in the update after it. The last two elements mark the block's place.
 */
import type { Range } from '../../src/transport/messages.ts';
import { check } from './violation.ts';

export const BLOCK = 16;
export const MOST_BATCHES = 14;

export function elementsOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, range) => sum + range.length, 0);
}

const blocks = new WeakMap<readonly Range[], number[]>();

/** Block numbers of a shard, in the order of its vector. */
export function blocksOf(ranges: readonly Range[]): readonly number[] {
  let known = blocks.get(ranges);
  if (!known) {
    known = ranges.flatMap((range) => Array.from({ length: range.length / BLOCK }, (_, index) => range.start / BLOCK + index));
    blocks.set(ranges, known);
  }
  return known;
}

export function initialWeights(ranges: readonly Range[]): Float32Array {
  const x = new Float32Array(elementsOf(ranges));
  blocksOf(ranges).forEach((block, index) => {
    x[index * BLOCK + 14] = 100 + block;
    x[index * BLOCK + 15] = 0.5;
  });
  return x;
}

/** Batches as bits: `count` of them from the first on. */
export function bitsOf(firstBatch: number, count: number): number {
  return ((1 << count) - 1) << firstBatch;
}

const gradients = new WeakMap<readonly Range[], Map<number, Float32Array>>();

/** One vector for all who push these batches: plain sgd reads a gradient and leaves it as it is. */
export function gradientOf(batches: number, ranges: readonly Range[]): Float32Array {
  let known = gradients.get(ranges);
  if (!known) gradients.set(ranges, (known = new Map()));
  let g = known.get(batches);
  if (!g) {
    g = new Float32Array(elementsOf(ranges));
    for (let batch = 0; batch < MOST_BATCHES; batch += 1) {
      if ((batches >> batch) & 1) for (let at = batch; at < g.length; at += BLOCK) g[at] = 1;
    }
    known.set(batches, g);
  }
  return g;
}

/** Which batches a block's weights hold, as bits. */
export function batchesIn(x: Float32Array, blockIndex: number): number {
  let bits = 0;
  for (let batch = 0; batch < MOST_BATCHES; batch += 1) if (x[blockIndex * BLOCK + batch] !== 0) bits |= 1 << batch;
  return bits;
}

export function bitNames(bits: number): string {
  return (
    Array.from({ length: MOST_BATCHES }, (_, batch) => batch)
      .filter((batch) => (bits >> batch) & 1)
      .join(',') || '-'
  );
}

/** Adds one push's share to the expected weights of these blocks; it must not be there yet. */
export function expectPush(want: Float32Array, batches: number, weight: number, where: string): void {
  for (let batch = 0; batch < MOST_BATCHES; batch += 1) {
    if (((batches >> batch) & 1) === 0) continue;
    for (let at = batch; at < want.length; at += BLOCK) {
      check(want[at] === 0, () => `batch ${batch} is applied twice at element ${at} of ${where}`);
      want[at] = 0 - weight;
    }
  }
}
