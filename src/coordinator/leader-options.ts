/** What the leader of a job is told at its start, and what is asked of it. */
import type { Identity, Range } from '../transport/messages.ts';
import type { HeldTask, WorkerRequest } from '../transport/requests.ts';
import type { BatchShape } from './settled.ts';

export interface LeaderOptions {
  readonly job: string;
  readonly epoch: number;
  readonly shape: BatchShape;
  /** Infinity where the job has no number of epochs. */
  readonly totalBatches: number;
  readonly taskBatches: number;
  /** Batches reserved in the store ahead of use. */
  readonly reserveBatches: number;
  readonly mapVersion: number;
  readonly ranges: readonly (readonly Range[])[];
  readonly leaseMs: number;
  /** A server that is gone for longer than this makes the job fail. */
  readonly serverReturnMs: number;
  readonly evaluateEveryUpdates: number | undefined;
  /** How long the end of a job waits for its last evaluation when nobody takes it. */
  readonly evaluationWaitMs: number;
  readonly checkpointEveryMs: number | undefined;
  readonly checkpointEveryUpdates: number | undefined;
  /** Fewer members than this get no tasks; more than `workersMax` are not admitted. */
  readonly workersMin: number;
  readonly workersMax: number;
  readonly stop: { readonly targetAccuracy?: number; readonly maxMs?: number; readonly maxUpdates?: number };
}

export interface WorkerCall {
  readonly worker: string;
  /** Read when it registers; from then on a member is what it registered as. */
  readonly evaluator: boolean;
  readonly identity: Identity | undefined;
  readonly held: readonly HeldTask[];
  readonly request: WorkerRequest;
}

export type SnapshotAnswer =
  | { readonly ok: true; readonly id: number; readonly versions: readonly number[] }
  | { readonly ok: false; readonly why: string };
