/**
 * The tasks that a worker holds: which of their batches are not begun, what became of the others, and what is finished and
 * not yet reported. A batch that every shard refused as stale is done again, so many times.
 */
import { assert } from '../errors.ts';
import type { HeldTask, SettledKind, SettledRun, TaskGrant, WorkerRequest } from '../transport/requests.ts';

type FinishRequest = Extract<WorkerRequest, { type: 'finish' }>;

export interface BatchRun {
  readonly firstBatch: number;
  readonly count: number;
}

export interface HeldWork extends TaskGrant {
  /** Batches not begun, as runs in order. */
  todo: { firstBatch: number; count: number }[];
  running: number;
  readonly settled: SettledRun[];
  readonly attempts: Map<number, number>;
  refusedAttempts: number;
}

export class TaskBook {
  private readonly batchAttempts: number;
  private readonly open = new Map<number, HeldWork>();
  private finished: { task: HeldWork; request: FinishRequest }[] = [];

  /** @param batchAttempts how often a batch is done at most while every shard refuses it */
  constructor(batchAttempts: number) {
    this.batchAttempts = batchAttempts;
  }

  held(): HeldTask[] {
    const held = [...this.open.values(), ...this.finished.map(({ task }) => task)];
    // Only what holds batches: a new leader would take the initial weights for batch 0.
    return held.filter(({ kind }) => kind === 'train').map(({ task, firstBatch, count }) => ({ task, firstBatch, count }));
  }

  has(task: number): boolean {
    return this.open.has(task);
  }

  hold(grant: TaskGrant): void {
    const { firstBatch, count } = grant;
    this.open.set(grant.task, {
      ...grant,
      todo: [{ firstBatch, count }],
      running: 0,
      settled: [],
      attempts: new Map(),
      refusedAttempts: 0,
    });
  }

  /** A task with something to begin. */
  ready(): HeldWork | undefined {
    for (const task of this.open.values()) if (task.todo.length > 0) return task;
    return undefined;
  }

  /** Begins the next batches of a task that is ready: at most so many. */
  begin(task: HeldWork, countMax: number): BatchRun {
    const run = task.todo[0];
    assert(run !== undefined, 'a task that is ready has batches to begin');
    const { firstBatch } = run;
    const count = Math.min(run.count, countMax);
    run.firstBatch += count;
    run.count -= count;
    if (run.count === 0) task.todo.shift();
    task.running += 1;
    return { firstBatch, count };
  }

  /** The task of the initial weights holds no batch: it is begun as a whole. */
  beginInitialize(task: HeldWork): void {
    task.todo = [];
    task.running += 1;
  }

  initialized(task: HeldWork): void {
    task.running -= 1;
    this.close(task);
  }

  /** @param kind what became of a run that was begun; `stale`: every shard refused it, so it may be done again */
  settle(task: HeldWork, { firstBatch, count }: BatchRun, kind: SettledKind | 'stale'): void {
    task.running -= 1;
    if (kind === 'stale') {
      const attempts = (task.attempts.get(firstBatch) ?? 1) + 1;
      task.refusedAttempts += 1;
      if (attempts <= this.batchAttempts) {
        task.attempts.set(firstBatch, attempts);
        task.todo.unshift({ firstBatch, count });
        return;
      }
    }
    task.settled.push({ firstBatch, count, kind: kind === 'stale' ? 'refused' : kind });
    if (task.todo.length === 0 && task.running === 0) this.close(task);
  }

  /** The next report of a finished task that the coordinator has not confirmed. */
  report(): FinishRequest | undefined {
    return this.finished[0]?.request;
  }

  confirmed(request: FinishRequest): void {
    this.finished = this.finished.filter((entry) => entry.request !== request);
  }

  clear(): void {
    this.open.clear();
    this.finished = [];
  }

  private close(task: HeldWork): void {
    this.open.delete(task.task);
    this.finished.push({
      task,
      request: { type: 'finish', task: task.task, settled: joinRuns(task.settled), refusedAttempts: task.refusedAttempts },
    });
  }
}

function joinRuns(runs: readonly SettledRun[]): SettledRun[] {
  const joined: SettledRun[] = [];
  for (const run of runs.toSorted((a, b) => a.firstBatch - b.firstBatch)) {
    const last = joined.at(-1);
    if (last && last.kind === run.kind && last.firstBatch + last.count === run.firstBatch) {
      joined[joined.length - 1] = { ...last, count: last.count + run.count };
    } else joined.push(run);
  }
  return joined;
}
