/** What a worker asks of the coordinator, as plain values; one request at a time, so that none overtakes another. */
import type { Identity } from './messages.ts';

export interface HeldTask {
  readonly task: number;
  readonly firstBatch: number;
  readonly count: number;
}

export type SettledKind = 'trained' | 'withheld' | 'partlyRefused' | 'torn' | 'refused';

export interface SettledRun {
  readonly firstBatch: number;
  readonly count: number;
  readonly kind: SettledKind;
}

export interface TaskGrant extends HeldTask {
  readonly kind: 'train' | 'initialize' | 'evaluate';
}

export type WorkerRequest =
  | { readonly type: 'register' }
  | { readonly type: 'report' }
  | { readonly type: 'lease' }
  | { readonly type: 'finish'; readonly task: number; readonly settled: readonly SettledRun[]; readonly refusedAttempts: number }
  | { readonly type: 'leave' };

export type WorkerAnswer =
  | {
      readonly type: 'registered';
      readonly identity: Identity;
      readonly mapVersion: number;
      /** One entry for each shard of the job. */
      readonly shards: readonly { readonly server: string; readonly address: string }[];
    }
  /** Nothing to work for yet (or no admission just now): ask again. */
  | { readonly type: 'wait'; readonly why: string }
  | { readonly type: 'ok'; readonly drain: boolean }
  | { readonly type: 'task'; readonly task: TaskGrant }
  | { readonly type: 'none' }
  /** The job is over: nothing to do ever again. */
  | { readonly type: 'finished' }
  /** This incarnation or history is over: register again. */
  | { readonly type: 'fenced'; readonly why: string };
