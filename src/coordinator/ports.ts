/** What the leader of a job wants of the world, as values: orders to shards, its record in the store, files of a cut. */
import type { BatchOutcomes, Member, SequenceVector } from '../transport/members.ts';
import type { Range } from '../transport/messages.ts';
import type { SettledRun } from '../transport/requests.ts';
import type { Evaluation } from './evaluations.ts';
import type { Ticket } from './ticket.ts';

/** One shard's part of a checkpoint, as the manifest lists it. */
export interface CutFile {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

export type ShardOrder =
  | { readonly type: 'members'; readonly number: number; readonly history: number; readonly members: readonly Member[] }
  | { readonly type: 'mark'; readonly id: number }
  /** checkpoint: write the copy to a file of this cut. snapshot: keep it in memory for reads. */
  | { readonly type: 'cut'; readonly id: number; readonly sequences: SequenceVector; readonly purpose: 'checkpoint' | 'snapshot' }
  | { readonly type: 'dropMark'; readonly id: number }
  | { readonly type: 'fence'; readonly history: number }
  | {
      readonly type: 'load';
      readonly history: number;
      readonly mapVersion: number;
      readonly ranges: readonly Range[];
      readonly from: Manifest | undefined;
    }
  | { readonly type: 'collect' }
  | { readonly type: 'forget'; readonly history: number; readonly batches: readonly (readonly [firstBatch: number, count: number])[] }
  | { readonly type: 'finish'; readonly history: number };

export type ShardReply =
  | { readonly type: 'members'; readonly dropped: readonly Member[] }
  | { readonly type: 'mark'; readonly sequences: SequenceVector }
  | {
      readonly type: 'cut';
      readonly file: CutFile | undefined;
      readonly version: number;
      readonly clock: number;
      readonly heldMs: number;
      readonly sequences: SequenceVector;
      readonly outcomes: BatchOutcomes;
      readonly stateHash: string;
    }
  | { readonly type: 'fence'; readonly incarnations: Readonly<Record<string, number>>; readonly version: number }
  | { readonly type: 'collect'; readonly outcomes: BatchOutcomes; readonly sequences: SequenceVector }
  | { readonly type: 'done'; readonly version: number; readonly stateHash?: string }
  | { readonly type: 'refused'; readonly epoch: number; readonly why: string }
  | { readonly type: 'unloaded' }
  /** Not answered within its deadline. */
  | { readonly type: 'lost'; readonly why: string };

/** What makes a checkpoint exist: written last, whole or not at all. */
export interface Manifest {
  readonly format: 1;
  readonly id: number;
  readonly job: string;
  readonly history: number;
  readonly epoch: number;
  readonly mapVersion: number;
  readonly ranges: readonly (readonly Range[])[];
  readonly files: readonly CutFile[];
  readonly versions: readonly number[];
  /** SHA-256 of each shard's weights, optimizer state and step counts. */
  readonly stateHashes: readonly string[];
  /** M: what the cut holds of each life. */
  readonly sequences: SequenceVector;
  /** In M, decided by some shards only: `worker/incarnation#sequence`, carried over restores. */
  readonly torn: readonly string[];
  /** Where all members start after a restore. */
  readonly clock: number;
  readonly incarnations: Readonly<Record<string, number>>;
  /** The data cursor: batches settled when the cut was noted, and what the shards add to it. */
  readonly settled: readonly SettledRun[];
  readonly refusedAttempts: number;
  readonly heldMs: readonly number[];
  /** What a cut does not hold, said plainly. */
  readonly notHeld: readonly string[];
  readonly writtenAt: string;
}

/** The leader's record in the store: everything that a successor must know. */
export interface StoredJob {
  readonly history: number;
  readonly restoring: boolean;
  readonly state: JobState;
  readonly reason: string;
  readonly members: Readonly<Record<string, number>>;
  readonly incarnations: Readonly<Record<string, number>>;
  /** Batches below this may have been leased. */
  readonly reserved: number;
  readonly settled: readonly SettledRun[];
  /** Torn pushes that the restored manifest named: every later manifest names them too. */
  readonly torn: readonly string[];
  /** The job is ending before its data is. */
  readonly draining: { readonly reason: string; readonly state: 'succeeded' | 'stopped' } | undefined;
  readonly refusedAttempts: number;
  readonly redoneBatches: number;
  readonly redoneUpdates: number;
  readonly restores: number;
  readonly checkpoints: number;
  readonly mapVersion: number;
  readonly ranges: readonly (readonly Range[])[];
  readonly evaluatedUpdates: number;
  readonly evaluations: readonly Evaluation[];
  readonly elapsedMs: number;
  /** Of each shard, as last reported. */
  readonly versions: readonly number[];
}

/**
 * loading -> initializing -> running -> finishing -> succeeded | stopped | failed; running <-> restoring.
 */
export type JobState = 'loading' | 'initializing' | 'running' | 'restoring' | 'finishing' | 'succeeded' | 'stopped' | 'failed';

export interface LeaderPorts {
  order(shard: number, order: ShardOrder): Ticket<ShardReply>;
  /** Writes the leader's record; filled with false where a newer leader has taken over. */
  store(record: StoredJob): Ticket<boolean>;
  /** Writes the manifest atomically; filled with an error's text where it could not. */
  writeManifest(manifest: Manifest): Ticket<string | undefined>;
  /**
   * The newest whole checkpoint, or none. `passedOver`: what is wrong with newer ones; `problem`: there are checkpoints and
   * none of them is whole.
   */
  readManifest(): Ticket<{ readonly manifest?: Manifest; readonly passedOver?: string; readonly problem?: string }>;
  event(kind: string, message: string, facts: Readonly<Record<string, string | number>>): void;
  wallClock(): string;
}
