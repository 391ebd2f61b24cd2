import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ShardMap } from '../../src/tensor/shard-map.ts';
import { createShardMap, gather, RUN_ALIGNMENT, scatter, shardElements } from '../../src/tensor/shard-map.ts';

const sizes = fc.tuple(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 400 }));

/** What resharding may leave: shard 0 with two runs, shard 1 between and behind them. */
const moved: ShardMap = {
  version: 2,
  elements: 70,
  shards: [
    [
      { start: 0, length: 16 },
      { start: 32, length: 32 },
    ],
    [
      { start: 16, length: 16 },
      { start: 64, length: 6 },
    ],
  ],
};

function counted(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => i + 1);
}

describe('createShardMap', () => {
  test('covers every element exactly once, in order', () => {
    fc.assert(
      fc.property(sizes, ([elements, count]) => {
        let next = 0;
        for (const run of createShardMap(elements, count).shards.flat()) {
          expect(run.start).toBe(next);
          expect(run.length).toBeGreaterThan(0);
          next += run.length;
        }
        expect(next).toBe(elements);
      }),
    );
  });

  test('cuts at multiples of 16 only', () => {
    fc.assert(
      fc.property(sizes, ([elements, count]) => {
        for (const run of createShardMap(elements, count).shards.flat()) expect(run.start % RUN_ALIGNMENT).toBe(0);
      }),
    );
  });

  test('balances shards to within 16 elements', () => {
    fc.assert(
      fc.property(sizes, ([elements, count]) => {
        const map = createShardMap(elements, count);
        const held = map.shards.map((_, k) => shardElements(map, k));
        expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(RUN_ALIGNMENT);
      }),
    );
  });

  test('has as many shards as asked for, or as there are blocks of 16', () => {
    fc.assert(
      fc.property(sizes, ([elements, count]) => {
        expect(createShardMap(elements, count).shards.length).toBe(Math.min(count, Math.ceil(elements / RUN_ALIGNMENT)));
      }),
    );
    expect(createShardMap(5, 3)).toEqual({ version: 1, elements: 5, shards: [[{ start: 0, length: 5 }]] });
  });

  test.each([
    [0, 1],
    [-16, 1],
    [1.5, 1],
    [16, 0],
    [16, Number.NaN],
  ])('refuses %s elements over %s shards', (elements, count) => {
    expect(() => createShardMap(elements, count)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('scatter and gather', () => {
  test('put every shard back where it came from', () => {
    fc.assert(
      fc.property(sizes, ([elements, count]) => {
        const map = createShardMap(elements, count);
        const flat = counted(elements);
        const rebuilt = new Float32Array(elements);
        map.shards.forEach((_, k) => gather(rebuilt, map.shards[k]!, scatter(flat, map.shards[k]!)));
        expect(rebuilt).toEqual(flat);
      }),
    );
  });

  test('copy nothing where a shard holds one run', () => {
    const flat = counted(100);
    const part = scatter(flat, createShardMap(100, 2).shards[1]!);
    part[0] = -1;
    expect(flat[48]).toBe(-1);
  });

  test('lay several runs end to end, and back', () => {
    const flat = counted(70);
    const parts = [scatter(flat, moved.shards[0]!), scatter(flat, moved.shards[1]!)];
    expect([...parts[1]!]).toEqual([...flat.subarray(16, 32), ...flat.subarray(64, 70)]);
    const rebuilt = new Float32Array(70);
    parts.forEach((part, k) => gather(rebuilt, moved.shards[k]!, part));
    expect(rebuilt).toEqual(flat);
  });

  test('stop at a part that does not fit its runs', () => {
    expect(() => gather(counted(70), moved.shards[0]!, counted(3))).toThrow(/assertion failed/);
  });
});
