/**
 * What happens to a shard, and what it wants done: events are values, effects come back in order, and the transition
 * between them is deterministic. The live server, the random schedules and the simulator exchange exactly these.
 */
import type { ConsistencyConfig } from '../algorithms/policies/registry.ts';
import type { PlannedPush } from '../algorithms/policies/policy.ts';
import type { OptimizerConfig } from '../algorithms/optimizers/registry.ts';
import type { ScheduleConfig } from '../algorithms/schedules/registry.ts';
import type { BatchOutcomes, Member, SequenceVector } from '../transport/members.ts';
import type { DownMessage, Outcome, PushHeader, Range, UpMessage } from '../transport/messages.ts';

/** A stream as the server numbers it. */
export type StreamId = number;

/** What a shard must know of its job; the coordinator sends it with `load`. */
export interface ShardConfig {
  readonly job: string;
  readonly consistency: ConsistencyConfig;
  readonly optimizer: OptimizerConfig;
  readonly learningRate: number;
  readonly schedule: ScheduleConfig;
  readonly clipByValue: number | undefined;
  readonly samplesPerEpoch: number;
  readonly stopEpochs?: number;
  readonly pullWaitMs: number;
  readonly markTimeoutMs: number;
}

/** A run of elements with its own step count and schedule position; those move with it. */
export interface SegmentState {
  readonly start: number;
  readonly length: number;
  readonly steps: number;
  readonly samples: number;
}

/** A push that a policy keeps, as a cut holds it. */
export interface OpenPush extends Omit<PlannedPush, 'gradient'> {
  readonly weight: number;
  readonly gradient: Float32Array;
}

export interface OpenUpdate {
  readonly round: number;
  readonly pushes: readonly OpenPush[];
}

/** Everything of a shard that a cut holds. A copy: nothing in it is written again. */
export interface ShardCopy {
  readonly history: number;
  readonly version: number;
  /** The greatest clock here: all members start at the greatest of all shards' after a restore. */
  readonly clock: number;
  readonly segments: readonly SegmentState[];
  readonly x: Float32Array;
  readonly state: Readonly<Record<string, Float32Array>>;
  readonly sequences: SequenceVector;
  readonly outcomes: BatchOutcomes;
  readonly open: readonly OpenUpdate[];
  /** The highest incarnation seen of each worker. */
  readonly incarnations: Readonly<Record<string, number>>;
  readonly epoch: number;
}

/** What a restored shard starts from, gathered from the files of a cut: pieces in ascending order that cover its ranges. */
export interface ShardParts {
  readonly clock: number;
  readonly version: number;
  readonly pieces: readonly (SegmentState & { readonly x: Float32Array; readonly state: Readonly<Record<string, Float32Array>> })[];
  readonly sequences: SequenceVector;
  readonly outcomes: BatchOutcomes;
  /** Open updates of one old shard, cut down to the elements that fall here. */
  readonly open: readonly { readonly range: Range; readonly update: OpenUpdate }[];
  readonly incarnations: Readonly<Record<string, number>>;
}

/** Orders come from the coordinator alone and are the only messages fenced by its epoch. */
export type Order =
  | { readonly type: 'members'; readonly number: number; readonly history: number; readonly members: readonly Member[] }
  | { readonly type: 'mark'; readonly id: number }
  | { readonly type: 'cut'; readonly id: number; readonly sequences: SequenceVector }
  | { readonly type: 'dropMark'; readonly id: number }
  | { readonly type: 'fence'; readonly history: number }
  | {
      readonly type: 'load';
      readonly history: number;
      readonly mapVersion: number;
      readonly ranges: readonly Range[];
      readonly config: ShardConfig;
      /** Absent: a new job, whose weights an `initial` push brings. */
      readonly parts: ShardParts | undefined;
    }
  | { readonly type: 'collect' }
  | { readonly type: 'forget'; readonly history: number; readonly batches: readonly (readonly [firstBatch: number, count: number])[] }
  | { readonly type: 'finish'; readonly history: number };

export type OrderReply =
  | { readonly type: 'members'; readonly dropped: readonly Member[] }
  | { readonly type: 'mark'; readonly sequences: SequenceVector }
  | { readonly type: 'cut'; readonly copy: ShardCopy; readonly heldMs: number }
  | { readonly type: 'fence'; readonly incarnations: Readonly<Record<string, number>>; readonly version: number }
  | { readonly type: 'collect'; readonly outcomes: BatchOutcomes; readonly sequences: SequenceVector }
  | { readonly type: 'done'; readonly version: number }
  /** An order of an older epoch, for another history, or for a cut that was dropped. Nothing changed. */
  | { readonly type: 'refused'; readonly epoch: number; readonly why: string }
  /** Nothing of the job is loaded here: the server has restarted. */
  | { readonly type: 'unloaded' };

export type ShardEvent =
  | { readonly type: 'message'; readonly stream: StreamId; readonly message: UpMessage }
  | { readonly type: 'streamClosed'; readonly stream: StreamId }
  | { readonly type: 'order'; readonly order: Order; readonly epoch: number; readonly replyTo: number }
  | { readonly type: 'tick' };

/** One row for each push that was judged: with the gradients, a shard's events can be rebuilt from these. */
export interface StalenessRecord {
  /** Number of the push among those decided here. */
  readonly arrival: number;
  readonly history: number;
  readonly worker: string;
  readonly incarnation: number;
  readonly sequence: number;
  readonly clock: number;
  readonly task: number;
  readonly firstBatch: number;
  readonly batchCount: number;
  readonly samples: number;
  readonly versionRead: number;
  /** The version that holds it, or -1. */
  readonly versionApplied: number;
  /** Updates between pull and apply, or -1 where it was not applied. */
  readonly versionLag: number;
  readonly clockLag: number;
  readonly versionSpread: number;
  /** Milliseconds between sending the pulled weights and applying, by this process's monotonic clock; -1 if unknown. */
  readonly ageMs: number;
  readonly outcome: Outcome;
  readonly weight: number;
  readonly round: number;
  readonly loss: number;
}

/** One row for each event that changes decisions. */
export interface ShardEventRecord {
  readonly event: 'enter' | 'idle' | 'leave' | 'mark' | 'cut' | 'load' | 'finish';
  readonly worker: string;
  readonly incarnation: number;
  readonly clock: number;
  readonly version: number;
}

export type Effect =
  | { readonly type: 'send'; readonly stream: StreamId; readonly message: DownMessage }
  /** The stream is superseded: end it and drop what it staged. */
  | { readonly type: 'closeStream'; readonly stream: StreamId }
  | { readonly type: 'orderReply'; readonly replyTo: number; readonly reply: OrderReply }
  | { readonly type: 'record'; readonly record: StalenessRecord }
  | { readonly type: 'eventRecord'; readonly record: ShardEventRecord };

/** A push staged whole and checked. */
export interface StagedPush {
  readonly stream: StreamId;
  readonly header: PushHeader;
  readonly gradient: Float32Array;
}
