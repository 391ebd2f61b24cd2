/** Drives one pure shard by hand: says what workers and the leader would say, and gives back what the shard answers. */
import type { ConsistencyConfig } from '../../src/algorithms/policies/registry.ts';
import type { Effect, Order, OrderReply, ShardConfig, ShardEventRecord, ShardParts, StalenessRecord } from '../../src/ps/events.ts';
import { Shard } from '../../src/ps/shard.ts';
import type { Member } from '../../src/transport/members.ts';
import type { DownMessage, Identity, PushHeader, PushReply, Range, Refusal, Weights } from '../../src/transport/messages.ts';
import { chosenMemory } from '../tensor/chosen-memory.ts';

export interface DriverOptions {
  readonly ranges?: readonly Range[];
  readonly consistency?: ConsistencyConfig;
  readonly config?: Partial<ShardConfig>;
  /** Weights that the shard starts from; zeros by default. `null`: none are sent. */
  readonly initial?: Float32Array | null;
  readonly history?: number;
  readonly parts?: ShardParts;
}

const ELEMENTS = 4;
const DEFAULTS: ShardConfig = {
  job: 'job',
  consistency: { policy: 'asp' },
  optimizer: { name: 'sgd' },
  learningRate: 1,
  schedule: { name: 'constant' },
  clipByValue: undefined,
  samplesPerEpoch: 1000,
  pullWaitMs: 1000,
  markTimeoutMs: 5000,
};

interface Life {
  readonly identity: Identity;
  stream: number;
  connection: number;
  sequence: number;
}

export class ShardDriver {
  readonly shard: Shard;
  readonly elements: number;
  readonly records: StalenessRecord[] = [];
  readonly events: ShardEventRecord[] = [];
  readonly closedStreams: number[] = [];
  /** Order replies that came later than their order, by its number. */
  readonly orderReplies = new Map<number, OrderReply>();
  nowMs = 0;
  epoch = 1;
  readonly history: number;
  private readonly lives = new Map<string, Life>();
  private sent: { readonly stream: number; readonly message: DownMessage }[] = [];
  private list: Member[] = [];
  private listNumber = 0;
  private nextStream = 1;
  private nextOrder = 1;

  constructor(options: DriverOptions = {}) {
    this.shard = new Shard('job', chosenMemory());
    const ranges = options.ranges ?? [{ start: 0, length: ELEMENTS }];
    this.elements = ranges.reduce((sum, { length }) => sum + length, 0);
    this.history = options.history ?? 1;
    const config = { ...DEFAULTS, ...options.config, ...(options.consistency ? { consistency: options.consistency } : {}) };
    this.order({ type: 'load', history: this.history, mapVersion: 1, ranges, config, parts: options.parts });
    if (options.initial === null || options.parts) return;
    const starter = { job: 'job', history: this.history, worker: 'starter', incarnation: 1 };
    this.members([starter]);
    this.initialize(starter, options.initial ?? new Float32Array(this.elements));
    this.members([]);
  }

  // ---- what the leader says

  order(order: Order, epoch = this.epoch): OrderReply | undefined {
    const replyTo = this.nextOrder;
    this.nextOrder += 1;
    this.handle({ type: 'order', order, epoch, replyTo });
    return this.orderReplies.get(replyTo);
  }

  /** Sends an order whose answer may come later: see `orderReplies`. */
  orderLater(order: Order): number {
    this.order(order);
    return this.nextOrder - 1;
  }

  members(list: readonly Member[], epoch = this.epoch): OrderReply | undefined {
    this.list = list.map(({ worker, incarnation }) => ({ worker, incarnation }));
    this.listNumber += 1;
    return this.order({ type: 'members', number: this.listNumber, history: this.history, members: this.list }, epoch);
  }

  join(...workers: string[]): void {
    for (const worker of workers) {
      this.members([...this.list.filter((member) => member.worker !== worker), { worker, incarnation: 1 }]);
      this.hello(worker);
    }
  }

  leave(worker: string): void {
    this.members(this.list.filter((member) => member.worker !== worker));
    this.lives.delete(worker);
  }

  // ---- what workers say

  identity(worker: string, incarnation = 1, history = this.history): Identity {
    return { job: 'job', history, worker, incarnation };
  }

  /** On a new stream each time. */
  hello(worker: string, options: { enter?: boolean; connection?: number; identity?: Identity } = {}): DownMessage[] {
    const known = this.lives.get(worker);
    const identity = options.identity ?? known?.identity ?? this.identity(worker);
    const stream = this.nextStream;
    this.nextStream += 1;
    const connection = options.connection ?? (known?.connection ?? 0) + 1;
    const sequence = known?.identity.incarnation === identity.incarnation ? known.sequence : 0;
    this.lives.set(worker, { identity, stream, connection, sequence });
    return this.say(stream, { type: 'hello', identity, connection, enter: options.enter ?? true });
  }

