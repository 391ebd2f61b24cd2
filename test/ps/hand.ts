import { pushReplyIn, weightsIn, type ShardDriver } from './shard-driver.ts';

/** A worker that does what a right one does, one step at a time. */
export class Hand {
  readonly name: string;
  clock = 0;
  versionRead = 0;
  /** `pull` asks, `wait` has asked, `push` has its weights. */
  next: 'pull' | 'wait' | 'push' | 'idle' = 'pull';
  read: Float32Array = new Float32Array();
  private readonly driver: ShardDriver;

  constructor(driver: ShardDriver, name: string) {
    this.driver = driver;
    this.name = name;
  }

  pull(): void {
    this.next = 'wait';
    this.take(this.driver.pull(this.name, this.clock));
  }

  /** Weights may come with any event of anybody. */
  listen(): void {
    if (this.next === 'wait') this.take(this.driver.heard(this.name));
  }

  private take(messages: Parameters<typeof weightsIn>[0]): void {
    const weights = weightsIn(messages);
    if (!weights || weights.clock !== this.clock) return;
    this.versionRead = weights.version;
    this.read = weights.values;
    this.next = 'push';
  }

  push(gradient: Float32Array | number): ReturnType<typeof pushReplyIn> {
    const reply = pushReplyIn(this.driver.push(this.name, gradient, { clock: this.clock, versionRead: this.versionRead }));
    this.clock += 1;
    this.next = 'pull';
    return reply;
  }
}
