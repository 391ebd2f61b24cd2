/**
 * What a shard does is the same over any memory: all other tests of shards again, over slabs so short that each vector and
 * many a segment takes several, and then the two memories side by side.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { plainMemory, type VectorMemory } from '../../src/tensor/slabs.ts';
import { chooseMemory } from '../tensor/chosen-memory.ts';
import { tinySlabs } from '../tensor/compiled-kernels.ts';
import { ShardDriver } from './shard-driver.ts';

describe('over slabs of 3 elements', async () => {
  beforeAll(() => chooseMemory(tinySlabs(3)));
  await import('./shard-cut.test.ts');
  await import('./shard-policies.test.ts');
  await import('./shard-refusals.test.ts');
});

describe('over slabs of 11 elements', async () => {
  beforeAll(() => chooseMemory(tinySlabs(11)));
  await import('./shard-splits.test.ts');
});

const OPTIMIZERS = ['sgd', 'momentum', 'nesterov', 'adagrad', 'rmsprop', 'adam', 'adamw'];

/** A shard of two ranges after some single and some combined updates, clipped. */
function history(memory: VectorMemory, optimizer: string): { hash: string; x: number[] } {
  chooseMemory(memory);
  const driver = new ShardDriver({
    ranges: [
      { start: 16, length: 21 },
      { start: 64, length: 16 },
    ],
    consistency: { policy: 'bsp', aggregate: 'mean' },
    config: { optimizer: { name: optimizer, weightDecay: 0.01 }, learningRate: 0.1, clipByValue: 0.8 },
    initial: Float32Array.from({ length: 37 }, (_, i) => Math.fround(i / 7 - 2)),
  });
  driver.join('ada', 'bob', 'eve');
  const workers = ['ada', 'bob', 'eve'];
  for (let clock = 0; clock < 6; clock += 1) {
    workers.forEach((worker, w) => {
      driver.pull(worker, clock);
      const gradient = Float32Array.from({ length: 37 }, (_, i) => Math.fround(Math.fround((i * 31 + clock * 17 + w * 5) % 23) / 11 - 1));
      driver.push(worker, gradient, { clock, firstBatch: clock * 3 + w, versionRead: clock });
    });
    // In the end each update holds one push alone, which goes into the kernels as it came.
    if (clock === 2 || clock === 4) driver.leave(workers.pop() ?? '');
  }
  return { hash: driver.shard.stateHash(), x: [...driver.x] };
}

test.each(OPTIMIZERS)('%s: the same hash over plain arrays, one slab and many', (optimizer) => {
  const plain = history(plainMemory(), optimizer);
  expect(plain.x.every(Number.isFinite)).toBe(true);
  for (const slabElements of [64, 16, 5, 1])
    expect([slabElements, history(tinySlabs(slabElements), optimizer)]).toEqual([slabElements, plain]);
});

test('a shard over the limit is refused at loading, with what to do, and nothing of it is here', () => {
  chooseMemory(tinySlabs(16, 2 * 65_536));
  const small = new ShardDriver({ ranges: [{ start: 0, length: 16 }] });
  expect(small.shard.status().loaded).toBe(true);
  const driver = new ShardDriver({ ranges: [{ start: 0, length: 17 }], initial: null });
  expect(driver.shard.status().loaded).toBe(false);
  const [reply] = [...driver.orderReplies.values()];
  expect(reply).toMatchObject({
    type: 'refused',
    epoch: 1,
    why: expect.stringMatching(/3 vectors of 17 elements take 262144 bytes, over the limit shardBytes = 131072\..*more shards/),
  });
});
