/**
 * A whole cluster in one process, driven by one seed: the shards, worker sessions and leaders that the live processes run,
 * and between them streams, messages, time and faults in a random order. Nothing here decides anything about training.
 */
import { pullsInOrder } from '../../src/algorithms/policies/registry.ts';
import { JobLeader } from '../../src/coordinator/leader.ts';
import type { LeaderOptions } from '../../src/coordinator/leader-options.ts';
import type { LeaderPorts, Manifest, ShardOrder, ShardReply, StoredJob } from '../../src/coordinator/ports.ts';
import { Ticket } from '../../src/coordinator/ticket.ts';
import type { Order, OrderReply, ShardConfig, ShardEvent } from '../../src/ps/events.ts';
import { partsFor } from '../../src/ps/restore-parts.ts';
import { Shard } from '../../src/ps/shard.ts';
import { createShardMap } from '../../src/tensor/shard-map.ts';
import { memberKey } from '../../src/transport/members.ts';
import type { Hello, Push, Range, UpMessage } from '../../src/transport/messages.ts';
import type { HeldTask, WorkerAnswer, WorkerRequest } from '../../src/transport/requests.ts';
import { WorkerSession } from '../../src/worker/session.ts';
import type { PushOrder } from '../../src/worker/session-ports.ts';
import { chosenMemory } from '../tensor/chosen-memory.ts';
import type { Coordinator, Message, Server, Stream, UpItem, WorkerProcess, WrittenCut } from './actors.ts';
import type { Deviation } from './deviations.ts';
import { Dice } from './dice.ts';
import { BLOCK, bitNames, bitsOf, gradientOf, initialWeights } from './flat-vector.ts';
import { checkManifest } from './manifest-checks.ts';
import { Oracle } from './oracle.ts';
import type { Fault, Settings } from './settings.ts';
import { check } from './violation.ts';

const JOB = 'schedule';
const EMPTY: Float32Array = new Float32Array();
/** A worker gives a request up after this. */
const ASK_DEADLINE_MS = 120;

export class World {
  readonly settings: Settings;
  readonly dice: Dice;
  readonly oracle: Oracle;
  readonly deviation: Deviation | undefined;
  now = 0;
  events = 0;
  progressAt = 0;
  servers: Server[] = [];
  ranges: readonly (readonly Range[])[];
  streams: Stream[] = [];
  readonly streamById = new Map<number, Stream>();
  messages: Message[] = [];
  workers: WorkerProcess[] = [];
  coordinators: Coordinator[] = [];
  readonly store: { epoch: number; record: StoredJob | undefined } = { epoch: 0, record: undefined };
  /** By cut and shard: a later write takes the place of an earlier one, as in a folder. */
  readonly files = new Map<string, WrittenCut>();
  readonly manifests = new Map<number, Manifest>();
  /** The manifest that the newest history came from. */
  restoredFrom: Manifest | undefined;
  readonly budget = new Map<Fault, number>();
  /** Lives that have ended, by name and incarnation: only their pushes may be torn. */
  readonly endedLives = new Set<string>();
  /** Workers whose lease a fault has ended. */
  readonly silenced = new Set<string>();
  readonly counts = new Map<string, number>();
  readonly trace: string[] | undefined;
  checkpointsLeft: number;
  private nextStream = 1;
  private nextReply = 1;
  private nextProcess = 1;
  private nextSum = 1;
  private mapVersion = 0;
  newestHistory = 0;
  private nextName = 0;

  constructor(settings: Settings, options: { readonly deviation?: Deviation | undefined; readonly trace?: boolean } = {}) {
    this.settings = settings;
    this.dice = new Dice(settings.seed);
    this.deviation = options.deviation;
    this.trace = options.trace ? [] : undefined;
    this.oracle = new Oracle(settings);
    this.oracle.onProgress = () => this.progress();
    for (const [fault, count] of Object.entries(settings.faults)) this.budget.set(fault as Fault, count);
    this.checkpointsLeft = settings.checkpoints;
    this.ranges = this.cutVector(settings.shards);
    this.servers = this.ranges.map((_, index) => this.newServer(index, 1));
    this.newCoordinator(false, true);
    for (let n = 0; n < settings.workers; n += 1) this.newWorker(this.freshName());
  }

