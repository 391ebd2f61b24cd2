/**
 * A shard of one job: a pure state machine over events. It holds a run of the weights, decides what becomes of each push
 * and which pull is served when. Time comes in as an argument; gRPC, disk and randomness stay outside. The same state and
 * the same event give the same state and the same effects on every machine.
 *
 * A push, in order: (staged whole by the server) -> held by an open mark? -> fence -> identity -> policy -> apply -> reply.
 * Fence and identity are judged here, after staging, in one step that nothing interrupts: judged before it, a push on a
 * half-open stream and its repeat on the next would both count as new.
 */
import { createOptimizer } from '../algorithms/optimizers/registry.ts';
import type { PlannedUpdate, Policy, PolicyView } from '../algorithms/policies/policy.ts';
import type { PlannedPush } from '../algorithms/policies/policy.ts';
import { createPolicy } from '../algorithms/policies/registry.ts';
import { createSchedule } from '../algorithms/schedules/registry.ts';
import { TardigradError, assert } from '../errors.ts';
import type { VectorMemory } from '../tensor/slabs.ts';
import type { DownMessage, Hello, Identity, Outcome, PushReply, Range, Refusal, RefusalCode } from '../transport/messages.ts';
import type {
  Effect,
  OpenUpdate,
  Order,
  OrderReply,
  ShardConfig,
  ShardCopy,
  ShardEvent,
  ShardEventRecord,
  StagedPush,
  StreamId,
} from './events.ts';
import { memberKey, memberOfKey, type BatchOutcomes, type Member, type SequenceVector } from '../transport/members.ts';
import { Mark } from './mark.ts';
import { MemberTable, type DecidedPush, type Fenced, type LiveMember } from './members.ts';
import { BatchLedger } from './batch-ledger.ts';
import { ShardVectors, vectorNeed } from './vectors.ts';

/** Outcomes kept for each worker, for repeats: pipelining (at most 1) + 2. */
const OUTCOMES_KEPT = 3;
/** Pulls of one worker that may wait at once; it needs pipelining + 1. */
const PULLS_WAITING_LIMIT = 4;

interface WaitingPull {
  readonly worker: string;
  readonly clock: number;
  readonly stream: StreamId;
  readonly sinceMs: number;
  why: string;
}

interface KeptPush extends PlannedPush {
  readonly staged: StagedPush;
  readonly clockLag: number;
  readonly servedAtMs: number | undefined;
}

/** What exists only while the job's vectors are loaded. */
interface Loaded {
  readonly config: ShardConfig;
  readonly ranges: readonly Range[];
  readonly mapVersion: number;
  readonly vectors: ShardVectors;
  readonly policy: Policy<KeptPush>;
  readonly batches: BatchLedger;
  /** Weights are in: by an `initial` push, or by a restore. */
  initialized: boolean;
  version: number;
  arrivals: number;
  /** The last sequence decided of each life: what makes a push count once. */
  readonly sequences: Map<string, number>;
  /** Copy of the weights at `version`, shared by the pulls that read it. */
  snapshot: Float32Array | undefined;
}

export class Shard {
  readonly job: string;
  private readonly memory: VectorMemory;
  private readonly table = new MemberTable();
  private readonly streams = new Map<StreamId, Identity>();
  private loaded: Loaded | undefined;
  private history = -1;
  private highestEpoch = 0;
  /** When it was fenced: what a restore sets back. */
  private lastVersion = 0;
  private mark: Mark | undefined;
  private waiting: WaitingPull[] = [];
  private effects: Effect[] = [];
  private nowMs = 0;

  constructor(job: string, memory: VectorMemory) {
    this.job = job;
    this.memory = memory;
  }

  /** The highest epoch seen; every reply carries it. */
  get epoch(): number {
    return this.highestEpoch;
  }

