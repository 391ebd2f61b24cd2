/**
 * What is left of a run once it is over: one document, `summary.json`, from the last status and what the launcher alone
 * knows. Nothing in it needs another file to be understood, and every number is one that the coordinator counted; the one
 * thing computed here is the check that the samples add up.
 */
import type { Job } from '../../config/job.ts';
import type { EvaluationRow, JobStatus, LagSummary, SampleAccounting } from '../../coordinator/status.ts';
import type { WorkerLife } from './workers-seen.ts';

export interface SummaryExtra {
  readonly job: Job;
  readonly startedAt: Date;
  readonly endedAt: Date;
  /** From the command to the cluster's first status. */
  readonly launchSeconds: number;
  /** From the command to the first applied update. */
  readonly firstUpdateSeconds?: number | undefined;
  /** What ended the launcher's part: "finished", "stopped with Ctrl-C", an error's text. */
  readonly exitReason: string;
  readonly versions: { readonly node: string; readonly tardigrad: string };
  /** The backend's line from its choice; left out, those of the workers tell. */
  readonly backend?: string | undefined;
  /** The data set's line: which file, download or stand-in. */
  readonly dataset?: string | undefined;
  readonly folder: string;
  readonly model?: { readonly path: string; readonly sha256?: string | undefined } | undefined;
  /** From `WorkersSeen.all()`: also those that died or left. Left out, the last status' members. */
  readonly lives?: readonly WorkerLife[] | undefined;
}

export interface WorkerTotals {
  readonly name: string;
  readonly incarnation: number;
  readonly evaluator: boolean;
  readonly backend: string;
  readonly iterations: number;
  readonly samples: number;
  readonly time: { readonly data: number; readonly compute: number; readonly exchange: number; readonly waiting: number };
}

interface ShardTotals {
  readonly server: string;
  readonly version: number;
  readonly pushes: number;
  readonly refused: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly versionLag: LagSummary;
}

/** Samples by what became of them; null where the job has no number of epochs. */
export interface AccountedSamples extends Omit<SampleAccounting, 'planned' | 'neverSeen'> {
  readonly planned: number | null;
  readonly neverSeen: number | null;
  /**
   * Whether planned = trained + withheld + partlyRefused + torn + refused + neverSeen, to the sample. False means that the
   * books are wrong, not that the job stopped early. Null where nothing was planned.
   */
  readonly complete: boolean | null;
}

export interface RunSummary {
  readonly format: 1;
  readonly job: string;
  readonly state: JobStatus['state'];
  readonly reason: string;
  readonly exitReason: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly seconds: { readonly training: number; readonly total: number; readonly launch: number; readonly firstUpdate: number | null };
  readonly epochs: number;
  readonly totalEpochs: number | null;
  readonly updates: number;
  /** Means over the seconds in training. */
  readonly updatesPerSecond: number;
  readonly samplesPerSecond: number;
  /** Of the training batches reported last. */
  readonly loss: number | null;
  readonly test: {
    readonly final: EvaluationRow | null;
    readonly best: EvaluationRow | null;
    readonly evaluations: readonly EvaluationRow[];
  };
  readonly versionLag: LagSummary;
  readonly clockSpread: number;
  readonly policy: Job['consistency'];
  readonly history: number;
  readonly epoch: number;
  readonly samples: AccountedSamples;
  readonly checkpoint: { readonly id: number; readonly updates: number; readonly heldMsMax: number } | null;
  readonly workers: readonly WorkerTotals[];
  readonly shards: readonly ShardTotals[];
  readonly backend: string;
  readonly dataset: string;
  readonly versions: { readonly node: string; readonly tardigrad: string };
  readonly folder: string;
  readonly model: { readonly path: string; readonly sha256: string | null } | null;
}

export function summarize(status: JobStatus, extra: SummaryExtra): RunSummary {
  const samples = accountedSamples(status.accounting);
  const training = status.elapsedSeconds;
  return {
    format: 1,
    job: status.job,
    state: status.state,
    reason: status.reason,
    exitReason: extra.exitReason,
    startedAt: extra.startedAt.toISOString(),
    endedAt: extra.endedAt.toISOString(),
    seconds: {
      training,
      total: (extra.endedAt.getTime() - extra.startedAt.getTime()) / 1000,
      launch: extra.launchSeconds,
      firstUpdate: extra.firstUpdateSeconds ?? null,
    },
    epochs: status.epochs,
    totalEpochs: status.totalEpochs ?? null,
    updates: status.updates,
    updatesPerSecond: training > 0 ? status.updates / training : 0,
    samplesPerSecond: training > 0 ? samples.trained / training : 0,
    loss: status.loss ?? null,
    test: { final: status.evaluations.at(-1) ?? null, best: bestEvaluation(status.evaluations) ?? null, evaluations: status.evaluations },
    versionLag: status.lag,
    clockSpread: status.clockSpread,
    policy: extra.job.consistency,
    history: status.history,
    epoch: status.epoch,
    samples,
    checkpoint: status.checkpoint ?? null,
    workers: workerTotals(status, extra.lives),
    shards: status.shards.map(({ server, version, pushes, refused, bytesIn, bytesOut, lag }) => ({
      server,
      version,
      pushes,
      refused,
      bytesIn,
      bytesOut,
      versionLag: lag,
    })),
    backend: extra.backend ?? [...new Set(status.workers.map(({ backend }) => backend))].join(', '),
    dataset: extra.dataset ?? extra.job.dataset.name,
    versions: extra.versions,
    folder: extra.folder,
    model: extra.model === undefined ? null : { path: extra.model.path, sha256: extra.model.sha256 ?? null },
  };
}

/** The earliest of the best ones. */
export function bestEvaluation(evaluations: readonly EvaluationRow[]): EvaluationRow | undefined {
  return evaluations.reduce<EvaluationRow | undefined>(
    (best, row) => (best === undefined || row.accuracy > best.accuracy ? row : best),
    undefined,
  );
}

/** Books that add up, or do not: checked, never assumed. */
export function accountedSamples(accounting: SampleAccounting): AccountedSamples {
  const { planned, neverSeen, trained, withheld, partlyRefused, torn, refused } = accounting;
  const sum = trained + withheld + partlyRefused + torn + refused + (neverSeen ?? 0);
  const noneNegative = [trained, withheld, partlyRefused, torn, refused, neverSeen ?? 0].every((count) => count >= 0);
  return {
    ...accounting,
    planned: planned ?? null,
    neverSeen: neverSeen ?? null,
    complete: planned === undefined ? null : planned === sum && noneNegative,
  };
}

function workerTotals(status: JobStatus, lives: readonly WorkerLife[] | undefined): WorkerTotals[] {
  const workers = lives === undefined ? status.workers : lives.map(({ worker }) => worker);
  return workers.map(({ name, incarnation, evaluator, backend, iterations, samples, time }) => ({
    name,
    incarnation,
    evaluator,
    backend,
    iterations,
    samples,
    time,
  }));
}
