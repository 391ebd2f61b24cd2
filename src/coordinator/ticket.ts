/**
 * Something asked of the outside (a shard, the store) whose answer comes later. An operation of the leader is a generator
 * that yields conditions; the leader steps it when its condition holds. So the whole control plane is synchronous,
 * deterministic and free of I/O: live, the network fills tickets in; in the random schedules, a seed does.
 */
export class Ticket<T> {
  private value: T | undefined;
  private filled = false;

  get done(): boolean {
    return this.filled;
  }

  fill(value: T): void {
    if (this.filled) return;
    this.filled = true;
    this.value = value;
  }

  get(): T {
    if (!this.filled) throw new Error('assertion failed: a ticket is read after it is filled');
    return this.value as T;
  }
}

/** Yields until-conditions. */
export type Operation<R = void> = Generator<() => boolean, R, void>;

export function* all<T>(tickets: readonly Ticket<T>[]): Operation<T[]> {
  yield () => tickets.every((ticket) => ticket.done);
  return tickets.map((ticket) => ticket.get());
}
