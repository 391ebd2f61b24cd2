/**
 * What a shard is restored from: the copies of one cut, which may have been cut from the flat vector in another way, put
 * together anew for the elements that this shard holds now. Whatever belongs to an element (weight, optimizer state, step
 * count, schedule position, its part of a push that was open) moves with it, bit for bit; whatever belongs to a worker
 * (sequences, lives) is the greatest that any copy knows.
 */
import { TardigradError } from '../errors.ts';
import type { Range } from '../transport/messages.ts';
import type { OpenUpdate, SegmentState, ShardCopy, ShardParts } from './events.ts';

/** One shard of the cut: its runs of elements, end to end in `copy.x`, and the copy itself. */
export interface CutShard {
  readonly ranges: readonly Range[];
  readonly copy: ShardCopy;
}

/** Consecutive elements that one copy holds at one step count. */
interface Stretch extends SegmentState {
  readonly copy: ShardCopy;
  /** Where it begins in the copy's vectors. */
  readonly offset: number;
}

/**
 * @param ranges the restored shard's runs, in ascending order
 * @param copies every shard of the cut, not only those whose elements fall here: a life may be known to any of them
 * @param clock where all members start: the greatest clock of the cut
 * @returns views of the copies, which must not change before the shard is loaded. `outcomes` is empty: what the cut had
 *   settled stands in its manifest's ledger, and the new history has decided nothing yet.
 * @throws DATA_LOSS where the copies do not hold every element of `ranges`, or hold one twice.
 */
export function partsFor(ranges: readonly Range[], copies: readonly CutShard[], clock: number): ShardParts {
  const stretches = copies.flatMap(stretchesOf).toSorted((a, b) => a.start - b.start);
  const pieces = ranges.flatMap((range) => piecesOf(range, stretches));
  const open = copies.flatMap((shard) => openOn(ranges, shard));
  const contributors = copies.filter((shard) => shard.ranges.some((old) => ranges.some((range) => overlap(range, old) !== undefined)));
  return {
    clock,
    // What was open becomes updates of the elements that it belongs to. A round that was open on two old shards is one
    // update of either's elements, not two of all: so the greatest, as with versions.
    version: Math.max(0, ...contributors.map(({ copy }) => copy.version + copy.open.length)),
    pieces,
    sequences: greatest(copies.map(({ copy }) => copy.sequences)),
    outcomes: [],
    open,
    incarnations: greatest(copies.map(({ copy }) => copy.incarnations)),
  };
}

/** A copy's segments, cut at its runs' borders too: an open update is applied run by run. */
function stretchesOf({ ranges, copy }: CutShard): Stretch[] {
  const stretches: Stretch[] = [];
  let offset = 0;
  for (const segment of copy.segments) {
    for (const range of ranges) {
      const common = overlap(segment, range);
      if (common) stretches.push({ ...segment, ...common, copy, offset: offset + common.start - segment.start });
    }
    offset += segment.length;
  }
  return stretches;
}

function piecesOf(range: Range, stretches: readonly Stretch[]): ShardParts['pieces'] {
  const pieces: ShardParts['pieces'][number][] = [];
  let next = range.start;
  for (const stretch of stretches) {
    const common = overlap(range, stretch);
    if (!common) continue;
    if (common.start !== next) throw notOnce(Math.min(common.start, next), range);
    const from = stretch.offset + common.start - stretch.start;
    const cut = (vector: Float32Array): Float32Array => vector.subarray(from, from + common.length);
    const state = Object.fromEntries(Object.entries(stretch.copy.state).map(([name, vector]) => [name, cut(vector)]));
    pieces.push({ ...common, steps: stretch.steps, samples: stretch.samples, x: cut(stretch.copy.x), state });
    next += common.length;
  }
  if (next < range.start + range.length) throw notOnce(next, range);
  return pieces;
}

function notOnce(element: number, { start, length }: Range): TardigradError {
  const asked = `elements ${start} to ${start + length - 1} are asked for`;
  return new TardigradError('DATA_LOSS', `The cut does not hold element ${element} exactly once; ${asked}.`, {
    facts: { element },
    next: 'Its files do not belong together: restore from an older checkpoint.',
  });
}

/** The open updates of one old shard, as far as their elements fall into these runs. */
function openOn(ranges: readonly Range[], { ranges: oldRanges, copy }: CutShard): ShardParts['open'][number][] {
  return copy.open.flatMap((update) => {
    let offset = 0;
    return oldRanges.flatMap((old) => {
      const begin = offset;
      offset += old.length;
      return ranges.flatMap((range) => {
        const common = overlap(range, old);
        return common ? [{ range: common, update: cutUpdate(update, begin + common.start - old.start, common.length) }] : [];
      });
    });
  });
}

function cutUpdate(update: OpenUpdate, from: number, length: number): OpenUpdate {
  return { round: update.round, pushes: update.pushes.map((push) => ({ ...push, gradient: push.gradient.subarray(from, from + length) })) };
}

function overlap(a: Range, b: Range): Range | undefined {
  const start = Math.max(a.start, b.start);
  const end = Math.min(a.start + a.length, b.start + b.length);
  return end > start ? { start, length: end - start } : undefined;
}

function greatest(vectors: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const result = new Map<string, number>();
  for (const vector of vectors) {
    for (const [key, value] of Object.entries(vector)) result.set(key, Math.max(result.get(key) ?? 0, value));
  }
  return Object.fromEntries(result);
}
