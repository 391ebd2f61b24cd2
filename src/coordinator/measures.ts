/** What a job's workers and servers report, made into the figures that people watch. */
import type { ShardReport__Output } from '../transport/generated/tardigrad/v1/ShardReport.ts';
import type { WorkerReport__Output } from '../transport/generated/tardigrad/v1/WorkerReport.ts';
import type { LagSummary, WorkerStatus } from './status.ts';

/** Rates are over the last so many milliseconds. */
const WINDOW_MS = 5_000;
/** Losses of reports in the last so many milliseconds make the loss shown. */
const LOSS_WINDOW_MS = 2_000;

interface WorkerMeasures {
  incarnation: number;
  evaluator: boolean;
  backend: string;
  why: string;
  report: WorkerReport__Output | undefined;
  rate: RateWindow;
}

/** Units a second over a sliding window. */
class RateWindow {
  private points: { atMs: number; total: number }[] = [];

  add(atMs: number, total: number): void {
    this.points.push({ atMs, total });
    while (this.points.length > 2 && (this.points[1]?.atMs ?? atMs) < atMs - WINDOW_MS) this.points.shift();
  }

  perSecond(): number {
    const first = this.points[0];
    const last = this.points.at(-1);
    if (!first || !last || last.atMs <= first.atMs) return 0;
    return Math.max(0, ((last.total - first.total) / (last.atMs - first.atMs)) * 1000);
  }

  clear(): void {
    this.points = [];
  }
}

export class JobMeasures {
  private readonly workers = new Map<string, WorkerMeasures>();
  private readonly updateRate = new RateWindow();
  private readonly sampleRate = new RateWindow();
  private losses: { atMs: number; sum: number; count: number }[] = [];
  private lastLoss: number | undefined;
  /** Samples of lives that are over. */
  private earlierSamples = 0;
  /** Pushes by version lag, by shard. A map: shards report in any order, and some not yet. */
  private readonly lags = new Map<number, readonly number[]>();

  joined(worker: string, of: { incarnation: number; evaluator: boolean; backend: string; why: string }): void {
    const before = this.workers.get(worker);
    this.earlierSamples += before?.report?.samples ?? 0;
    this.workers.set(worker, { ...of, report: undefined, rate: new RateWindow() });
  }

  reported(worker: string, incarnation: number, report: WorkerReport__Output, nowMs: number): void {
    const measures = this.workers.get(worker);
    if (!measures || measures.incarnation !== incarnation) return;
    measures.report = report;
    measures.rate.add(nowMs, report.samples);
    if (report.lossCount > 0) this.losses.push({ atMs: nowMs, sum: report.lossSum, count: report.lossCount });
    this.losses = this.losses.filter(({ atMs }) => nowMs - atMs <= LOSS_WINDOW_MS);
    const count = this.losses.reduce((total, loss) => total + loss.count, 0);
    if (count > 0) this.lastLoss = this.losses.reduce((total, loss) => total + loss.sum, 0) / count;
  }

  shardReported(shard: number, report: ShardReport__Output): void {
    this.lags.set(shard, report.lagCounts);
  }

  sample(updates: number, nowMs: number): void {
    this.updateRate.add(nowMs, updates);
    let samples = this.earlierSamples;
    for (const { report } of this.workers.values()) samples += report?.samples ?? 0;
    this.sampleRate.add(nowMs, samples);
  }

  /** After a restore, versions fall: rates start anew. */
  restarted(): void {
    this.updateRate.clear();
  }

  get loss(): number | undefined {
    return this.lastLoss;
  }

  get updatesPerSecond(): number {
    return this.updateRate.perSecond();
  }

  get samplesPerSecond(): number {
    return this.sampleRate.perSecond();
  }

  lag(): LagSummary {
    return summarize([...this.lags.values()]);
  }

  shardLag(shard: number): LagSummary {
    return summarize([this.lags.get(shard) ?? []]);
  }

  workerStatus(name: string, lastHeardMs: number): WorkerStatus | undefined {
    const measures = this.workers.get(name);
    if (!measures) return undefined;
    const { incarnation, evaluator, backend, why, report, rate } = measures;
    const parts = {
      data: report?.dataMs ?? 0,
      compute: report?.computeMs ?? 0,
      exchange: report?.exchangeMs ?? 0,
      waiting: report?.waitingMs ?? 0,
    };
    const total = parts.data + parts.compute + parts.exchange + parts.waiting;
    const share = (part: number): number => (total > 0 ? part / total : 0);
    return {
      name,
      incarnation,
      evaluator,
      backend,
      why,
      iterations: report?.iterations ?? 0,
      samples: report?.samples ?? 0,
      samplesPerSecond: rate.perSecond(),
      clock: report?.clock ?? 0,
      time: { data: share(parts.data), compute: share(parts.compute), exchange: share(parts.exchange), waiting: share(parts.waiting) },
      lastHeardMs,
    };
  }
}

function summarize(shards: readonly (readonly number[])[]): LagSummary {
  const counts: number[] = [];
  for (const shard of shards) {
    shard.forEach((count, lag) => {
      counts[lag] = (counts[lag] ?? 0) + count;
    });
  }
  let count = 0;
  let sum = 0;
  let max = 0;
  for (const [lag, pushes] of counts.entries()) {
    count += pushes ?? 0;
    sum += lag * (pushes ?? 0);
    if ((pushes ?? 0) > 0) max = lag;
  }
  let below = 0;
  let p99 = 0;
  for (const [lag, pushes] of counts.entries()) {
    below += pushes ?? 0;
    if (below >= 0.99 * count) {
      p99 = lag;
      break;
    }
  }
  return { count, mean: count > 0 ? sum / count : 0, p99, max };
}
