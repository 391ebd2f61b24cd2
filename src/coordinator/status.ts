/** What a job's watchers see: one document, sent whole several times a second and once more at the end. */
import type { JobState } from './ports.ts';

export interface LagSummary {
  /** Pushes that it is made from. */
  readonly count: number;
  readonly mean: number;
  readonly p99: number;
  readonly max: number;
}

export interface WorkerStatus {
  readonly name: string;
  readonly incarnation: number;
  readonly evaluator: boolean;
  /** e.g. "tensorflow (cpu)". */
  readonly backend: string;
  /** Why that backend. */
  readonly why: string;
  readonly iterations: number;
  readonly samples: number;
  readonly samplesPerSecond: number;
  readonly clock: number;
  /** Shares of its time since it joined; they sum to 1 (or are all 0 before the first iteration). */
  readonly time: { readonly data: number; readonly compute: number; readonly exchange: number; readonly waiting: number };
  readonly lastHeardMs: number;
}

export interface ShardStatusRow {
  readonly server: string;
  readonly address: string;
  readonly version: number;
  readonly minClock: number;
  readonly maxClock: number;
  readonly pushes: number;
  readonly refused: number;
  readonly lag: LagSummary;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly lastHeardMs: number;
}

export interface EvaluationRow {
  /** Least version read. */
  readonly updates: number;
  readonly versions: readonly number[];
  readonly loss: number;
  readonly accuracy: number;
  readonly samples: number;
  /** Training time when it came in. */
  readonly atSeconds: number;
  /** Data epochs settled by then, as a fraction. */
  readonly epochs: number;
}

export interface JobEvent {
  readonly number: number;
  /** ISO 8601, for people. */
  readonly at: string;
  readonly kind: string;
  readonly message: string;
  readonly facts: Readonly<Record<string, string | number>>;
}

/** Every sample of every data epoch, by what became of it. */
export interface SampleAccounting {
  /** Undefined where the job has no number of epochs. */
  readonly planned: number | undefined;
  readonly trained: number;
  readonly withheld: number;
  readonly partlyRefused: number;
  readonly torn: number;
  readonly refused: number;
  readonly neverSeen: number | undefined;
  readonly settledBatches: number;
  readonly refusedAttempts: number;
  /** Batches that were settled, then lost with a restore, and done again. */
  readonly redoneBatches: number;
  readonly redoneUpdates: number;
  readonly restores: number;
}

export interface JobStatus {
  readonly job: string;
  readonly state: JobState;
  /** Why it ended, or is ending. */
  readonly reason: string;
  readonly epoch: number;
  readonly history: number;
  /** Least version over the shards. */
  readonly updates: number;
  readonly updatesPerSecond: number;
  readonly samplesPerSecond: number;
  /** Data epochs settled, as a fraction. */
  readonly epochs: number;
  readonly totalEpochs: number | undefined;
  readonly elapsedSeconds: number;
  readonly secondsLeft: number | undefined;
  /** Mean training loss of the batches reported last; undefined before the first. */
  readonly loss: number | undefined;
  readonly evaluations: readonly EvaluationRow[];
  readonly lag: LagSummary;
  /** Largest less smallest live clock, the widest over the shards. */
  readonly clockSpread: number;
  readonly workers: readonly WorkerStatus[];
  readonly shards: readonly ShardStatusRow[];
  readonly checkpoint: { readonly id: number; readonly updates: number; readonly heldMsMax: number } | undefined;
  readonly accounting: SampleAccounting;
  /** All so far, oldest dropped beyond a limit; a watcher shows those whose number it has not seen. */
  readonly events: readonly JobEvent[];
}
