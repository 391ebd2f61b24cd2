/**
 * Every life of every worker that a watcher has seen. A status lists those that are members now, and a worker leaves when
 * it dies and also when its work is done; totals and the display need those that are gone as well.
 */
import type { JobStatus, WorkerStatus } from '../../coordinator/status.ts';

export interface WorkerLife {
  /** As last seen. */
  readonly worker: WorkerStatus;
  /** Still a member in the newest status. */
  readonly present: boolean;
}

/** Where workers die and come back without end, the earliest lives are forgotten. */
const LIVES_MAX = 10_000;

export class WorkersSeen {
  private readonly lives = new Map<string, WorkerStatus>();
  private presentKeys: ReadonlySet<string> = new Set();

  add({ workers }: JobStatus): void {
    for (const worker of workers) this.lives.set(lifeKey(worker), worker);
    this.presentKeys = new Set(workers.map(lifeKey));
    for (const key of this.lives.keys()) {
      if (this.lives.size <= LIVES_MAX) break;
      if (!this.presentKeys.has(key)) this.lives.delete(key);
    }
  }

  /** All lives, in the order of name and incarnation; evaluators last. */
  all(): WorkerLife[] {
    return [...this.lives.entries()]
      .map(([key, worker]) => ({ worker, present: this.presentKeys.has(key) }))
      .sort((a, b) => compareLives(a.worker, b.worker));
  }

  /** The newest life of each name. */
  newest(): WorkerLife[] {
    const byName = new Map(this.all().map((life) => [life.worker.name, life]));
    return [...byName.values()];
  }
}

function lifeKey({ name, incarnation }: WorkerStatus): string {
  return `${name}/${incarnation}`;
}

const NAMES = new Intl.Collator('en', { numeric: true });

function compareLives(a: WorkerStatus, b: WorkerStatus): number {
  return Number(a.evaluator) - Number(b.evaluator) || NAMES.compare(a.name, b.name) || a.incarnation - b.incarnation;
}
