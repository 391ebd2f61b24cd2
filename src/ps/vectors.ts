/**
 * The weights of a shard and the optimizer's state for them: float32 vectors over the shard's elements, cut into
 * segments, each with its own step count and schedule position. THE place where an update changes weights: `apply`.
 *
 * The vectors lie in slabs (tensor/slabs.ts), so a segment is worked on in pieces, none of which crosses a slab's end.
 * Nothing outside of this file sees where a slab ends: what leaves it is copied into one vector.
 */
import type { PlannedUpdate } from '../algorithms/policies/policy.ts';
import type { OptimizedRun, Optimizer } from '../algorithms/optimizers/optimizer.ts';
import type { Schedule } from '../algorithms/schedules/schedule.ts';
import { assert } from '../errors.ts';
import { sha256OfRuns, sha256OfVectors } from '../tensor/hash.ts';
import { gradientPool, type GradientMemory, type VectorPool } from '../tensor/vector-pool.ts';
import type { Slab, VectorMemory, VectorNeed } from '../tensor/slabs.ts';
import type { Range } from '../transport/messages.ts';
import type { OpenUpdate, SegmentState, ShardParts } from './events.ts';

interface Segment {
  readonly start: number;
  readonly length: number;
  readonly pieces: readonly Piece[];
  steps: number;
  samples: number;
}

/** As much of a segment as lies in one slab. */
interface Piece {
  readonly slab: Slab;
  /** First element within the shard's own vectors, and within the segment. */
  readonly offset: number;
  readonly within: number;
  readonly length: number;
  readonly run: OptimizedRun;
  /** Where the gradients of an update are put together. */
  readonly scratch: Float32Array;
}

/** A slab's vectors: weights, scratch, then the optimizer's state in its order. */
const STATE_AT = 2;

export interface UpdateRule {
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  readonly learningRate: number;
  readonly clipByValue: number | undefined;
  readonly samplesPerEpoch: number;
}

/**
 * What a shard of so many elements takes: weights, the optimizer's state, scratch, and where slabs have a memory of their own,
 * room for one gradient on its way in, which the kernels then read where it lies.
 */
export function vectorNeed(ranges: readonly Range[], optimizer: Optimizer, memory: VectorMemory): VectorNeed {
  const landing = memory.name === 'simd' ? 1 : 0;
  return { elements: ranges.reduce((sum, range) => sum + range.length, 0), vectors: optimizer.stateVectors.length + 2 + landing };
}

export class ShardVectors {
  readonly elements: number;
  /** Where pushes are put together before they are applied. */
  readonly gradients: GradientMemory;
  /** Where copies of the weights and of the state come from. */
  readonly copies: VectorPool;
  private readonly rule: UpdateRule;
  private readonly slabs: readonly Slab[];
  private segments: Segment[];

  /** @throws RESOURCE_EXHAUSTED where the memory refuses so many elements */
  constructor(ranges: readonly Range[], rule: UpdateRule, memory: VectorMemory, parts: ShardParts | undefined) {
    const need = vectorNeed(ranges, rule.optimizer, memory);
    this.rule = rule;
    this.elements = need.elements;
    this.slabs = memory.allocate(need);
    this.copies = memory.copies;
    this.gradients = gradientsIn(this.slabs, STATE_AT + rule.optimizer.stateVectors.length);
    this.segments = this.place(parts?.pieces ?? ranges.map((range) => ({ ...range, steps: 0, samples: 0 })));
    if (parts) this.fill(parts);
  }

  private place(states: readonly SegmentState[]): Segment[] {
    let offset = 0;
    return states.map(({ start, length, steps, samples }) => {
      const segment = { start, length, pieces: this.piecesOf(offset, length), steps, samples };
      offset += length;
      return segment;
    });
  }

  private piecesOf(offset: number, length: number): Piece[] {
    return this.slabs.flatMap((slab) => {
      const from = Math.max(offset, slab.offset);
      const to = Math.min(offset + length, slab.offset + slab.length);
      if (to <= from) return [];
      const [x, scratch, ...state] = slab.vectors.map((vector) => vector.subarray(from - slab.offset, to - slab.offset));
      assert(x !== undefined && scratch !== undefined, 'a slab holds the weights and scratch');
      const named = this.rule.optimizer.stateVectors.map((name, index) => [name, state[index]!] as const);
      const run = { x, state: Object.fromEntries(named) };
      return [{ slab, offset: from, within: from - offset, length: to - from, run, scratch }];
    });
  }

  private fill(parts: ShardParts): void {
    parts.pieces.forEach((saved, index) => {
      const segment = this.segments[index];
      assert(segment !== undefined && saved.x.length === segment.length, 'a restored piece is as long as its segment');
      for (const { within, length, run } of segment.pieces) {
        run.x.set(saved.x.subarray(within, within + length));
        for (const [name, vector] of Object.entries(run.state)) {
          const values = saved.state[name];
          assert(values !== undefined, `the cut holds the optimizer's ${name}`);
          vector.set(values.subarray(within, within + length));
        }
      }
    });
    for (const { range, update } of parts.open) this.applyOpen(range, update);
    this.mergeSegments();
  }

