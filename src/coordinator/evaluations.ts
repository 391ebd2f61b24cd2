/**
 * When a job is evaluated, by whom, and with which results. One evaluation is wanted at a time: when the update count
 * passes a multiple of `everyUpdates`, multiples missed meanwhile are skipped, not caught up on.
 */
import type { TaskGrant } from '../transport/requests.ts';

export interface Evaluation {
  /** Least version read. */
  readonly updates: number;
  readonly versions: readonly number[];
  readonly loss: number;
  readonly accuracy: number;
  readonly samples: number;
  /** Training time when it came in. */
  readonly atMs: number;
  readonly epochs: number;
}

export type EvaluationResult = Pick<Evaluation, 'versions' | 'loss' | 'accuracy' | 'samples'>;

/** Kept and stored; the oldest go first. */
const RESULTS_KEPT = 1_000;

interface Wanted {
  readonly task: number;
  readonly updates: number;
  leasedTo: string | undefined;
}

export class Evaluations {
  private readonly everyUpdates: number | undefined;
  private readonly firstTask: number;
  private wanted: Wanted | undefined;
  private askedAtUpdates: number;
  private readonly results: Evaluation[];

  /** @param firstTask numbers from here on are this leader's, for evaluations. */
  constructor(everyUpdates: number | undefined, firstTask: number, askedAtUpdates: number, results: readonly Evaluation[]) {
    this.everyUpdates = everyUpdates;
    this.firstTask = firstTask;
    this.askedAtUpdates = askedAtUpdates;
    this.results = [...results];
  }

  get done(): readonly Evaluation[] {
    return this.results;
  }

  /** The update count that was last asked about; stored, so that a successor does not ask again. */
  get lastAsked(): number {
    return this.askedAtUpdates;
  }

  get pending(): boolean {
    return this.wanted !== undefined;
  }

  get scheduled(): boolean {
    return this.everyUpdates !== undefined;
  }

  askIfDue(updates: number): void {
    const { everyUpdates } = this;
    if (everyUpdates === undefined || this.wanted) return;
    if (Math.floor(updates / everyUpdates) > Math.floor(this.askedAtUpdates / everyUpdates)) this.ask(updates);
  }

  ask(updates: number): void {
    this.askedAtUpdates = updates;
    this.wanted = { task: this.firstTask + updates, updates, leasedTo: undefined };
  }

  /** Nobody took it. */
  giveUp(): void {
    this.wanted = undefined;
  }

  lease(worker: string): TaskGrant | undefined {
    const { wanted } = this;
    if (!wanted || (wanted.leasedTo !== undefined && wanted.leasedTo !== worker)) return undefined;
    wanted.leasedTo = worker;
    return { task: wanted.task, kind: 'evaluate', firstBatch: wanted.updates, count: 0 };
  }

  /** An evaluator is gone: another may take what it held. */
  release(worker: string): void {
    if (this.wanted?.leasedTo === worker) this.wanted.leasedTo = undefined;
  }

  /** Versions have fallen back: multiples are passed again. */
  restored(updates: number): void {
    this.askedAtUpdates = Math.min(this.askedAtUpdates, updates);
    if (this.wanted) this.wanted.leasedTo = undefined;
  }

  /** Undefined where nobody waits for this result any more. */
  report(task: number, result: EvaluationResult, at: { readonly atMs: number; readonly epochs: number }): Evaluation | undefined {
    if (this.wanted?.task !== task) return undefined;
    this.wanted = undefined;
    const evaluation = { ...result, ...at, updates: Math.min(...result.versions) };
    this.results.push(evaluation);
    if (this.results.length > RESULTS_KEPT) this.results.shift();
    return evaluation;
  }
}
