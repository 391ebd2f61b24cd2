/**
 * The pulls that wait at a shard, in order of arrival. Whether one may be served is judged anew after every event; a pull
 * that is sent again takes a new place at the end.
 */
import type { PullVerdict } from '../algorithms/policies/policy.ts';
import type { StreamId } from './events.ts';

/** Pulls of one worker that may wait at once; it needs pipelining + 1. */
export const PULLS_WAITING_LIMIT = 4;

export interface WaitingPull {
  readonly worker: string;
  readonly clock: number;
  readonly stream: StreamId;
  readonly sinceMs: number;
  why: string;
}

export class PullQueue {
  private waiting: WaitingPull[] = [];

  all(): readonly WaitingPull[] {
    return this.waiting;
  }

  /** No room for a pull of this worker beside those for other clocks. */
  full(worker: string, clock: number): boolean {
    return this.waiting.filter((pull) => pull.worker === worker && pull.clock !== clock).length >= PULLS_WAITING_LIMIT;
  }

  add(pull: Omit<WaitingPull, 'why'>): void {
    this.waiting = this.waiting.filter((other) => other.worker !== pull.worker || other.clock !== pull.clock);
    this.waiting.push({ ...pull, why: '' });
  }

  /** Takes out the first that may be served; those before it learn why they may not. */
  takeServed(judge: (pull: WaitingPull) => PullVerdict): WaitingPull | undefined {
    const index = this.waiting.findIndex((pull) => {
      const verdict = judge(pull);
      if (!verdict.serve) pull.why = verdict.why;
      return verdict.serve;
    });
    return index < 0 ? undefined : this.waiting.splice(index, 1)[0];
  }

  takeOfStream(stream: StreamId): WaitingPull[] {
    return this.take((pull) => pull.stream === stream);
  }

  takeOfWorker(worker: string): WaitingPull[] {
    return this.take((pull) => pull.worker === worker);
  }

  takeOlderThan(nowMs: number, waitMs: number): WaitingPull[] {
    return this.take((pull) => nowMs - pull.sinceMs >= waitMs);
  }

  takeAll(): WaitingPull[] {
    return this.take(() => true);
  }

  private take(which: (pull: WaitingPull) => boolean): WaitingPull[] {
    const taken = this.waiting.filter((pull) => which(pull));
    this.waiting = this.waiting.filter((pull) => !which(pull));
    return taken;
  }
}
