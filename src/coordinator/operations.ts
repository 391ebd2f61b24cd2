/** The operations of a leader that are under way: generators that are stepped when what they wait for has come about. */
import type { Operation } from './ticket.ts';

interface Running {
  readonly generator: Operation;
  readonly name: string;
  /** Called when it is ended half-way. */
  readonly cancelled: (() => void) | undefined;
  ready: () => boolean;
}

export class Operations {
  private running: Running[] = [];

  spawn(name: string, generator: Operation, cancelled?: () => void): void {
    this.running.push({ name, generator, cancelled, ready: () => true });
  }

  /** Steps one that is ready; false where none is. */
  stepOne(): boolean {
    const next = this.running.find((operation) => operation.ready());
    if (!next) return false;
    const result = next.generator.next();
    if (result.done) this.running = this.running.filter((other) => other !== next);
    else next.ready = result.value;
    return true;
  }

  has(...names: readonly string[]): boolean {
    return this.running.some(({ name }) => names.includes(name));
  }

  /** Somebody is being admitted or evicted. */
  get movingMembers(): boolean {
    return this.running.some(({ name }) => name.startsWith('evict') || name === 'register');
  }

  names(): string[] {
    return this.running.map(({ name }) => name);
  }

  /** Ends all where they are, and tells those who wait for them. */
  cancelAll(): void {
    const ended = this.running;
    this.running = [];
    for (const { cancelled } of ended) cancelled?.();
  }

  clear(): void {
    this.running = [];
  }
}
