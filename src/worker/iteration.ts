/**
 * One iteration of a worker: weights pulled from every shard, one gradient, one push to every shard, and what each shard
 * made of its part. The initial weights travel as an iteration too, one that pulls nothing.
 */
import { assert } from '../errors.ts';
import type { Outcome, PushKind } from '../transport/messages.ts';
import type { SettledKind } from '../transport/requests.ts';
import type { PushOrder } from './session-ports.ts';
import type { BatchRun, HeldWork } from './task-book.ts';

/** `forgotten`: a repeat of a push so old that the shard knows only that it was decided. */
export type PartOutcome = Outcome | 'forgotten';

export interface IterationStart {
  readonly kind: 'train' | 'initialize';
  readonly slot: number;
  readonly clock: number;
  readonly task: HeldWork;
  readonly run: BatchRun;
  readonly shards: number;
}

export class Iteration {
  readonly kind: 'train' | 'initialize';
  readonly slot: number;
  readonly clock: number;
  readonly task: HeldWork;
  readonly run: BatchRun;
  /** By shard: what was pulled. */
  readonly versions: (number | undefined)[];
  /** Shards that have been asked for weights: those below this. */
  asked: number;
  computing: boolean;
  /** Assigned when the gradient is done. */
  sequence: number | undefined;
  pushKind: PushKind;
  readonly outcomes: (PartOutcome | undefined)[];
  /** How often a shard called its part malformed: right once more, then void. */
  readonly repairs: number[];

  constructor({ kind, slot, clock, task, run, shards }: IterationStart) {
    const trains = kind === 'train';
    this.kind = kind;
    this.slot = slot;
    this.clock = clock;
    this.task = task;
    this.run = run;
    this.versions = Array.from({ length: shards }, () => (trains ? undefined : 0));
    this.asked = trains ? 0 : shards;
    this.computing = !trains;
    this.sequence = undefined;
    this.pushKind = trains ? 'gradient' : 'initial';
    this.outcomes = Array.from({ length: shards }, () => undefined);
    this.repairs = Array.from({ length: shards }, () => 0);
  }

  /** Its weights have not all come, or its gradient is not begun. */
  get pulling(): boolean {
    return this.kind === 'train' && !this.computing && this.sequence === undefined;
  }

  get weightsComplete(): boolean {
    return this.versions.every((version) => version !== undefined);
  }

  get answered(): boolean {
    return this.outcomes.every((outcome) => outcome !== undefined);
  }

  wantsWeights(shard: number): boolean {
    return this.pulling && this.versions[shard] === undefined;
  }

  /** It has a push for this shard, sent or not, without an answer. */
  owes(shard: number): boolean {
    return this.sequence !== undefined && this.outcomes[shard] === undefined;
  }

  pushOrder(shard: number): PushOrder {
    assert(this.sequence !== undefined, 'a push has its sequence');
    const versions = this.versions.map((version) => version ?? 0);
    return {
      slot: this.slot,
      sequence: this.sequence,
      clock: this.clock,
      // Initial weights are never given up: a shard without them would serve nobody.
      kind: this.kind === 'train' && (this.repairs[shard] ?? 0) > 1 ? 'void' : this.pushKind,
      versionRead: versions[shard] ?? 0,
      versionSpread: versions.length === 0 ? 0 : Math.max(...versions) - Math.min(...versions),
      task: this.task.task,
      firstBatch: this.run.firstBatch,
      batchCount: this.run.count,
    };
  }
}

/** What became of a batch over all shards; `stale`: every shard refused it, so it may be done again. */
export function settledKind(outcomes: readonly (PartOutcome | undefined)[]): SettledKind | 'stale' {
  const all = (...kinds: PartOutcome[]): boolean => outcomes.every((outcome) => outcome !== undefined && kinds.includes(outcome));
  if (all('applied', 'buffered', 'forgotten')) return 'trained';
  if (all('stale')) return 'stale';
  if (all('withheld')) return 'withheld';
  if (all('void')) return 'refused';
  return outcomes.includes('void') ? 'torn' : 'partlyRefused';
}