  handle(event: ShardEvent, nowMs: number): Effect[] {
    this.effects = [];
    this.nowMs = nowMs;
    switch (event.type) {
      case 'message':
        this.onMessage(event.stream, event.message);
        break;
      case 'streamClosed':
        this.forgetStream(event.stream);
        break;
      case 'order':
        this.onOrder(event.order, event.epoch, event.replyTo);
        break;
      case 'tick':
        this.onTick();
        break;
    }
    return this.effects;
  }

  status() {
    const { loaded } = this;
    return {
      loaded: loaded !== undefined,
      initialized: loaded?.initialized ?? false,
      history: this.history,
      version: loaded?.version ?? 0,
      minClock: this.table.minClock(),
      maxClock: this.table.maxClock(),
      members: this.table.counting(),
      waiting: this.waiting.map(({ worker, clock, why }) => ({ worker, clock, why })),
      elements: loaded?.vectors.elements ?? 0,
      ranges: loaded?.ranges ?? [],
      mapVersion: loaded?.mapVersion ?? 0,
    };
  }

  /** For proofs: a digest of everything that a push could change. */
  stateHash(): string {
    const { loaded } = this;
    if (!loaded) return 'unloaded';
    return `${loaded.vectors.hash()} v${loaded.version} ${JSON.stringify(loaded.vectors.segmentStates())} ${JSON.stringify([...loaded.sequences].toSorted())}`;
  }

  /** Of weights and optimizer state alone: what a cut's copy has too. */
  vectorsHash(): string {
    return this.loaded?.vectors.hash() ?? 'unloaded';
  }

  /** A copy of the weights as a stand-alone pull gets them. */
  read(): { version: number; values: Float32Array; mapVersion: number; ranges: readonly Range[]; minClock: number } | undefined {
    const { loaded } = this;
    if (!loaded?.initialized) return undefined;
    const { version, mapVersion, ranges } = loaded;
    return { version, values: this.snapshot(loaded), mapVersion, ranges, minClock: this.table.minClock() };
  }

  /** Why elements so many cannot be held here, before any memory is taken for them. RESOURCE_EXHAUSTED, naming the limit. */
  refusal(ranges: readonly Range[], config: ShardConfig): TardigradError | undefined {
    return this.memory.refusal(vectorNeed(ranges, createOptimizer(config.optimizer)));
  }

  // ---- streams

  private onMessage(stream: StreamId, message: Extract<ShardEvent, { type: 'message' }>['message']): void {
    if (message.type === 'hello') {
      this.onHello(stream, message);
      return;
    }
    const identity = this.streams.get(stream) ?? (message.type === 'push' ? message.identity : undefined);
    if (!identity) {
      this.refuse(stream, message.type, 'INVALID_ARGUMENT', 'a stream opens with a hello: send it first');
      return;
    }
    switch (message.type) {
      case 'pull':
        this.onPull(stream, identity, message.clock);
        break;
      case 'push':
        this.onPush({ stream, header: message.header, gradient: message.gradient }, identity);
        break;
      case 'idle':
        this.onIdle(stream, identity);
        break;
    }
  }

  private onHello(stream: StreamId, hello: Hello): void {
    const { identity, connection, enter } = hello;
    const fenced = this.fenced(identity);
    if (fenced) {
      this.refuse(stream, 'hello', fenced.code, fenced.message);
      // What its sender has put behind the hello is for nobody: answered one by one, it would look malformed.
      this.effects.push({ type: 'closeStream', stream });
      return;
    }
    const member = this.member(identity);
    if (member.stream !== undefined && member.stream !== stream && connection <= member.connection) {
      // A late hello of a half-open stream must not close the good one.
      this.refuse(
        stream,
        'hello',
        'INVALID_ARGUMENT',
        `connection ${connection} is not newer than ${member.connection}: this stream is superseded`,
      );
      this.effects.push({ type: 'closeStream', stream });
      return;
    }
    if (member.stream !== undefined && member.stream !== stream) {
      const older = member.stream;
      this.effects.push({ type: 'closeStream', stream: older });
      this.forgetStream(older);
    }
    member.stream = stream;
    member.connection = connection;
    this.streams.set(stream, identity);
    if (!member.hello || (member.idle && enter)) {
      const clock = Math.max(this.table.minClock(), member.hello ? member.clock : 0);
      member.hello = true;
      member.idle = false;
      member.clock = clock;
      member.entering = true;
      this.recordEvent('enter', member);
      this.recheck();
    }
    if (enter) member.entering = true;
    this.send(stream, { type: 'hello', clock: member.clock, version: this.loaded?.version ?? 0 });
  }

