import { parseJob, type Job } from '../../../src/config/job.ts';
import type { EvaluationRow, JobEvent, JobStatus, ShardStatusRow, WorkerStatus } from '../../../src/coordinator/status.ts';

/** Statuses of a job that goes well: 3 epochs of 900 updates at 75 a second, an evaluation every 500 updates. */
const UPDATES_PER_SECOND = 75;
const UPDATES_PER_EPOCH = 900;
const SAMPLES_PER_EPOCH = 57_600;
export const SECONDS_IN_ALL = 36;

export const job: Job = parseJob(
  `name: mnist-cnn
model: { name: cnn }
dataset: { name: mnist }
shards: 2
workers: 2
optimizer: { name: sgd, learningRate: 0.1 }
stop: { epochs: 3 }`,
  'test',
);

export function statusAt(seconds: number, changes: Partial<JobStatus> = {}): JobStatus {
  const elapsedSeconds = Math.min(SECONDS_IN_ALL, seconds);
  const updates = Math.floor(elapsedSeconds * UPDATES_PER_SECOND);
  const epochs = updates / UPDATES_PER_EPOCH;
  const trained = Math.round(epochs * SAMPLES_PER_EPOCH);
  return {
    job: 'mnist-cnn',
    state: seconds >= SECONDS_IN_ALL ? 'succeeded' : 'running',
    reason: seconds >= SECONDS_IN_ALL ? 'all 3 epochs are done' : '',
    epoch: 1,
    history: 1,
    updates,
    updatesPerSecond: UPDATES_PER_SECOND,
    samplesPerSecond: 4800,
    epochs,
    totalEpochs: 3,
    elapsedSeconds,
    secondsLeft: SECONDS_IN_ALL - elapsedSeconds,
    loss: updates === 0 ? undefined : 90 / (updates + 45),
    evaluations: evaluationsUntil(updates),
    lag: { count: updates, mean: 1.02, p99: 3, max: 4 },
    clockSpread: 2,
    workers: [worker('worker-0'), worker('worker-1'), worker('evaluator', { evaluator: true })],
    shards: [shard('ps-0', updates), shard('ps-1', updates)],
    checkpoint: { id: 1, updates: Math.floor(updates / 2), heldMsMax: 4.1 },
    accounting: {
      planned: 3 * SAMPLES_PER_EPOCH,
      trained,
      withheld: 0,
      partlyRefused: 0,
      torn: 0,
      refused: 0,
      neverSeen: 3 * SAMPLES_PER_EPOCH - trained,
      settledBatches: updates,
      refusedAttempts: 0,
      redoneBatches: 0,
      redoneUpdates: 0,
      restores: 0,
    },
    events: [
      event(1, 'joined', 'worker-0 joined'),
      event(2, 'joined', 'worker-1 joined'),
      event(3, 'checkpoint', 'checkpoint 1 at versions 450, 450'),
    ],
    ...changes,
  };
}

function evaluationsUntil(updates: number): EvaluationRow[] {
  const count = Math.floor(updates / 500);
  return Array.from({ length: count }, (_, index) => evaluation((index + 1) * 500, 0.99 - 0.03 / (index + 1)));
}

export function evaluation(updates: number, accuracy: number): EvaluationRow {
  return {
    updates,
    versions: [updates, updates],
    loss: 0.08,
    accuracy,
    samples: 10_000,
    atSeconds: updates / UPDATES_PER_SECOND,
    epochs: updates / UPDATES_PER_EPOCH,
  };
}

export function worker(name: string, changes: Partial<WorkerStatus> = {}): WorkerStatus {
  return {
    name,
    incarnation: 1,
    evaluator: false,
    backend: 'tensorflow (cpu)',
    why: 'native TensorFlow on the CPU',
    iterations: 300,
    samples: 19_200,
    samplesPerSecond: 2400,
    clock: 300,
    time: { data: 0.02, compute: 0.7, exchange: 0.1, waiting: 0.18 },
    lastHeardMs: 200,
    ...changes,
  };
}

export function shard(server: string, version: number, changes: Partial<ShardStatusRow> = {}): ShardStatusRow {
  return {
    server,
    address: '127.0.0.1:40000',
    version,
    minClock: 0,
    maxClock: 2,
    pushes: version,
    refused: 0,
    lag: { count: version, mean: 1.02, p99: 3, max: 4 },
    bytesIn: version * 400_000,
    bytesOut: version * 420_000,
    lastHeardMs: 100,
    ...changes,
  };
}

export function event(number: number, kind: string, message: string, facts: JobEvent['facts'] = {}): JobEvent {
  return { number, at: new Date(Date.UTC(2026, 0, 31, 14, 5, number)).toISOString(), kind, message, facts };
}

/** A stream that keeps what was written to it. */
export class Capture {
  readonly isTTY: boolean;
  readonly columns: number | undefined;
  readonly rows: number | undefined;
  text = '';

  constructor({ isTTY = false, columns, rows }: { isTTY?: boolean; columns?: number; rows?: number } = {}) {
    this.isTTY = isTTY;
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): boolean {
    this.text += text;
    return true;
  }

  lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }
}
