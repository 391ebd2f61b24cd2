/**
 * The rows that programs read, on stdout under --json and in a run's metrics.jsonl: flat, so that one call makes a table
 * of them (pandas: `read_json(path, lines=True)`), and with every key in every row; what has no value yet is null. Keys are
 * only ever added.
 *
 * - `status`: elapsedSeconds (of training), state, history, epochs, totalEpochs, updates, updatesPerSecond,
 *   samplesPerSecond, loss (training), versionLagMean, versionLagP99, versionLagMax (updates), clockSpread (iterations),
 *   workers (members now, without evaluators), secondsLeft, restores
 * - `evaluation`: elapsedSeconds, epochs, updates, loss, accuracy (0 to 1), samples
 * - `event`: number, at, kind, message, facts
 */
import type { EvaluationRow, JobEvent, JobStatus } from '../../coordinator/status.ts';

export interface StatusRow {
  readonly type: 'status';
  readonly elapsedSeconds: number;
  readonly state: string;
  readonly history: number;
  readonly epochs: number;
  readonly totalEpochs: number | null;
  readonly updates: number;
  readonly updatesPerSecond: number;
  readonly samplesPerSecond: number;
  readonly loss: number | null;
  readonly versionLagMean: number;
  readonly versionLagP99: number;
  readonly versionLagMax: number;
  readonly clockSpread: number;
  readonly workers: number;
  readonly secondsLeft: number | null;
  readonly restores: number;
}

export function statusRow(status: JobStatus): StatusRow {
  return {
    type: 'status',
    elapsedSeconds: status.elapsedSeconds,
    state: status.state,
    history: status.history,
    epochs: status.epochs,
    totalEpochs: status.totalEpochs ?? null,
    updates: status.updates,
    updatesPerSecond: status.updatesPerSecond,
    samplesPerSecond: status.samplesPerSecond,
    loss: status.loss ?? null,
    versionLagMean: status.lag.mean,
    versionLagP99: status.lag.p99,
    versionLagMax: status.lag.max,
    clockSpread: status.clockSpread,
    workers: status.workers.filter(({ evaluator }) => !evaluator).length,
    secondsLeft: status.secondsLeft ?? null,
    restores: status.accounting.restores,
  };
}

export interface EvaluationMetric {
  readonly type: 'evaluation';
  readonly elapsedSeconds: number;
  readonly epochs: number;
  readonly updates: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly samples: number;
}

export function evaluationRow({ atSeconds, epochs, updates, loss, accuracy, samples }: EvaluationRow): EvaluationMetric {
  return { type: 'evaluation', elapsedSeconds: atSeconds, epochs, updates, loss, accuracy, samples };
}

export interface EventRow extends JobEvent {
  readonly type: 'event';
}

export function eventRow({ number, at, kind, message, facts }: JobEvent): EventRow {
  return { type: 'event', number, at, kind, message, facts };
}