  private forgetStream(stream: StreamId): void {
    const identity = this.streams.get(stream);
    if (!identity) return;
    this.streams.delete(stream);
    this.waiting = this.waiting.filter((pull) => pull.stream !== stream);
    const member = this.table.get(identity.worker);
    if (member?.stream === stream) member.stream = undefined;
  }

  private onIdle(stream: StreamId, identity: Identity): void {
    const fenced = this.fenced(identity);
    if (fenced) {
      this.refuse(stream, 'idle', fenced.code, fenced.message);
      return;
    }
    const member = this.member(identity);
    member.idle = true;
    member.served.clear();
    this.waiting = this.waiting.filter((pull) => pull.worker !== identity.worker);
    this.send(stream, { type: 'idle' });
    this.recordEvent('idle', member);
    this.recheck();
  }

  // ---- pulls

  private onPull(stream: StreamId, identity: Identity, clock: number): void {
    const fenced = this.fenced(identity);
    if (fenced) {
      this.refuse(stream, 'pull', fenced.code, fenced.message, { clock });
      return;
    }
    const member = this.member(identity);
    if (!member.hello || member.idle) {
      this.refuse(stream, 'pull', 'INVALID_ARGUMENT', 'an idle worker does not pull: send a hello that enters first', { clock });
      return;
    }
    if (this.waiting.filter((pull) => pull.worker === identity.worker && pull.clock !== clock).length >= PULLS_WAITING_LIMIT) {
      this.refuse(stream, 'pull', 'RESOURCE_EXHAUSTED', `${PULLS_WAITING_LIMIT} pulls of this worker wait already: wait for them`, {
        clock,
      });
      return;
    }
    // Only the first pull after entering raises the clock; one sent ahead (pipelining) must not, or ssp's promise breaks.
    if (member.entering) member.clock = Math.max(member.clock, clock);
    member.entering = false;
    member.served.delete(clock);
    this.waiting = this.waiting.filter((pull) => !(pull.worker === identity.worker && pull.clock === clock));
    this.waiting.push({ worker: identity.worker, clock, stream, sinceMs: this.nowMs, why: '' });
    this.recheck();
  }

  private serve(loaded: Loaded, pull: WaitingPull): void {
    const member = this.table.get(pull.worker);
    assert(member !== undefined, 'a pull that waits belongs to a member');
    member.served.set(pull.clock, { version: loaded.version, atMs: this.nowMs });
    this.send(pull.stream, {
      type: 'weights',
      clock: pull.clock,
      version: loaded.version,
      minClock: this.table.minClock(),
      mapVersion: loaded.mapVersion,
      ranges: loaded.ranges,
      heldMs: this.nowMs - pull.sinceMs,
      values: this.snapshot(loaded),
    });
  }

  private snapshot(loaded: Loaded): Float32Array {
    loaded.snapshot ??= loaded.vectors.weights();
    return loaded.snapshot;
  }

