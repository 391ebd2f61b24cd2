/**
 * Hands out the data: tasks are runs of the seeded permutation's batches, leased to one worker each until its membership
 * ends. Ranges are reserved in the store before they are leased, so that a successor knows what may be under way.
 * THE place that guarantees: no batch is leased twice, and none that is settled.
 */
import type { HeldTask, TaskGrant } from '../transport/requests.ts';
import type { SettledLedger } from './settled.ts';

export interface TaskOptions {
  readonly batchesPerEpoch: number;
  /** Infinity where the job has no number of epochs. */
  readonly totalBatches: number;
  readonly taskBatches: number;
}

interface Lease extends HeldTask {
  readonly worker: string;
  readonly incarnation: number;
}

export interface BatchRun {
  readonly firstBatch: number;
  readonly count: number;
}

export class DataTasks {
  private readonly options: TaskOptions;
  private readonly settled: SettledLedger;
  private readonly leases = new Map<number, Lease>();
  /** Reserved, not leased, not settled; in ascending order. */
  private pool: BatchRun[] = [];
  private nextTask: number;

  /** @param firstTask greater than any task number of an earlier leader. */
  constructor(options: TaskOptions, settled: SettledLedger, firstTask: number) {
    this.options = options;
    this.settled = settled;
    this.nextTask = firstTask;
  }

  get leased(): number {
    return this.leases.size;
  }

  pooledBatches(): number {
    return this.pool.reduce((sum, run) => sum + run.count, 0);
  }

  /** Puts what is not settled of a range into the pool. */
  give(firstBatch: number, count: number): void {
    for (let batch = firstBatch; batch < firstBatch + count; batch += 1) {
      if (this.settled.has(batch)) continue;
      const last = this.pool.at(-1);
      const sameEpoch = batch % this.options.batchesPerEpoch !== 0;
      if (last && sameEpoch && last.firstBatch + last.count === batch) this.pool[this.pool.length - 1] = { ...last, count: last.count + 1 };
      else this.pool.push({ firstBatch: batch, count: 1 });
    }
    this.pool.sort((a, b) => a.firstBatch - b.firstBatch);
  }

  /** A task leased to this life that it does not name: the reply was lost, it gets the same one again. */
  unnamed(worker: string, incarnation: number, held: readonly HeldTask[]): TaskGrant | undefined {
    for (const lease of this.leases.values()) {
      if (lease.worker !== worker || lease.incarnation !== incarnation) continue;
      if (!held.some(({ task }) => task === lease.task)) return grant(lease);
    }
    return undefined;
  }

  lease(worker: string, incarnation: number): TaskGrant | undefined {
    const run = this.pool[0];
    if (!run) return undefined;
    const count = Math.min(run.count, this.options.taskBatches);
    if (count === run.count) this.pool.shift();
    else this.pool[0] = { firstBatch: run.firstBatch + count, count: run.count - count };
    const lease: Lease = { task: this.nextTask, firstBatch: run.firstBatch, count, worker, incarnation };
    this.nextTask += 1;
    this.leases.set(lease.task, lease);
    return grant(lease);
  }

  /** What a worker says that it holds, to a leader that does not know. */
  adopt(worker: string, incarnation: number, held: readonly HeldTask[]): void {
    for (const task of held) {
      this.leases.set(task.task, { ...task, worker, incarnation });
      this.take(task);
    }
  }

  private take({ firstBatch, count }: BatchRun): void {
    const rest = this.pool;
    this.pool = [];
    for (const run of rest) {
      const end = run.firstBatch + run.count;
      if (end <= firstBatch || run.firstBatch >= firstBatch + count) {
        this.pool.push(run);
        continue;
      }
      if (run.firstBatch < firstBatch) this.pool.push({ firstBatch: run.firstBatch, count: firstBatch - run.firstBatch });
      if (end > firstBatch + count) this.pool.push({ firstBatch: firstBatch + count, count: end - firstBatch - count });
    }
  }

  finish(task: number): BatchRun | undefined {
    const lease = this.leases.get(task);
    this.leases.delete(task);
    return lease;
  }

  leasesOf(worker: string, incarnation: number): BatchRun[] {
    return [...this.leases.values()].filter((lease) => lease.worker === worker && lease.incarnation === incarnation);
  }

  /** A life is over: its leases end; the caller settles or gives back their batches. */
  endLeases(worker: string, incarnation: number): BatchRun[] {
    const ended = this.leasesOf(worker, incarnation) as Lease[];
    for (const lease of ended) this.leases.delete(lease.task);
    return ended;
  }

  isLeased(batch: number): boolean {
    for (const lease of this.leases.values()) if (batch >= lease.firstBatch && batch < lease.firstBatch + lease.count) return true;
    return false;
  }

  isPooled(batch: number): boolean {
    return this.pool.some((run) => batch >= run.firstBatch && batch < run.firstBatch + run.count);
  }
}

function grant({ task, firstBatch, count }: HeldTask): TaskGrant {
  return { task, firstBatch, count, kind: 'train' };
}
