/**
 * A worker's stream to one shard, as the session knows it: open or to be opened again after a wait, its number among this
 * worker's connections, and whether the shard has let the worker in.
 */
import { backoffMs, type RetryRule } from './backoff.ts';

export class ShardLink {
  private readonly retry: RetryRule;
  private isOpen = false;
  private connection = 0;
  /** Hellos of this stream without a reply: only the last one's says where this worker enters. */
  private hellos = 0;
  private failures = 0;
  private reopenAtMs = Infinity;
  /** The clock in the answer to an entering hello; undefined until then. */
  entry: number | undefined;
  idleAcknowledged = false;

  constructor(retry: RetryRule) {
    this.retry = retry;
  }

  get open(): boolean {
    return this.isOpen;
  }

  /** A new stream takes the older one's place; returns the connection number for its hello. */
  opened(): number {
    this.connection += 1;
    this.hellos = 1;
    this.isOpen = true;
    return this.connection;
  }

  dropped(nowMs: number): void {
    this.isOpen = false;
    this.failures += 1;
    this.reopenAtMs = nowMs + backoffMs(this.failures, this.retry);
  }

  /** It was dropped, and has waited long enough. */
  due(nowMs: number): boolean {
    return !this.isOpen && nowMs >= this.reopenAtMs;
  }

  /** Something came: the next wait is a short one again. */
  heard(): void {
    this.failures = 0;
  }

  /** Another hello on the stream that is open; returns its connection number. */
  saidHello(): number {
    this.connection += 1;
    this.hellos += 1;
    return this.connection;
  }

  /** Is this the reply to the stream's last hello? */
  helloAnswered(): boolean {
    this.hellos -= 1;
    return this.hellos <= 0;
  }
}