  /** Something changed: apply what is due now, then serve every pull that may be served, until nothing moves. */
  private recheck(): void {
    const { loaded } = this;
    if (!loaded?.initialized) return;
    for (;;) {
      const view = this.view(loaded);
      const update = loaded.policy.due(view);
      if (update) {
        if (view.counting === 0) this.table.raiseFloor(update.round + 1);
        this.apply(loaded, update, 'buffered');
        continue;
      }
      const index = this.waiting.findIndex((pull) => {
        const verdict = loaded.policy.onPull(pull, view);
        if (!verdict.serve) pull.why = verdict.why;
        return verdict.serve;
      });
      if (index < 0) return;
      const [pull] = this.waiting.splice(index, 1);
      if (pull) this.serve(loaded, pull);
    }
  }

  // ---- pushes

  private onPush(push: StagedPush, identity: Identity): void {
    const { worker, incarnation } = identity;
    const { sequence, kind } = push.header;
    if (this.mark && kind !== 'initial' && !this.fenced(identity)) {
      if (this.mark.holds(worker, incarnation, sequence, this.decidedSequence(worker, incarnation))) {
        this.mark.hold({ push, worker, incarnation });
        return;
      }
    }
    this.decide(push, identity);
    this.completeMark();
  }

  /** THE transition of a push: fence, identity, policy, apply, reply. */
  private decide(push: StagedPush, identity: Identity): void {
    const { header, stream } = push;
    const { sequence, clock } = header;
    const refuse = (code: RefusalCode, message: string): void => this.refuse(stream, 'push', code, message, { sequence, clock });
    const fenced = this.fenced(identity);
    if (fenced) return refuse(fenced.code, fenced.message);
    const { loaded } = this;
    assert(loaded !== undefined, 'an unfenced push has a loaded shard');
    if (header.kind === 'initial') return this.initialize(loaded, push);

    const member = this.member(identity);
    const last = this.decidedSequence(identity.worker, identity.incarnation);
    if (sequence <= last) return this.repeat(loaded, stream, sequence, member.decided.get(sequence));
    if (sequence > last + 1) return refuse('OUT_OF_RANGE', `sequence ${sequence} leaves a gap: the next is ${last + 1}`);
    if (!member.hello || member.idle) return refuse('INVALID_ARGUMENT', 'an idle worker does not push: send a hello that enters first');
    if (!loaded.initialized) return refuse('UNAVAILABLE', 'the job has no initial weights yet: try again');
    if (clock < member.clock) return refuse('INVALID_ARGUMENT', `clock ${clock} is behind this worker's ${member.clock}`);

    if (header.kind === 'void') {
      this.settle(loaded, member, push, { outcome: 'void', versionLag: -1, version: loaded.version });
      this.record(loaded, push, member, 'void', {
        versionApplied: -1,
        weight: 0,
        round: -1,
        clockLag: this.clockLag(member),
        servedAtMs: undefined,
      });
      this.recheck();
      return;
    }
    const planned: KeptPush = {
      worker: identity.worker,
      incarnation: identity.incarnation,
      sequence,
      clock,
      versionRead: header.versionRead,
      kind: header.kind,
      samples: header.samples,
      gradient: push.gradient,
      staged: push,
      clockLag: this.clockLag(member),
      servedAtMs: member.served.get(clock)?.atMs,
    };
    const view = this.view(loaded);
    const fault = loaded.policy.fault(planned, view);
    if (fault !== undefined) return refuse('INVALID_ARGUMENT', fault);
    const versionLag = loaded.version - header.versionRead;
    const plan = loaded.policy.onPush(planned, view);
    if (plan.update) this.apply(loaded, plan.update, plan.outcome);
    else if (plan.outcome !== 'buffered') {
      this.record(loaded, push, member, plan.outcome, { ...planned, versionApplied: -1, weight: 0, round: -1 });
    }
    this.settle(loaded, member, push, {
      outcome: plan.outcome,
      versionLag: plan.outcome === 'buffered' ? -1 : versionLag,
      version: loaded.version,
    });
    this.recheck();
  }

