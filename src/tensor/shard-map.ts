/**
 * Which elements of the flat vector each shard holds.
 *
 * A shard holds runs of consecutive elements: one run at first, perhaps several once elements have moved. Runs are cut at
 * multiples of 16 elements (64 bytes, a cache line and the widest SIMD step), so that only the vector's very end leaves a
 * remainder. A shard's part travels and is stored as its runs laid end to end.
 */
import { assert, TardigradError } from '../errors.ts';

/** Elements start to start + length - 1 of the flat vector. */
export interface Run {
  readonly start: number;
  readonly length: number;
}

export interface ShardMap {
  /** Rises by one whenever elements move between shards; 1 at first. */
  readonly version: number;
  /** Length of the flat vector. */
  readonly elements: number;
  /** The runs of each shard, in ascending order; no shard is without elements. */
  readonly shards: readonly (readonly Run[])[];
}

/** Runs start and end at multiples of this many elements, but for the end of the vector. */
export const RUN_ALIGNMENT = 16;

/**
 * Cuts the flat vector into one run for each shard, as equal as multiples of 16 allow: sizes differ by at most 16.
 * There are fewer shards than asked for where some would be empty: look at `shards.length`.
 * @throws INVALID_ARGUMENT unless both numbers are whole and at least 1.
 */
export function createShardMap(elements: number, shardCount: number): ShardMap {
  requireCount('elements', elements);
  requireCount('shards', shardCount);
  const blocks = Math.ceil(elements / RUN_ALIGNMENT);
  const count = Math.min(shardCount, blocks);
  const blocksEach = Math.floor(blocks / count);
  // The larger shards come last, where the vector's remainder shortens one: in front, sizes could differ by 31.
  const firstLarger = count - (blocks % count);
  const shards: (readonly Run[])[] = [];
  let start = 0;
  for (let shard = 0; shard < count; shard += 1) {
    const whole = (shard < firstLarger ? blocksEach : blocksEach + 1) * RUN_ALIGNMENT;
    const length = Math.min(whole, elements - start);
    shards.push(Object.freeze([Object.freeze({ start, length })]));
    start += length;
  }
  assert(start === elements, `the shard map covers ${start} of ${elements} elements`);
  return Object.freeze({ version: 1, elements, shards: Object.freeze(shards) });
}

/** The runs of shard k. */
function shardRuns(map: ShardMap, k: number): readonly Run[] {
  const runs = map.shards[k];
  assert(runs !== undefined, `shard ${k} is not in a map of ${map.shards.length} shards`);
  return runs;
}

/** How many elements shard k holds. */
export function shardElements(map: ShardMap, k: number): number {
  let elements = 0;
  for (const run of shardRuns(map, k)) elements += run.length;
  return elements;
}

/**
 * A shard's part of a flat vector, its runs laid end to end.
 * One run gets a *view* of the flat vector; only several are copied together.
 */
export function scatter(flat: Float32Array, runs: readonly Run[]): Float32Array {
  const [only, ...more] = runs;
  if (only !== undefined && more.length === 0) return flat.subarray(only.start, only.start + only.length);
  const part = new Float32Array(runs.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const { start, length } of runs) {
    part.set(flat.subarray(start, start + length), offset);
    offset += length;
  }
  return part;
}

/** Writes a shard's part, its runs laid end to end, to its places in the flat vector: the way back from `scatter`. */
export function gather(flat: Float32Array, runs: readonly Run[], part: Float32Array): void {
  let offset = 0;
  for (const { start, length } of runs) {
    flat.set(part.subarray(offset, offset + length), start);
    offset += length;
  }
  assert(offset === part.length, `the shard's runs have ${offset} elements, its part has ${part.length}`);
}

function requireCount(what: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new TardigradError('INVALID_ARGUMENT', `A shard map was asked for with ${what} = ${value}.`, {
    facts: { [what]: value },
    next: 'It must be a whole number of at least 1.',
  });
}
