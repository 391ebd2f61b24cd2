/**
 * The weights of a shard and the optimizer's state for them: float32 vectors over the shard's elements, cut into
 * segments, each with its own step count and schedule position. THE place where an update changes weights: `apply`.
 */
import type { PlannedUpdate } from '../algorithms/policies/policy.ts';
import type { OptimizedRun, Optimizer } from '../algorithms/optimizers/optimizer.ts';
import type { Schedule } from '../algorithms/schedules/schedule.ts';
import { assert } from '../errors.ts';
import { sha256OfVectors } from '../tensor/hash.ts';
import type { Kernels } from '../tensor/kernels.ts';
import type { Range } from '../transport/messages.ts';
import type { OpenUpdate, SegmentState, ShardParts } from './events.ts';

interface Segment {
  readonly start: number;
  readonly length: number;
  /** First element within the shard's own vectors. */
  readonly offset: number;
  readonly run: OptimizedRun;
  steps: number;
  samples: number;
}

export interface UpdateRule {
  readonly kernels: Kernels;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  readonly learningRate: number;
  readonly clipByValue: number | undefined;
  readonly samplesPerEpoch: number;
}

export class ShardVectors {
  readonly elements: number;
  readonly x: Float32Array;
  readonly state: Readonly<Record<string, Float32Array>>;
  private readonly rule: UpdateRule;
  private readonly scratch: Float32Array;
  private segments: Segment[];

  constructor(ranges: readonly Range[], rule: UpdateRule, parts: ShardParts | undefined) {
    this.rule = rule;
    this.elements = ranges.reduce((sum, range) => sum + range.length, 0);
    this.x = new Float32Array(this.elements);
    this.scratch = new Float32Array(this.elements);
    this.state = Object.fromEntries(rule.optimizer.stateVectors.map((name) => [name, new Float32Array(this.elements)]));
    this.segments = this.place(parts?.pieces ?? ranges.map((range) => ({ ...range, steps: 0, samples: 0 })));
    if (parts) this.fill(parts);
  }

  private place(states: readonly SegmentState[]): Segment[] {
    let offset = 0;
    return states.map(({ start, length, steps, samples }) => {
      const view = (vector: Float32Array): Float32Array => vector.subarray(offset, offset + length);
      const run = { x: view(this.x), state: Object.fromEntries(Object.entries(this.state).map(([name, vector]) => [name, view(vector)])) };
      const segment = { start, length, offset, run, steps, samples };
      offset += length;
      return segment;
    });
  }

  private fill(parts: ShardParts): void {
    parts.pieces.forEach((piece, index) => {
      const segment = this.segments[index];
      assert(segment !== undefined && piece.x.length === segment.length, 'a restored piece is as long as its segment');
      segment.run.x.set(piece.x);
      for (const [name, vector] of Object.entries(segment.run.state)) {
        const saved = piece.state[name];
        assert(saved !== undefined, `the cut holds the optimizer's ${name}`);
        vector.set(saved);
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
      const sources = update.pushes.map((push) => push.gradient.subarray(from, from + segment.length));
      const g = this.scratch.subarray(0, segment.length);
      this.rule.kernels.combine(
        g,
        sources,
        update.pushes.map((push) => push.weight),
      );
      this.stepSegment(segment, g, update.pushes[0]?.kind ?? 'gradient', samples);
    }
  }

  initialize(values: Float32Array): void {
    this.x.set(values);
  }

  /** One planned update, one step of the optimizer. The gradients may be used up as scratch. */
  apply(update: PlannedUpdate): void {
    const first = update.pushes[0];
    assert(first !== undefined, 'an update holds at least one push');
    let g = first.gradient;
    if (update.pushes.length > 1 || update.weights[0] !== 1) {
      g = this.scratch;
      this.rule.kernels.combine(
        g,
        update.pushes.map((push) => push.gradient),
        update.weights,
      );
    }
    const samples = update.pushes.reduce((sum, push) => sum + push.samples, 0);
    for (const segment of this.segments) {
      this.stepSegment(segment, g.subarray(segment.offset, segment.offset + segment.length), first.kind, samples);
    }
  }

  private stepSegment(segment: Segment, g: Float32Array, kind: 'gradient' | 'delta', samples: number): void {
    const { kernels, optimizer, schedule, learningRate, clipByValue, samplesPerEpoch } = this.rule;
    if (clipByValue !== undefined) kernels.clipByValue(g, clipByValue);
    if (kind === 'delta') {
      kernels.add(segment.run.x, g, 1);
    } else {
      const factor = schedule.factor({ updates: segment.steps, samples: segment.samples, samplesPerEpoch });
      optimizer.step(kernels, segment.run, g, { rate: learningRate * factor, step: segment.steps + 1 });
    }
    segment.steps += 1;
    segment.samples += samples;
  }

  segmentStates(): SegmentState[] {
    return this.segments.map(({ start, length, steps, samples }) => ({ start, length, steps, samples }));
  }

  /** SHA-256 over weights and optimizer state. */
  hash(): string {
    return hashOfVectors(this.x, this.state);
  }
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