  /** The first outcome again; applied once. */
  private repeat(loaded: Loaded, stream: StreamId, sequence: number, decided: DecidedPush | undefined): void {
    this.sendPushReply(stream, sequence, decided ?? { outcome: undefined, versionLag: -1, version: loaded.version }, true);
  }

  private initialize(loaded: Loaded, push: StagedPush): void {
    const repeated = loaded.initialized;
    if (!repeated) {
      loaded.vectors.initialize(push.gradient);
      loaded.initialized = true;
      loaded.snapshot = undefined;
    }
    this.sendPushReply(push.stream, push.header.sequence, { outcome: 'applied', versionLag: 0, version: loaded.version }, repeated);
    this.recheck();
  }

  private apply(loaded: Loaded, update: PlannedUpdate<KeptPush>, outcome: Outcome): void {
    const before = loaded.version;
    loaded.vectors.apply(update);
    loaded.version += 1;
    loaded.snapshot = undefined;
    update.pushes.forEach((push, index) => {
      this.record(loaded, push.staged, push, outcome, {
        versionApplied: before + 1,
        weight: update.weights[index] ?? 0,
        round: update.round,
        clockLag: push.clockLag,
        servedAtMs: push.servedAtMs,
      });
    });
  }

  private settle(loaded: Loaded, member: LiveMember, push: StagedPush, decided: DecidedPush): void {
    const { sequence, clock, firstBatch, batchCount } = push.header;
    loaded.sequences.set(memberKey(member.worker, member.incarnation), sequence);
    loaded.batches.set(firstBatch, batchCount, decided.outcome);
    member.clock = Math.max(member.clock, clock + 1);
    member.served.delete(clock);
    member.decided.set(sequence, decided);
    member.decided.delete(sequence - OUTCOMES_KEPT);
    this.sendPushReply(push.stream, sequence, decided, false);
  }

  // ---- orders

  private onOrder(order: Order, epoch: number, replyTo: number): void {
    const reply = (value: OrderReply): void => {
      this.effects.push({ type: 'orderReply', replyTo, reply: value });
    };
    if (epoch < this.highestEpoch) {
      return reply({ type: 'refused', epoch: this.highestEpoch, why: `epoch ${epoch} is over: ${this.highestEpoch} leads` });
    }
    if (epoch > this.highestEpoch) {
      this.highestEpoch = epoch;
      for (const stream of this.streams.keys()) this.send(stream, { type: 'notice', notice: 'newerEpoch', value: epoch });
      if (this.mark) this.dropMark();
    }
    switch (order.type) {
      case 'members':
        return reply({ type: 'members', dropped: this.setMembers(epoch, order.number, order.history, order.members) });
      case 'fence':
        this.fence(order.history);
        return reply({ type: 'fence', incarnations: this.table.incarnations(), version: this.lastVersion });
      case 'load':
        return reply(this.load(order, epoch));
    }
    const { loaded } = this;
    if (!loaded) return reply({ type: 'unloaded' });
    switch (order.type) {
      case 'mark':
        return reply({ type: 'mark', sequences: this.openMark(loaded, order.id) });
      case 'cut':
        return this.cut(order.id, order.sequences, replyTo);
      case 'dropMark':
        if (this.mark?.id === order.id) this.dropMark();
        return reply({ type: 'done', version: loaded.version });
      case 'collect':
        return reply({ type: 'collect', outcomes: loaded.batches.runs(), sequences: Object.fromEntries(loaded.sequences) });
      case 'forget':
        if (order.history !== this.history) return reply(this.otherHistory(order.history));
        loaded.batches.forget(order.batches, this.mark !== undefined);
        return reply({ type: 'done', version: loaded.version });
      case 'finish':
        if (order.history !== this.history) return reply(this.otherHistory(order.history));
        this.finish(loaded);
        return reply({ type: 'done', version: loaded.version });
    }
  }

  /** What an order says of one history is not so in another: delayed past a restore, it must change nothing. */
  private otherHistory(history: number): OrderReply {
    return { type: 'refused', epoch: this.highestEpoch, why: `the order is for history ${history}; this shard is in ${this.history}` };
  }