  // ---- small things

  get totalBatches(): number {
    return this.settings.batchesPerEpoch * this.settings.epochs;
  }

  get latest(): Coordinator {
    return this.coordinators.at(-1) as Coordinator;
  }

  progress(): void {
    this.progressAt = this.events;
  }

  note(text: () => string): void {
    this.trace?.push(`${String(this.events).padStart(5)} ${String(this.now).padStart(6)} ms  ${text()}`);
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** Uses up one of a fault's budget, with a probability. */
  strikes(fault: Fault, probability: number): boolean {
    const left = this.budget.get(fault) ?? 0;
    if (left === 0 || !this.dice.chance(probability)) return false;
    this.budget.set(fault, left - 1);
    this.count(fault);
    return true;
  }

  later(label: string, to: Message['to'], deliver: () => void): void {
    this.messages.push({ label, to, deliver });
  }

  private cutVector(shards: number): readonly (readonly Range[])[] {
    this.mapVersion += 1;
    return createShardMap(this.settings.blocks * BLOCK, Math.min(shards, this.settings.blocks)).shards;
  }

  freshName(): string {
    this.nextName += 1;
    return `w${this.nextName - 1}`;
  }

  // ---- parameter servers

  private newServer(index: number, life: number): Server {
    const shard = new Shard(JOB, chosenMemory());
    this.deviation?.shard?.(shard, this);
    return { index, life, shard, alive: true, replies: new Map() };
  }

  killServer(index: number): void {
    const server = this.servers[index];
    if (!server?.alive) return;
    this.note(() => `SERVER ${index} KILLED`);
    server.alive = false;
    for (const stream of this.streams.filter((other) => other.server === server && other.serverOpen)) {
      stream.serverOpen = false;
      stream.up = [];
      if (this.dice.chance(0.5)) stream.down = [];
      stream.down.push({ type: 'closed' });
    }
    for (const { reply } of server.replies.values()) reply({ type: 'unloaded' });
    server.replies.clear();
  }

  restartServer(index: number): void {
    const old = this.servers[index];
    check(old !== undefined && !old.alive, () => 'only a dead server restarts');
    this.servers[index] = this.newServer(index, old.life + 1);
    this.note(() => `server ${index} is back`);
    this.announce(index);
  }

  /** The server registers until a coordinator has heard it. */
  private announce(index: number): void {
    this.later(`server ${index} registers`, undefined, () => {
      const { latest } = this;
      if (!latest.alive || latest.paused) this.announce(index);
      else latest.leader.serverRestarted(index, this.now);
    });
  }

  /** Another run with another shard map; where `fresh`, on new server processes. */
  recut(shards: number, fresh: boolean): void {
    this.ranges = this.cutVector(shards);
    const count = Math.max(this.ranges.length, this.servers.length);
    for (let index = 0; index < count; index += 1) if (fresh || index >= this.ranges.length) this.killServer(index);
    this.servers = this.ranges.map((_, index) => {
      const old = this.servers[index];
      return old?.alive ? old : this.newServer(index, (old?.life ?? 0) + 1);
    });
  }

  handle(server: Server, event: ShardEvent): void {
    const effects = server.shard.handle(event, this.now);
    if (
      event.type === 'order' &&
      event.order.type === 'load' &&
      effects.some((effect) => effect.type === 'eventRecord' && effect.record.event === 'load')
    ) {
      this.oracle.loaded(server, event.order.history, event.order.ranges, this.loadedFrom);
    }
    this.oracle.effects(
      server,
      effects,
      (id) => this.streamById.get(id),
      (id) => server.replies.get(id)?.sequences,
    );
    for (const effect of effects) {
      if (effect.type === 'send') {
        const stream = this.streamById.get(effect.stream);
        if (stream?.serverOpen) stream.down.push({ type: 'message', message: effect.message, epoch: server.shard.epoch });
      } else if (effect.type === 'closeStream') {
        const stream = this.streamById.get(effect.stream);
        if (stream?.serverOpen) this.closeServerSide(stream);
      } else if (effect.type === 'orderReply') {
        const waiting = server.replies.get(effect.replyTo);
        server.replies.delete(effect.replyTo);
        waiting?.reply(effect.reply);
      }
    }
    this.oracle.after(server);
  }

  private closeServerSide(stream: Stream): void {
    stream.serverOpen = false;
    stream.up = [];
    stream.staged = undefined;
    stream.down.push({ type: 'closed' });
  }

  // ---- orders

  private loadedFrom: readonly WrittenCut[] | undefined;

  private order(from: Coordinator, shard: number, order: ShardOrder, fill: (reply: ShardReply) => void): void {
    const server = this.servers[shard];
    if (!server?.alive) {
      if (hasOneTry(order)) fill({ type: 'lost', why: `server ${shard} is away` });
      else if (server && from.alive) this.later(`order ${order.type} again`, undefined, () => this.order(from, shard, order, fill));
      return;
    }
    if (order.type === 'mark') {
      const stored = this.store.record?.checkpoints ?? 0;
      check(
        order.id <= stored,
        () => `cut ${order.id} is begun, and the store knows ${stored}: another leader could use its number and its files`,
      );
    }
    const before = server.shard.epoch;
    const replyTo = this.nextReply;
    this.nextReply += 1;
    const reply = (answer: OrderReply): void => {
      if (!server.alive) {
        // Died before it answered: what must reach a shard is sent again to its next life.
        this.order(from, shard, order, fill);
        return;
      }
      check(
        from.epoch >= before || answer.type === 'refused',
        () => `shard ${shard} at epoch ${before} obeys an order of epoch ${from.epoch}`,
      );
      fill(this.shardReply(server, order, answer));
    };
    server.replies.set(replyTo, { sequences: order.type === 'cut' ? order.sequences : undefined, reply });
    let shardOrder: Order;
    if (order.type === 'load') {
      const files = order.from && this.filesOf(order.from);
      this.loadedFrom = files;
      if (order.history > this.newestHistory) {
        this.newestHistory = order.history;
        this.restoredFrom = order.from;
      }
      const parts = files && partsFor(order.ranges, files, order.from?.clock ?? 0);
      shardOrder = {
        type: 'load',
        history: order.history,
        mapVersion: order.mapVersion,
        ranges: order.ranges,
        config: this.shardConfig(),
        parts,
      };
    } else if (order.type === 'cut') shardOrder = { type: 'cut', id: order.id, sequences: order.sequences };
    else shardOrder = order;
    this.handle(server, { type: 'order', order: shardOrder, epoch: from.epoch, replyTo });
  }

  private shardReply(server: Server, order: ShardOrder, reply: OrderReply): ShardReply {
    if (reply.type !== 'cut' || order.type !== 'cut') return reply as ShardReply;
    const { copy, heldMs } = reply;
    const { version, clock, sequences, outcomes } = copy;
    const name = `${order.id}/${server.index}`;
    const sum = this.nextSum;
    this.nextSum += 1;
    this.files.set(name, { sum, ranges: server.shard.status().ranges, copy });
    return { type: 'cut', file: { file: name, bytes: 0, sha256: String(sum) }, version, clock, heldMs, sequences, outcomes, stateHash: '' };
  }

  /** The files of a manifest, or undefined where one is not what was written. */
  filesOf(manifest: Manifest): readonly WrittenCut[] | undefined {
    const files = manifest.files.map(({ file, sha256 }) => {
      const written = this.files.get(file);
      return written && String(written.sum) === sha256 ? written : undefined;
    });
    return files.every((file) => file !== undefined) ? files : undefined;
  }

  private shardConfig(): ShardConfig {
    const { settings } = this;
    return {
      job: JOB,
      consistency: settings.consistency,
      optimizer: { name: 'sgd' },
      learningRate: 1,
      schedule: { name: 'constant' },
      clipByValue: undefined,
      samplesPerEpoch: this.samplesPerEpoch,
      pullWaitMs: settings.pullWaitMs,
      markTimeoutMs: this.deviation?.markTimeoutMs ?? settings.markTimeoutMs,
    };
  }

  get samplesPerEpoch(): number {
    return this.settings.batchesPerEpoch * 2 - 1;
  }

  // ---- coordinators

  /** @param resume from the last checkpoint; `stored` false: with an empty store, as a run in a new folder. */
  newCoordinator(resume: boolean, stored: boolean): void {
    this.store.epoch += 1;
    const epoch = this.store.epoch;
    const earlier = stored ? this.store.record : undefined;
    // A resumed job is a new run of the old one: its record gives numbers, not its state.
    const record = resume && earlier ? { ...earlier, state: 'loading' as const, reason: '', members: {} } : earlier;
    this.store.record = record;
    const { settings } = this;
    const options: LeaderOptions = {
      job: JOB,
      epoch,
      shape: { batchesPerEpoch: settings.batchesPerEpoch, batchSize: 2, samplesPerEpoch: this.samplesPerEpoch },
      totalBatches: this.totalBatches,
      taskBatches: settings.taskBatches,
      reserveBatches: settings.reserveBatches,
      mapVersion: this.mapVersion,
      ranges: this.ranges,
      leaseMs: settings.leaseMs,
      serverReturnMs: 1e9,
      evaluateEveryUpdates: undefined,
      evaluationWaitMs: 100,
      checkpointEveryMs: undefined,
      checkpointEveryUpdates: undefined,
      workersMin: 1,
      workersMax: 100,
      stop: {},
    };
    const holder: { coordinator: Coordinator | undefined } = { coordinator: undefined };
    const leader = new JobLeader(
      options,
      this.portsOf(() => holder.coordinator as Coordinator),
      record,
      this.now,
    );
    const coordinator: Coordinator = {
      epoch,
      leader,
      ranges: this.ranges,
      alive: true,
      paused: false,
      pausedAtMs: 0,
      awakeSinceMs: this.now,
    };
    holder.coordinator = coordinator;
    this.deviation?.leader?.(leader, this);
    this.coordinators.push(coordinator);
    this.note(() => `new coordinator, epoch ${epoch}, stored state ${record?.state ?? 'none'}`);
    leader.begin(this.now, resume);
    this.progress();
  }

  private portsOf(self: () => Coordinator): LeaderPorts {
    const fill = <T>(label: string, ticket: Ticket<T>, value: T): void => {
      const coordinator = self();
      this.later(label, coordinator, () => {
        if (!coordinator.alive) return;
        ticket.fill(value);
        coordinator.leader.pump();
      });
    };
    // One connection to the store: writes land in order, answers come when they come.
    const writes: (() => void)[] = [];
    const send = (shard: number, order: ShardOrder): Ticket<ShardReply> => {
      const ticket = new Ticket<ShardReply>();
      const coordinator = self();
      const deliver = (): void =>
        this.later(`epoch ${coordinator.epoch} orders ${order.type} at shard ${shard}`, undefined, () => {
          if (hasOneTry(order) && this.strikes('loseOrder', 0.1)) {
            fill(`${order.type} at shard ${shard} is given up`, ticket, { type: 'lost', why: 'no answer in time' });
            if (this.dice.chance(0.5)) return;
          }
          this.order(coordinator, shard, order, (reply) => fill(`shard ${shard} answers ${order.type}: ${reply.type}`, ticket, reply));
        });
      deliver();
      // What must arrive is sent until it is answered, so perhaps twice; the rest has one try.
      if (!hasOneTry(order) && this.strikes('repeatOrder', 0.05)) deliver();
      return ticket;
    };
    return {
      order: send,
      store: (record) => {
        const ticket = new Ticket<boolean>();
        const coordinator = self();
        writes.push(() => {
          const accepted = this.store.epoch === coordinator.epoch;
          if (accepted) this.store.record = record;
          fill(`the store answers ${accepted}`, ticket, accepted);
        });
        this.later(`epoch ${coordinator.epoch} writes ${record.state}`, undefined, () => {
          // A dead coordinator's last writes may be lost, from some point on.
          if (!coordinator.alive && this.dice.chance(0.3)) writes.length = 0;
          writes.shift()?.();
        });
        return ticket;
      },
      writeManifest: (manifest) => {
        const ticket = new Ticket<string | undefined>();
        const coordinator = self();
        this.later(`manifest ${manifest.id} is written`, undefined, () => {
          if (!coordinator.alive && this.dice.chance(0.5)) return;
          if (this.strikes('disk', 0.3)) return fill('the disk is full', ticket, 'the disk is full');
          this.manifests.set(manifest.id, manifest);
          checkManifest(this, manifest);
          this.count('checkpoint');
          this.progress();
          fill('the manifest stands', ticket, undefined);
        });
        return ticket;
      },
      readManifest: () => {
        const ticket = new Ticket<{ readonly manifest?: Manifest; readonly problem?: string }>();
        this.later('the newest manifest is read', undefined, () => {
          const newest = [...this.manifests.values()].toSorted((a, b) => b.id - a.id).find((manifest) => this.filesOf(manifest));
          const found = newest ? { manifest: newest } : this.manifests.size > 0 ? { problem: 'no checkpoint is whole' } : {};
          fill('the newest manifest', ticket, found);
        });
        return ticket;
      },
      event: (kind, message, facts) => {
        this.note(() => `  epoch ${self().epoch}: ${kind}: ${message}`);
        this.count(`event ${kind}`);
        if (kind === 'leaseOver') {
          const { awakeSinceMs } = self();
          const worker = String(facts['worker']);
          check(
            this.silenced.delete(worker) || this.now - awakeSinceMs >= this.settings.leaseMs,
            () => `${worker} loses its lease ${this.now - awakeSinceMs} ms after its coordinator took over or woke up`,
          );
        }
        if (kind === 'left' || kind === 'leaseOver' || kind === 'restored') this.progress();
      },
      wallClock: () => '1970-01-01T00:00:00.000Z',
    };
  }

  // ---- workers

  newWorker(name: string): WorkerProcess {
    const holder: { worker: WorkerProcess | undefined } = { worker: undefined };
    const self = (): WorkerProcess => holder.worker as WorkerProcess;
    const session = new WorkerSession(
      {
        open: (shard, hello) => this.open(self(), shard, hello),
        send: (shard, message) => this.send(self(), shard, message),
        push: (shard, order) => this.push(self(), shard, order),
        ask: (request, held, identity) => this.ask(self(), request, held, identity),
        compute: ({ slot, firstBatch, count }) => {
          self().computing = { slot, batches: bitsOf(firstBatch, count) };
        },
        initialize: () => {
          self().computing = { slot: 0, batches: undefined };
        },
        weights: (shard, slot, { values }) => {
          self().read.set(`${slot}/${shard}`, { values, sum: sumOf(values) });
        },
        joined: (answer) => {
          const worker = self();
          if (answer) {
            if (this.dice.chance(0.7)) return undefined;
            this.later(`${name} is ready to compute`, worker, () => worker.alive && session.prepared(this.now));
            return 'later';
          }
          for (const stream of worker.streams) if (stream) this.closeClientSide(stream);
          worker.streams = [];
          worker.computing = undefined;
        },
        log: (event, facts) => this.note(() => `  ${name}: ${event} ${JSON.stringify(facts)}`),
      },
      {
        pipelining: this.settings.pipelining,
        pullsInOrder: pullsInOrder(this.settings.consistency),
        accumulate: this.settings.accumulate,
        retryMs: 4,
        retryMaxMs: 60,
        idlePollMs: 15,
        reportMs: this.settings.leaseMs / 4,
        batchAttempts: 5,
      },
    );
    const worker: WorkerProcess = {
      name,
      process: this.nextProcess,
      session,
      alive: true,
      paused: false,
      cutOff: false,
      leaving: false,
      streams: [],
      asked: undefined,
      computing: undefined,
      slots: [undefined, undefined],
      read: new Map(),
    };
    this.nextProcess += 1;
    holder.worker = worker;
    this.deviation?.session?.(session, this);
    this.workers.push(worker);
    this.oracle.workers = this.workers;
    this.later(`${name} starts`, worker, () => worker.alive && session.tick(this.now));
    return worker;
  }

  endWorker(worker: WorkerProcess): void {
    worker.alive = false;
    const { life } = worker.session;
    if (life) this.endedLives.add(memberKey(life.worker, life.incarnation));
    for (const stream of worker.streams) if (stream) this.closeClientSide(stream);
  }

  private closeClientSide(stream: Stream): void {
    if (!stream.clientOpen) return;
    stream.clientOpen = false;
    stream.down = [];
    // The server hears of it, or (half-open) never does.
    if (stream.serverOpen && this.dice.chance(0.6)) stream.up.push({ type: 'closed' });
  }

  private open(worker: WorkerProcess, shard: number, hello: Hello): void {
    const older = worker.streams[shard];
    if (older) this.closeClientSide(older);
    const server = this.servers[shard];
    const stream: Stream = {
      id: this.nextStream,
      worker,
      shard,
      server: server?.alive ? server : undefined,
      up: [{ type: 'message', message: hello, malformed: false }],
      down: [],
      clientOpen: true,
      serverOpen: true,
      broken: false,
      staged: undefined,
    };
    this.nextStream += 1;
    if (!stream.server) this.closeServerSide(stream);
    worker.streams[shard] = stream;
    this.streams.push(stream);
    this.streamById.set(stream.id, stream);
  }

  private send(worker: WorkerProcess, shard: number, message: UpMessage): void {
    const stream = worker.streams[shard];
    if (stream?.clientOpen && stream.serverOpen && !stream.broken) stream.up.push({ type: 'message', message, malformed: false });
  }

  private push(worker: WorkerProcess, shard: number, order: PushOrder): void {
    const ranges = this.rangesOf(worker)[shard];
    const { life } = worker.session;
    check(ranges !== undefined && life !== undefined, () => `${worker.name} pushes to shard ${shard} without a life there`);
    const { slot, kind, batchCount: count, ...rest } = order;
    const samples = kind === 'gradient' ? 2 : 0;
    const header = { ...rest, kind, batchCount: count, mapVersion: this.mapVersion, ranges, samples, loss: 1 };
    let gradient = EMPTY;
    if (kind === 'initial') gradient = initialWeights(ranges);
    else if (kind === 'gradient') {
      const batches = bitsOf(order.firstBatch, order.batchCount);
      const held = worker.slots[slot];
      check(
        held === batches,
        () => `${worker.name} pushes batches ${bitNames(batches)} from slot ${slot}, which holds the gradient of ${bitNames(held ?? 0)}`,
      );
      gradient = gradientOf(batches, ranges);
    }
    if (kind !== 'initial') this.oracle.sent(life.history, memberKey(life.worker, life.incarnation), header);
    const stream = worker.streams[shard];
    if (!stream?.clientOpen || !stream.serverOpen || stream.broken) return;
    const malformed = this.strikes('malformed', 0.2);
    if (malformed) this.oracle.malformedSeen = true;
    const message: Push = { type: 'push', header, gradient };
    stream.up.push({ type: 'message', message, malformed });
  }

  /** A worker knows the map of the run that it registered in. */
  private rangesOf(worker: WorkerProcess): readonly (readonly Range[])[] {
    return this.rangesOfHistory.get(worker.session.life?.history ?? -1) ?? this.ranges;
  }

  private readonly rangesOfHistory = new Map<number, readonly (readonly Range[])[]>();

  computed(worker: WorkerProcess): void {
    const { computing } = worker;
    if (!computing) return;
    worker.computing = undefined;
    worker.slots[computing.slot] = computing.batches;
    for (const [key, { values, sum }] of worker.read) {
      if (!key.startsWith(`${computing.slot}/`)) continue;
      check(sumOf(values) === sum, () => `the weights that ${worker.name} reads (slot and shard ${key}) change while it computes`);
      worker.read.delete(key);
    }
    worker.session.computed(computing.slot, true, this.now);
  }

  private ask(worker: WorkerProcess, request: WorkerRequest, held: readonly HeldTask[], identity: WorkerProcess['session']['life']): void {
    worker.asked = { request, atMs: this.now };
    const living = this.coordinators.filter((other) => other.alive);
    const coordinator = this.latest.alive && this.dice.chance(0.9) ? this.latest : living.length > 0 ? this.dice.pick(living) : undefined;
    if (!coordinator || worker.cutOff) return; // nobody hears it; its deadline passes
    const answer = (value: WorkerAnswer): void => {
      if (this.strikes('loseAnswer', 0.1)) return;
      this.later(`epoch ${coordinator.epoch} answers ${worker.name}'s ${request.type}: ${value.type}`, worker, () => {
        if (!worker.alive || worker.cutOff) return;
        if (value.type === 'registered') this.rangesOfHistory.set(value.identity.history, coordinator.ranges);
        if (worker.asked?.request === request) worker.asked = undefined;
        worker.session.answered(request, value, coordinator.epoch, this.now);
      });
    };
    this.later(`${worker.name} asks epoch ${coordinator.epoch}: ${request.type}`, coordinator, () => {
      if (!coordinator.alive || worker.cutOff) return;
      coordinator.leader.request({ worker: worker.name, evaluator: false, identity, held, request }, answer, this.now);
    });
  }

  tickWorker(worker: WorkerProcess): void {
    const { asked } = worker;
    if (asked && this.now - asked.atMs >= ASK_DEADLINE_MS) {
      worker.asked = undefined;
      worker.session.askFailed(asked.request, this.now);
    }
    worker.session.tick(this.now);
  }

  // ---- streams, one message at a time

  deliverUp(stream: Stream): void {
    const { server } = stream;
    const item = stream.up[0] as UpItem;
    check(server !== undefined, () => 'an open stream has a server');
    if (item.type === 'closed') {
      stream.up.shift();
      stream.serverOpen = false;
      this.handle(server, { type: 'streamClosed', stream: stream.id });
      return;
    }
    const { message } = item;
    if (message.type === 'push' && !stream.staged) {
      this.note(
        () =>
          `${stream.worker.name} -> shard ${stream.shard}: push ${message.header.sequence} (batch ${message.header.firstBatch}, clock ${message.header.clock}, ${message.header.kind})${item.malformed ? ' MALFORMED' : ' is staged'}`,
      );
      if (item.malformed) {
        stream.up.shift();
        const { sequence, clock } = message.header;
        stream.down.push({
          type: 'message',
          message: { type: 'refusal', about: 'push', code: 'INVALID_ARGUMENT', message: 'malformed', sequence, clock },
          epoch: server.shard.epoch,
        });
        return;
      }
      stream.staged = { remembered: this.deviation?.staged?.(server.shard, stream.id, message) };
      return;
    }
    stream.up.shift();
    if (message.type === 'hello') this.oracle.lives.set(stream.id, memberKey(message.identity.worker, message.identity.incarnation));
    this.note(
      () =>
        `${stream.worker.name} -> shard ${stream.shard}: ${message.type}${message.type === 'pull' ? ` ${message.clock}` : message.type === 'push' ? ` ${message.header.sequence} is judged` : ''}`,
    );
    const remembered = stream.staged?.remembered;
    stream.staged = undefined;
    const judge = (): void => this.handle(server, { type: 'message', stream: stream.id, message });
    if (message.type === 'push' && this.deviation?.judged) this.deviation.judged(server.shard, message, remembered, judge);
    else judge();
  }

  deliverDown(stream: Stream): void {
    const item = stream.down.shift();
    if (!item) return;
    const { worker, shard } = stream;
    if (item.type === 'closed') {
      this.note(() => `${worker.name} <- shard ${shard}: closed`);
      stream.clientOpen = false;
      worker.session.streamClosed(shard, this.now);
      return;
    }
    const { message } = item;
    this.note(
      () =>
        `${worker.name} <- shard ${shard}: ${message.type}${message.type === 'push' ? ` ${message.sequence} ${message.outcome}` : message.type === 'refusal' ? ` ${message.about} ${message.code} ${message.message}` : ''}`,
    );
    worker.session.message(shard, message, item.epoch, this.now);
  }
}

function sumOf(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += (i + 1) * (values[i] ?? 0);
  return sum;
}

function hasOneTry({ type }: ShardOrder): boolean {
  return type === 'mark' || type === 'cut' || type === 'dropMark' || type === 'forget';
}
