/**
 * The messages between a worker and a shard as plain values: what the pure cores exchange, in the simulator and in the
 * live processes alike. `proto/tardigrad/v1/parameter_server.proto` gives their wire form.
 */

/** Whose push or pull it is: fenced by history (the job's restores) and incarnation (the worker's lives), never by epoch. */
export interface Identity {
  readonly job: string;
  readonly history: number;
  readonly worker: string;
  readonly incarnation: number;
}

/** A run of consecutive elements of the job's flat vector. */
export interface Range {
  readonly start: number;
  readonly length: number;
}

/** What can become of a push. All of them are final: the push is *decided*. */
export type Outcome = 'applied' | 'buffered' | 'stale' | 'withheld' | 'void';

/** `initial`: the weights that a job starts from. `void`: consumes its sequence and carries nothing. */
export type PushKind = 'gradient' | 'delta' | 'initial' | 'void';

export interface PushHeader {
  /** Starts at 1 in each incarnation; 0 only for `initial`, which is no iteration. */
  readonly sequence: number;
  readonly clock: number;
  /** The shard's version that the gradient was computed at. */
  readonly versionRead: number;
  /** Largest less smallest shard version within that pull: only the worker sees it. */
  readonly versionSpread: number;
  readonly kind: PushKind;
  readonly mapVersion: number;
  /** Which elements follow, in order: those of the shard. */
  readonly ranges: readonly Range[];
  readonly task: number;
  readonly firstBatch: number;
  readonly batchCount: number;
  readonly samples: number;
  /** Mean loss of the batch before the update. */
  readonly loss: number;
}

export interface Hello {
  readonly type: 'hello';
  readonly identity: Identity;
  /** Rises with each stream that the incarnation opens to this shard. */
  readonly connection: number;
  /** The worker enters (first time, or back from idleness): the reply says at which clock. */
  readonly enter: boolean;
}

export interface Pull {
  readonly type: 'pull';
  readonly clock: number;
}

export interface Push {
  readonly type: 'push';
  readonly header: PushHeader;
  /** The shard's elements end to end; empty for `void`. */
  readonly gradient: Float32Array;
  /** In a stand-alone push only: a stream has its hello. */
  readonly identity?: Identity;
}

export interface Idle {
  readonly type: 'idle';
}

export type UpMessage = Hello | Pull | Push | Idle;

export interface HelloReply {
  readonly type: 'hello';
  readonly clock: number;
  readonly version: number;
}

export interface Weights {
  readonly type: 'weights';
  readonly clock: number;
  readonly version: number;
  readonly minClock: number;
  readonly mapVersion: number;
  readonly ranges: readonly Range[];
  /** How long the policy held the pull: the rest of what the worker waited was exchange. */
  readonly heldMs: number;
  /** A copy, never written again. */
  readonly values: Float32Array;
}

export interface PushReply {
  readonly type: 'push';
  readonly sequence: number;
  /** Absent when the shard knows that the push was decided and no longer how. */
  readonly outcome: Outcome | undefined;
  readonly repeated: boolean;
  /** Updates between pull and apply; -1 where it is not known (buffered, void, forgotten). */
  readonly versionLag: number;
  readonly version: number;
  readonly minClock: number;
}

export interface IdleReply {
  readonly type: 'idle';
}

/** A pull still waits after its deadline: ask again. */
export interface StillWaiting {
  readonly type: 'waiting';
  readonly clock: number;
  readonly why: string;
}

/** `OUT_OF_RANGE`: a push ahead of one that is missing; it comes again behind that one. */
export type RefusalCode = 'INVALID_ARGUMENT' | 'FAILED_PRECONDITION' | 'UNAVAILABLE' | 'RESOURCE_EXHAUSTED' | 'OUT_OF_RANGE';

/** Nothing has changed by the message that this answers. */
export interface Refusal {
  readonly type: 'refusal';
  readonly about: 'hello' | 'pull' | 'push' | 'idle';
  readonly code: RefusalCode;
  readonly message: string;
  /** Of the refused push; 0 otherwise. */
  readonly sequence: number;
  /** Of the refused pull or push; 0 otherwise. */
  readonly clock: number;
}

/** Sent by the shard of its own accord; a worker ignores those that it does not know. */
export interface Notice {
  readonly type: 'notice';
  readonly notice: 'cancel' | 'mapChanged' | 'draining' | 'newerEpoch';
  /** The iteration, the map's version or the epoch that it speaks of. */
  readonly value: number;
}

export type DownMessage = HelloReply | Weights | PushReply | IdleReply | StillWaiting | Refusal | Notice;