  private setMembers(epoch: number, number: number, history: number, list: readonly Member[]): readonly Member[] {
    if (history < this.history) return [];
    const change = this.table.setList(epoch, number, list);
    if (!change) return [];
    for (const member of change.left) {
      for (const pull of this.waiting.filter((waiting) => waiting.worker === member.worker)) {
        this.refuse(pull.stream, 'pull', 'FAILED_PRECONDITION', `incarnation ${member.incarnation} of ${member.worker} is over`, pull);
      }
      this.waiting = this.waiting.filter((pull) => pull.worker !== member.worker);
      this.recordEvent('leave', member);
    }
    this.recheck();
    this.completeMark();
    return change.refused;
  }

  /** From here on nothing of an older history counts; nothing is served until `load`. */
  private fence(history: number): void {
    if (history <= this.history) return;
    this.history = history;
    this.lastVersion = this.loaded?.version ?? 0;
    this.loaded = undefined;
    const held = this.mark?.release() ?? [];
    this.failCut('the job is being restored');
    this.mark = undefined;
    for (const { push } of held)
      this.refuse(push.stream, 'push', 'FAILED_PRECONDITION', 'the job is being restored: register again', push.header);
    for (const pull of this.waiting) {
      this.refuse(pull.stream, 'pull', 'FAILED_PRECONDITION', 'the job is being restored: register again', pull);
    }
    this.waiting = [];
  }

  private load(order: Extract<Order, { type: 'load' }>, epoch: number): OrderReply {
    if (order.history < this.history)
      return { type: 'refused', epoch, why: `history ${order.history} is over: ${this.history} is this shard's` };
    if (this.loaded && order.history === this.history) return { type: 'done', version: this.loaded.version };
    const { config, parts, ranges, mapVersion } = order;
    const vectors = this.createVectors(order);
    if (vectors instanceof TardigradError) return { type: 'refused', epoch, why: vectors.message };
    this.history = order.history;
    this.loaded = {
      config,
      ranges,
      mapVersion,
      vectors,
      policy: createPolicy<KeptPush>(config.consistency),
      batches: new BatchLedger(parts?.outcomes ?? []),
      initialized: parts !== undefined,
      version: parts?.version ?? 0,
      arrivals: 0,
      sequences: new Map(Object.entries(parts?.sequences ?? {})),
      snapshot: undefined,
    };
    this.table.restart(parts?.clock ?? 0, parts?.incarnations ?? {});
    this.recordEvent('load', { worker: '', incarnation: 0, clock: parts?.clock ?? 0 });
    return { type: 'done', version: this.loaded.version };
  }

  /** Or why there is no memory for them: over the limit, or more than the machine has. */
  private createVectors({ config, ranges, parts }: Extract<Order, { type: 'load' }>): ShardVectors | TardigradError {
    const rule = {
      optimizer: createOptimizer(config.optimizer),
      schedule: createSchedule(config.schedule, config),
      learningRate: config.learningRate,
      clipByValue: config.clipByValue,
      samplesPerEpoch: config.samplesPerEpoch,
    };
    try {
      return new ShardVectors(ranges, rule, this.memory, parts);
    } catch (error) {
      if (error instanceof TardigradError && error.code === 'RESOURCE_EXHAUSTED') return error;
      throw error;
    }
  }

  /** The end of a job: what is kept is applied, each as one update. */
  private finish(loaded: Loaded): void {
    for (const update of loaded.policy.open()) {
      this.apply(loaded, update, 'buffered');
      if (this.table.counting() === 0) this.table.raiseFloor(update.round + 1);
    }
    loaded.policy.clear();
    this.recordEvent('finish', { worker: '', incarnation: 0, clock: this.table.minClock() });
    this.recheck();
  }

  // ---- the cut

