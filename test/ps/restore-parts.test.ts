import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OpenUpdate, ShardCopy, ShardParts } from '../../src/ps/events.ts';
import { partsFor, type CutShard } from '../../src/ps/restore-parts.ts';
import { createShardMap } from '../../src/tensor/shard-map.ts';
import type { Range } from '../../src/transport/messages.ts';

const ELEMENTS = 151; // ten blocks of 16, the last one short

function copyOf(parts: Pick<ShardCopy, 'segments' | 'x' | 'state'> & Partial<ShardCopy>): ShardCopy {
  return { history: 1, version: 0, clock: 0, sequences: {}, outcomes: [], open: [], incarnations: {}, epoch: 1, ...parts };
}

/** What a shard loaded from parts would copy for the next cut. */
function copyOfParts({ pieces, sequences, incarnations, version, clock }: ShardParts): ShardCopy {
  const join = (vectors: readonly Float32Array[]): Float32Array => Float32Array.from(vectors.flatMap((vector) => [...vector]));
  return copyOf({
    segments: pieces.map(({ start, length, steps, samples }) => ({ start, length, steps, samples })),
    x: join(pieces.map(({ x }) => x)),
    state: { m: join(pieces.map(({ state }) => state['m'] ?? new Float32Array())) },
    sequences,
    incarnations,
    version,
    clock,
  });
}

function recut(copies: readonly CutShard[], maps: readonly (readonly Range[])[]): CutShard[] {
  return maps.map((ranges) => ({ ranges, copy: copyOfParts(partsFor(ranges, copies, 0)) }));
}

/** Step count and position of each element. */
function positions({ segments }: ShardCopy): string[] {
  return segments.flatMap(({ start, length, steps, samples }) =>
    Array.from({ length }, (_, index) => `${start + index}: ${steps} ${samples}`),
  );
}

const bits = fc.float({ noNaN: false });
const whole = fc.record({
  x: fc.array(bits, { minLength: ELEMENTS, maxLength: ELEMENTS }),
  m: fc.array(bits, { minLength: ELEMENTS, maxLength: ELEMENTS }),
  /** Where neighbouring elements differ in step count. */
  borders: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 4 }),
  sequences: fc.dictionary(fc.constantFrom('a/1', 'a/2', 'b/1'), fc.nat(100)),
  incarnations: fc.dictionary(fc.constantFrom('a', 'b'), fc.nat(9)),
});
const shards = fc.integer({ min: 1, max: 10 });

/** Shards may hold several runs: those of a finer map, dealt out in turn. */
function dealt(count: number, runs: number): (readonly Range[])[] {
  const pieces = createShardMap(ELEMENTS, Math.max(count, runs)).shards.flat();
  return Array.from({ length: count }, (_, shard) => pieces.filter((_, index) => index % count === shard));
}

describe('a cut is loaded into any number of shards', () => {
  it('and what comes back to one shard has the same bits, positions and sequences', () => {
    fc.assert(
      fc.property(whole, shards, shards, shards, ({ x, m, borders, sequences, incarnations }, n, k, runs) => {
        const starts = [0, ...borders.toSorted((a, b) => a - b).map((border) => border * 16), ELEMENTS];
        const segments = starts
          .slice(0, -1)
          .map((start, index) => ({ start, length: (starts[index + 1] ?? 0) - start, steps: index, samples: index * 7 }));
        const one: CutShard = {
          ranges: [{ start: 0, length: ELEMENTS }],
          copy: copyOf({ segments, x: Float32Array.from(x), state: { m: Float32Array.from(m) }, sequences, incarnations, version: 12 }),
        };
        const [again] = recut(recut(recut([one], dealt(n, runs)), createShardMap(ELEMENTS, k).shards), [one.ranges]);
        const bytes = (vector: Float32Array): Uint8Array => new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
        expect(bytes(again!.copy.x)).toEqual(bytes(one.copy.x));
        expect(bytes(again!.copy.state['m']!)).toEqual(bytes(one.copy.state['m']!));
        expect(positions(again!.copy)).toEqual(positions(one.copy));
        expect(again!.copy.sequences).toEqual(one.copy.sequences);
        expect(again!.copy.incarnations).toEqual(one.copy.incarnations);
        expect(again!.copy.version).toBe(12);
      }),
      { numRuns: 60 },
    );
  });

  const push = (gradient: number[]): OpenUpdate['pushes'][number] => ({
    worker: 'a',
    incarnation: 1,
    sequence: 1,
    clock: 0,
    versionRead: 0,
    kind: 'gradient',
    samples: 2,
    weight: 0.5,
    gradient: Float32Array.from(gradient),
  });
  const count = (from: number, length: number): number[] => Array.from({ length }, (_, index) => from + index);
  const shard = (ranges: readonly Range[], elements: number[], over: Partial<ShardCopy>): CutShard => ({
    ranges,
    copy: copyOf({
      segments: ranges.map((range) => ({ ...range, steps: 3, samples: 6 })),
      x: Float32Array.from(elements),
      state: {},
      ...over,
    }),
  });

  it('open updates are cut down to the elements that fall here, and count in the version', () => {
    const ranges = [
      { start: 0, length: 16 },
      { start: 32, length: 16 },
    ];
    const elements = [...count(0, 16), ...count(32, 16)];
    const update = { round: 4, pushes: [push(elements)] };
    const first = shard(ranges, elements, { version: 5, open: [update] });
    const second = shard([{ start: 16, length: 16 }], count(16, 16), { version: 9 });
    const parts = partsFor([{ start: 8, length: 32 }], [first, second], 7);
    expect(parts.pieces.map(({ start, length }) => [start, length])).toEqual([
      [8, 8],
      [16, 16],
      [32, 8],
    ]);
    expect([...parts.pieces[2]!.x]).toEqual(count(32, 8));
    expect(parts.open.map(({ range, update: { pushes } }) => [range, [...pushes[0]!.gradient]])).toEqual([
      [{ start: 8, length: 8 }, count(8, 8)],
      [{ start: 32, length: 8 }, count(32, 8)],
    ]);
    expect(partsFor([{ start: 0, length: 16 }], [first, second], 7).version).toBe(6);
    expect([parts.version, parts.clock, parts.outcomes]).toEqual([9, 7, []]);
  });

  it('a shard whose elements come from elsewhere takes neither version nor open updates of the others, but their sequences', () => {
    const first = shard([{ start: 0, length: 16 }], count(0, 16), {
      version: 50,
      open: [{ round: 1, pushes: [push(count(0, 16))] }],
      sequences: { 'a/1': 8 },
    });
    const second = shard([{ start: 16, length: 16 }], count(16, 16), { version: 9, sequences: { 'a/1': 7, 'b/1': 2 } });
    const parts = partsFor([{ start: 16, length: 16 }], [first, second], 0);
    expect([parts.version, parts.open, parts.sequences]).toEqual([9, [], { 'a/1': 8, 'b/1': 2 }]);
  });

  it('files that lack an element, or hold one twice, are refused by name of the element', () => {
    const first = shard([{ start: 0, length: 16 }], count(0, 16), {});
    const third = shard([{ start: 32, length: 16 }], count(32, 16), {});
    expect(() => partsFor([{ start: 0, length: 48 }], [first, third], 0)).toThrow('element 16');
    expect(() => partsFor([{ start: 0, length: 16 }], [first, first], 0)).toThrow('element 0 exactly once');
  });
});