  /** Enters again on the stream that is open. */
  enterAgain(worker: string): DownMessage[] {
    const life = this.life(worker);
    life.connection += 1;
    return this.say(life.stream, { type: 'hello', identity: life.identity, connection: life.connection, enter: true });
  }

  pull(worker: string, clock: number): DownMessage[] {
    return this.say(this.life(worker).stream, { type: 'pull', clock });
  }

  idle(worker: string): DownMessage[] {
    return this.say(this.life(worker).stream, { type: 'idle' });
  }

  /** The next sequence of this worker, unless the header says otherwise; its gradient as given, or all of one value. */
  push(worker: string, gradient: Float32Array | number, header: Partial<PushHeader> = {}): DownMessage[] {
    const life = this.life(worker);
    const sequence = header.sequence ?? life.sequence + 1;
    const answers = this.say(life.stream, {
      type: 'push',
      header: this.header({ ...header, sequence }),
      gradient: typeof gradient === 'number' ? new Float32Array(this.elements).fill(gradient) : gradient.slice(),
    });
    const decided = answers.some((answer) => answer.type === 'push' && answer.sequence === sequence && !answer.repeated);
    if (decided) life.sequence = sequence;
    return answers;
  }

  /** On the worker's open stream, or on one of its own. */
  initialize(member: Member, values: Float32Array): DownMessage[] {
    let stream = this.lives.get(member.worker)?.stream;
    if (stream === undefined) {
      stream = this.nextStream;
      this.nextStream += 1;
      this.say(stream, { type: 'hello', identity: this.identity(member.worker, member.incarnation), connection: 1, enter: false });
    }
    return this.say(stream, { type: 'push', header: this.header({ kind: 'initial', sequence: 0 }), gradient: values.slice() });
  }

  header(header: Partial<PushHeader>): PushHeader {
    return {
      sequence: 1,
      clock: 0,
      versionRead: 0,
      versionSpread: 0,
      kind: 'gradient',
      mapVersion: 1,
      ranges: [],
      task: 1,
      firstBatch: 0,
      batchCount: 1,
      samples: 10,
      loss: 0.5,
      ...header,
    };
  }

  tick(nowMs: number): DownMessage[] {
    this.nowMs = nowMs;
    return this.collect(() => this.handle({ type: 'tick' }));
  }

  closeStream(worker: string): void {
    this.handle({ type: 'streamClosed', stream: this.life(worker).stream });
  }

  streamOf(worker: string): number {
    return this.life(worker).stream;
  }

  // ---- what is seen

  get x(): Float32Array {
    return this.shard.read()?.values ?? new Float32Array();
  }

  get clocks(): { min: number; max: number } {
    const { minClock, maxClock } = this.shard.status();
    return { min: minClock, max: maxClock };
  }

  /** All that went to this worker's stream by the last message, order or tick. */
  heard(worker: string): DownMessage[] {
    const stream = this.lives.get(worker)?.stream;
    return this.sent.filter((entry) => entry.stream === stream).map(({ message }) => message);
  }

  private life(worker: string): Life {
    const life = this.lives.get(worker);
    if (!life) throw new Error(`${worker} has said no hello in this test`);
    return life;
  }

  say(stream: number, message: Extract<Parameters<Shard['handle']>[0], { type: 'message' }>['message']): DownMessage[] {
    return this.collect(() => this.handle({ type: 'message', stream, message }), stream);
  }

  /** What the shard sent meanwhile, to one stream or to all. */
  private collect(body: () => void, stream?: number): DownMessage[] {
    body();
    return this.sent.filter((entry) => stream === undefined || entry.stream === stream).map(({ message }) => message);
  }

  private handle(event: Parameters<Shard['handle']>[0]): void {
    this.sent = [];
    for (const effect of this.shard.handle(event, this.nowMs)) this.note(effect);
  }

  private note(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        this.sent.push({ stream: effect.stream, message: effect.message });
        return;
      case 'closeStream':
        this.closedStreams.push(effect.stream);
        return;
      case 'orderReply':
        this.orderReplies.set(effect.replyTo, effect.reply);
        return;
      case 'record':
        this.records.push(effect.record);
        return;
      case 'eventRecord':
        this.events.push(effect.record);
        return;
    }
  }
}

export function refusalIn(messages: readonly DownMessage[]): Refusal | undefined {
  return messages.find((message) => message.type === 'refusal');
}

export function weightsIn(messages: readonly DownMessage[]): Weights | undefined {
  return messages.find((message) => message.type === 'weights');
}

export function pushReplyIn(messages: readonly DownMessage[]): PushReply | undefined {
  return messages.find((message) => message.type === 'push');
}