  private openMark(loaded: Loaded, id: number): SequenceVector {
    if (this.mark?.id === id) return this.mark.sequences;
    if (this.mark) this.dropMark();
    this.mark = new Mark(id, Object.fromEntries(loaded.sequences), this.nowMs);
    this.recordEvent('mark', { worker: '', incarnation: 0, clock: this.table.minClock() });
    return this.mark.sequences;
  }

  private cut(id: number, sequences: SequenceVector, replyTo: number): void {
    const { mark } = this;
    if (mark?.id !== id) {
      const reply: OrderReply = { type: 'refused', epoch: this.highestEpoch, why: `mark ${id} was dropped here` };
      this.effects.push({ type: 'orderReply', replyTo, reply });
      return;
    }
    mark.target = { sequences, replyTo };
    for (const { push, worker, incarnation } of mark.release()) {
      if (mark.holds(worker, incarnation, push.header.sequence, this.decidedSequence(worker, incarnation))) {
        mark.hold({ push, worker, incarnation });
      } else this.decideHeld(push, worker, incarnation);
    }
    this.completeMark();
  }

  /** Everything up to M is decided here, or will never be (its member has left): copy, and go on at once. */
  private completeMark(): void {
    const { mark, loaded } = this;
    if (!mark?.target || !loaded) return;
    for (const [key, sequence] of Object.entries(mark.target.sequences)) {
      const { worker, incarnation } = memberOfKey(key);
      if (this.table.get(worker)?.incarnation === incarnation && (loaded.sequences.get(key) ?? 0) < sequence) return;
    }
    const reply: OrderReply = { type: 'cut', copy: this.copy(loaded), heldMs: this.nowMs - mark.sinceMs };
    this.effects.push({ type: 'orderReply', replyTo: mark.target.replyTo, reply });
    mark.target = undefined;
    this.recordEvent('cut', { worker: '', incarnation: 0, clock: this.table.minClock() });
    this.endMark(mark);
  }

  private dropMark(): void {
    const { mark } = this;
    if (!mark) return;
    this.failCut(`mark ${mark.id} was dropped`);
    this.endMark(mark);
  }

  private failCut(why: string): void {
    if (!this.mark?.target) return;
    const reply: OrderReply = { type: 'refused', epoch: this.highestEpoch, why };
    this.effects.push({ type: 'orderReply', replyTo: this.mark.target.replyTo, reply });
    this.mark.target = undefined;
  }

  private endMark(mark: Mark): void {
    this.mark = undefined;
    this.loaded?.batches.forgetPending();
    for (const { push, worker, incarnation } of mark.release()) this.decideHeld(push, worker, incarnation);
  }

  /** A held push goes through the whole transition now; its stream may have been replaced meanwhile. */
  private decideHeld(push: StagedPush, worker: string, incarnation: number): void {
    this.decide(push, { job: this.job, history: this.history, worker, incarnation });
  }

  private copy(loaded: Loaded): ShardCopy {
    const open: OpenUpdate[] = loaded.policy.open().map((update) => ({
      round: update.round,
      pushes: update.pushes.map(({ worker, incarnation, sequence, clock, versionRead, kind, samples, gradient }, index) => ({
        worker,
        incarnation,
        sequence,
        clock,
        versionRead,
        kind,
        samples,
        weight: update.weights[index] ?? 1,
        gradient: gradient.slice(),
      })),
    }));
    return {
      history: this.history,
      version: loaded.version,
      clock: this.table.maxClock(),
      segments: loaded.vectors.segmentStates(),
      x: this.snapshot(loaded),
      state: loaded.vectors.state(),
      sequences: Object.fromEntries(loaded.sequences),
      outcomes: loaded.batches.runs() as BatchOutcomes,
      open,
      incarnations: this.table.incarnations(),
      epoch: this.highestEpoch,
    };
  }

  // ---- time

