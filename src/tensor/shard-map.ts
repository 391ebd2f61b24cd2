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

/** Shard k's runs in the flat vector, as views: nothing is copied. */
export function shardViews(flat: Float32Array, map: ShardMap, k: number): Float32Array[] {
  requireWhole(flat, map);
  return shardRuns(map, k).map((run) => flat.subarray(run.start, run.start + run.length));
}

/**
 * Shard k's part of the flat vector, its runs laid end to end.
 * A shard of one run gets a *view* of the flat vector; only several runs are copied together.
 */
export function scatter(flat: Float32Array, map: ShardMap, k: number): Float32Array {
  const views = shardViews(flat, map, k);
  const only = views[0];
  if (views.length === 1 && only !== undefined) return only;
  const part = new Float32Array(shardElements(map, k));
  let offset = 0;
  for (const view of views) {
    part.set(view, offset);
    offset += view.length;
  }
  return part;
}

/** Writes shard k's part, its runs laid end to end, to its places in the flat vector: the way back from `scatter`. */
export function gather(flat: Float32Array, map: ShardMap, k: number, part: Float32Array): void {
  const expected = shardElements(map, k);
  assert(part.length === expected, `shard ${k} holds ${expected} elements, its part has ${part.length}`);
  let offset = 0;
  for (const view of shardViews(flat, map, k)) {
    view.set(part.subarray(offset, offset + view.length));
    offset += view.length;
  }
}

function requireWhole(flat: Float32Array, map: ShardMap): void {
  assert(flat.length === map.elements, `the flat vector has ${flat.length} elements, the shard map ${map.elements}`);
}

function requireCount(what: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new TardigradError('INVALID_ARGUMENT', `A shard map was asked for with ${what} = ${value}.`, {
    facts: { [what]: value },
    next: 'It must be a whole number of at least 1.',
  });
}