  /** Neighbours at the same step are one run of elements again. */
  private mergeSegments(): void {
    const merged: SegmentState[] = [];
    for (const { start, length, steps, samples } of this.segments) {
      const last = merged.at(-1);
      if (last && last.start + last.length === start && last.steps === steps && last.samples === samples)
        merged[merged.length - 1] = { ...last, length: last.length + length };
      else merged.push({ start, length, steps, samples });
    }
    this.segments = this.place(merged);
  }

  /** An update that was open in the cut, on the elements of the old shard that it belonged to. */
  private applyOpen(range: Range, update: OpenUpdate): void {
    const samples = update.pushes.reduce((sum, push) => sum + push.samples, 0);
    for (const segment of this.segments) {
      if (segment.start < range.start || segment.start + segment.length > range.start + range.length) continue;
      const from = segment.start - range.start;
      const kind = update.pushes[0]?.kind ?? 'gradient';
      const weights = update.pushes.map((push) => push.weight);
      for (const piece of segment.pieces) {
        const begin = from + piece.within;
        const sources = update.pushes.map((push) => push.gradient.subarray(begin, begin + piece.length));
        piece.slab.kernels.combine(piece.scratch, sources, weights);
        this.stepPiece(segment, piece, piece.scratch, kind);
      }
      advance(segment, samples);
    }
  }

  initialize(values: Float32Array): void {
    for (const { offset, length, vectors } of this.slabs) vectors[0]?.set(values.subarray(offset, offset + length));
  }

  /** One planned update, one step of the optimizer. The gradients may be used up as scratch. */
  apply(update: PlannedUpdate): void {
    const first = update.pushes[0];
    assert(first !== undefined, 'an update holds at least one push');
    const samples = update.pushes.reduce((sum, push) => sum + push.samples, 0);
    const alone = update.pushes.length === 1 && update.weights[0] === 1;
    for (const segment of this.segments) {
      for (const piece of segment.pieces) {
        const sources = update.pushes.map((push) => push.gradient.subarray(piece.offset, piece.offset + piece.length));
        // The kernels copy what is not in their memory, block by block: no copy of a gradient is made here.
        if (!alone) piece.slab.kernels.combine(piece.scratch, sources, update.weights);
        this.stepPiece(segment, piece, alone ? sources[0]! : piece.scratch, first.kind);
      }
      advance(segment, samples);
    }
  }

  private stepPiece({ steps, samples }: Segment, { slab, run }: Piece, g: Float32Array, kind: 'gradient' | 'delta'): void {
    const { optimizer, schedule, learningRate, clipByValue, samplesPerEpoch } = this.rule;
    const { kernels } = slab;
    if (clipByValue !== undefined) kernels.clipByValue(g, clipByValue);
    if (kind === 'delta') {
      kernels.add(run.x, g, 1);
      return;
    }
    const factor = schedule.factor({ updates: steps, samples, samplesPerEpoch });
    optimizer.step(kernels, run, g, { rate: learningRate * factor, step: steps + 1 });
  }

  segmentStates(): SegmentState[] {
    return this.segments.map(({ start, length, steps, samples }) => ({ start, length, steps, samples }));
  }

  /** A copy of the weights, in one vector of the memory's pool, held by the caller. */
  weights(): Float32Array {
    return this.copyOf(0);
  }

  /** A copy of the optimizer's state, by name. */
  state(): Record<string, Float32Array> {
    return Object.fromEntries(this.rule.optimizer.stateVectors.map((name, index) => [name, this.copyOf(STATE_AT + index)]));
  }

  private copyOf(index: number): Float32Array {
    const copy = this.copies.take(this.elements);
    for (const { offset, vectors } of this.slabs) copy.set(vectors[index]!, offset);
    return copy;
  }

  /** SHA-256 over weights and optimizer state: what `hashOfVectors` gives for copies of them. */
  hash(): string {
    const names = this.rule.optimizer.stateVectors;
    const indices = [0, ...names.toSorted().map((name) => STATE_AT + names.indexOf(name))];
    return sha256OfRuns(indices.map((index) => this.slabs.map(({ vectors }) => vectors[index]!)));
  }
}

/** The first gradient lands in the slab, where that is one; those that come beside it in ordinary memory. */
function gradientsIn(slabs: readonly Slab[], landingAt: number): GradientMemory {
  const [slab, ...others] = slabs;
  const landing = slab?.vectors[landingAt];
  return slab !== undefined && landing !== undefined && others.length === 0 ? gradientPool(slab.kernels, landing) : gradientPool();
}

function advance(segment: Segment, samples: number): void {
  segment.steps += 1;
  segment.samples += samples;
}

/** SHA-256 over weights and optimizer state: the same for a shard and for its copy in a cut. */
export function hashOfVectors(x: Float32Array, state: Readonly<Record<string, Float32Array>>): string {
  return sha256OfVectors(
    x,
    ...Object.keys(state)
      .toSorted()
      .map((name) => state[name] ?? new Float32Array()),
  );
}