  private onTick(): void {
    const { loaded } = this;
    if (!loaded) return;
    if (this.mark && this.nowMs - this.mark.sinceMs >= loaded.config.markTimeoutMs) this.dropMark();
    const expired = this.waiting.filter((pull) => this.nowMs - pull.sinceMs >= loaded.config.pullWaitMs);
    this.waiting = this.waiting.filter((pull) => !expired.includes(pull));
    for (const pull of expired) {
      this.send(pull.stream, { type: 'waiting', clock: pull.clock, why: pull.why || 'the job has no initial weights yet' });
    }
  }

  // ---- small things

  private fenced(identity: Identity): Fenced | undefined {
    if (identity.history < this.history) {
      return { code: 'FAILED_PRECONDITION', message: `history ${identity.history} is over (${this.history} now): register again` };
    }
    if (!this.loaded || identity.history > this.history)
      return { code: 'UNAVAILABLE', message: 'the job is not loaded here yet: try again' };
    return this.table.fenced(identity);
  }

  private member(identity: Identity): LiveMember {
    const member = this.table.get(identity.worker);
    assert(member !== undefined, 'an unfenced identity is a member');
    return member;
  }

  private decidedSequence(worker: string, incarnation: number): number {
    return this.loaded?.sequences.get(memberKey(worker, incarnation)) ?? 0;
  }

  private view(loaded: Loaded): PolicyView {
    return {
      version: loaded.version,
      minClock: this.table.minClock(),
      counting: this.table.counting(),
      versionsInFlight: (except) => this.table.versionsInFlight(except),
    };
  }

  private clockLag(member: LiveMember): number {
    return Math.max(0, this.table.maxClock() - member.clock);
  }

  private send(stream: StreamId, message: DownMessage): void {
    this.effects.push({ type: 'send', stream, message });
  }

  private sendPushReply(
    stream: StreamId,
    sequence: number,
    decided: Omit<DecidedPush, 'outcome'> & { outcome: Outcome | undefined },
    repeated: boolean,
  ): void {
    const reply: PushReply = { type: 'push', sequence, repeated, minClock: this.table.minClock(), ...decided };
    this.send(stream, reply);
  }

  private refuse(
    stream: StreamId,
    about: Refusal['about'],
    code: RefusalCode,
    message: string,
    of: { readonly sequence?: number; readonly clock?: number } = {},
  ): void {
    this.send(stream, { type: 'refusal', about, code, message, sequence: of.sequence ?? 0, clock: of.clock ?? 0 });
  }

  private record(
    loaded: Loaded,
    push: StagedPush,
    member: Member,
    outcome: Outcome,
    at: { versionApplied: number; weight: number; round: number; clockLag: number; servedAtMs: number | undefined },
  ): void {
    const { header } = push;
    const { versionApplied, weight, round, clockLag, servedAtMs } = at;
    loaded.arrivals += 1;
    this.effects.push({
      type: 'record',
      record: {
        arrival: loaded.arrivals,
        history: this.history,
        worker: member.worker,
        incarnation: member.incarnation,
        sequence: header.sequence,
        clock: header.clock,
        task: header.task,
        firstBatch: header.firstBatch,
        batchCount: header.batchCount,
        samples: header.samples,
        versionRead: header.versionRead,
        versionApplied,
        versionLag: versionApplied < 0 ? -1 : versionApplied - 1 - header.versionRead,
        clockLag,
        versionSpread: header.versionSpread,
        ageMs: servedAtMs === undefined ? -1 : this.nowMs - servedAtMs,
        outcome,
        weight,
        round,
        loss: header.loss,
      },
    });
  }

  private recordEvent(event: ShardEventRecord['event'], of: { worker: string; incarnation: number; clock: number }): void {
    const { worker, incarnation, clock } = of;
    this.effects.push({ type: 'eventRecord', record: { event, worker, incarnation, clock, version: this.loaded?.version ?? 0 } });
  }
}
