import { describe, expect, test } from 'vitest';
import { chooseMemory } from '../tensor/chosen-memory.ts';
import { tinySlabs } from '../tensor/compiled-kernels.ts';
import { ShardDriver } from './shard-driver.ts';

const ELEMENTS = 16;

/** A gradient in the shard's own memory, as staging takes it. */
function staged(driver: ShardDriver, value: number): Float32Array {
  return driver.shard.expectedPush()!.gradients.take(ELEMENTS).fill(value);
}

describe('the memory of gradients', () => {
  test('lies in the slab for the first of them, and beside it for the next', () => {
    chooseMemory(tinySlabs(ELEMENTS));
    const driver = new ShardDriver({ ranges: [{ start: 0, length: ELEMENTS }] });
    const [first, second] = [staged(driver, 1), staged(driver, 2)];
    expect(first.buffer.byteLength).toBeGreaterThanOrEqual(65_536); // a WebAssembly page
    expect(second.buffer.byteLength).toBe(ELEMENTS * 4);
    const { gradients } = driver.shard.expectedPush()!;
    for (const gradient of [first, second]) expect(gradients.firstNonFinite(gradient)).toBe(-1);
    first[9] = NaN;
    second[10] = -Infinity;
    expect([first, second].map((gradient) => gradients.firstNonFinite(gradient))).toEqual([9, 10]);
  });

  test('is ordinary memory where a shard has several slabs', () => {
    chooseMemory(tinySlabs(3));
    const driver = new ShardDriver({ ranges: [{ start: 0, length: ELEMENTS }] });
    expect(staged(driver, 1).buffer.byteLength).toBe(ELEMENTS * 4);
  });

  test('comes back when the round that kept them is applied, not before', () => {
    chooseMemory(tinySlabs(ELEMENTS));
    const driver = new ShardDriver({ ranges: [{ start: 0, length: ELEMENTS }], consistency: { policy: 'bsp', aggregate: 'mean' } });
    driver.join('a', 'b');
    const push = (worker: string, stream: number, gradient: Float32Array): void => {
      driver.pull(worker, 0);
      driver.say(stream, { type: 'push', header: driver.header({}), gradient });
    };
    const fromA = staged(driver, 1);
    push('a', driver.streamOf('a'), fromA);
    const fromB = staged(driver, 3);
    expect(fromB).not.toBe(fromA);
    push('b', driver.streamOf('b'), fromB);
    expect(driver.shard.status().version).toBe(1);
    expect(new Set([staged(driver, 5), staged(driver, 6)])).toEqual(new Set([fromA, fromB]));
  });
});
