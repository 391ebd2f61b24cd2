/**
 * A worker's talk with the coordinator: one request at a time, a longer wait after each failure, and no heed to a leader
 * older than the highest epoch seen.
 */
import type { WorkerRequest } from '../transport/requests.ts';
import { backoffMs, type RetryRule } from './backoff.ts';

export class CoordinatorTalk {
  private readonly retry: RetryRule;
  private asking: WorkerRequest | undefined;
  private askAtMs = 0;
  private lastAskMs = 0;
  private failures = 0;
  private epoch = 0;

  constructor(retry: RetryRule) {
    this.retry = retry;
  }

  /** A request is under way. */
  get busy(): boolean {
    return this.asking !== undefined;
  }

  /** Has the wait after a failure passed? */
  due(nowMs: number): boolean {
    return nowMs >= this.askAtMs;
  }

  silentMs(nowMs: number): number {
    return nowMs - this.lastAskMs;
  }

  asked(request: WorkerRequest, nowMs: number): void {
    this.asking = request;
    this.lastAskMs = nowMs;
  }

  /** The request has ended, well or not. False: it was given up, and another has been asked since. */
  ended(request: WorkerRequest): boolean {
    if (this.asking !== request) return false;
    this.asking = undefined;
    return true;
  }

  /** Of an older leader that woke up late: what it says is no longer so. */
  outdated(epoch: number): boolean {
    return epoch < this.epoch;
  }

  /** A shard or a coordinator has shown a higher epoch: what was asked of the older leader is given up at once. */
  noteEpoch(epoch: number, nowMs: number): void {
    if (epoch <= this.epoch) return;
    const known = this.epoch > 0;
    this.epoch = epoch;
    if (!known) return;
    this.giveUp(nowMs);
    this.failures = 0;
  }

  /** The next request may go out at once. */
  giveUp(nowMs: number): void {
    this.asking = undefined;
    this.askAtMs = nowMs;
  }

  postpone(nowMs: number): void {
    this.failures += 1;
    this.askAtMs = nowMs + backoffMs(this.failures, this.retry);
  }

  succeeded(): void {
    this.failures = 0;
  }
}
