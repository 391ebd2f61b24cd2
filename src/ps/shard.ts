/**
 * A shard of one job: a pure state machine over events. It holds a run of the weights, decides what becomes of each push
 * and which pull is served when. Time comes in as an argument; gRPC, disk and randomness stay outside. The same state and
 * the same event give the same state and the same effects on every machine.
 *
 * A push, in order: (staged whole by the server) -> held by an open mark? -> fence -> identity -> policy -> apply -> reply.
 * Fence and identity are judged here, after staging, in one step that nothing interrupts: judged before it, a push on a
 * half-open stream and its repeat on the next would both count as new.
 */
import type { PlannedUpdate } from '../algorithms/policies/policy.ts';
import { assert, type TardigradError } from '../errors.ts';
import type { VectorMemory } from '../tensor/slabs.ts';
import type { ExpectedPush } from '../transport/staging.ts';
import { memberKey, type Member } from '../transport/members.ts';
import type { Identity, Outcome, Range, RefusalCode, UpMessage } from '../transport/messages.ts';
import { Cutting } from './cutting.ts';
import type { Effect, ShardConfig, ShardEvent, StagedPush, StreamId } from './events.ts';
import { memoryRefusal, type KeptPush, type Loaded } from './loaded.ts';
import type { DecidedPush, LiveMember } from './members.ts';
import { Presence } from './presence.ts';
import { PULLS_WAITING_LIMIT, type WaitingPull } from './pull-queue.ts';
import { ShardOrders } from './shard-orders.ts';
import { ShardState } from './shard-state.ts';
import { stalenessRecord, type Verdict } from './staleness-record.ts';

/** Outcomes kept for each worker, for repeats: pipelining (at most 1) + 2. */
const OUTCOMES_KEPT = 3;

export class Shard {
  readonly job: string;
  private readonly state: ShardState;
  private readonly presence: Presence;
  private readonly cutting: Cutting;
  private readonly orders: ShardOrders;

  constructor(job: string, memory: VectorMemory) {
    this.job = job;
    this.state = new ShardState(job, memory);
    this.presence = new Presence(this.state, () => this.recheck());
    this.cutting = new Cutting(this.state, (push, identity) => this.decide(push, identity));
    this.orders = new ShardOrders(this.state, this.cutting, {
      recheck: () => this.recheck(),
      apply: (loaded, update, outcome) => this.apply(loaded, update, outcome),
    });
  }

  /** The highest epoch seen; every reply carries it. */
  get epoch(): number {
    return this.state.epoch;
  }

  handle(event: ShardEvent, nowMs: number): Effect[] {
    const { effects } = this.state;
    effects.begin();
    this.state.nowMs = nowMs;
    switch (event.type) {
      case 'message':
        this.onMessage(event.stream, event.message);
        break;
      case 'streamClosed':
        this.presence.forget(event.stream);
        break;
      case 'order':
        this.orders.handle(event.order, event.epoch, event.replyTo);
        break;
      case 'tick':
        this.onTick();
        break;
    }
    return effects.list;
  }

  // ---- what is seen from outside

  status() {
    const { loaded, history, table, pulls } = this.state;
    return {
      loaded: loaded !== undefined,
      initialized: loaded?.initialized ?? false,
      history,
      version: loaded?.version ?? 0,
      minClock: table.minClock(),
      maxClock: table.maxClock(),
      members: table.counting(),
      waiting: pulls.all().map(({ worker, clock, why }) => ({ worker, clock, why })),
      elements: loaded?.vectors.elements ?? 0,
      ranges: loaded?.ranges ?? [],
      mapVersion: loaded?.mapVersion ?? 0,
    };
  }

  /** For proofs: a digest of everything that a push could change. */
  stateHash(): string {
    const { loaded } = this.state;
    if (!loaded) return 'unloaded';
    return `${loaded.vectors.hash()} v${loaded.version} ${JSON.stringify(loaded.vectors.segmentStates())} ${JSON.stringify([...loaded.sequences].toSorted())}`;
  }

  /** Of weights and optimizer state alone: what a cut's copy has too. */
  vectorsHash(): string {
    return this.state.loaded?.vectors.hash() ?? 'unloaded';
  }

  /** A copy of the weights as a stand-alone pull gets them. */
  read(): { version: number; values: Float32Array; mapVersion: number; ranges: readonly Range[]; minClock: number } | undefined {
    const { loaded, table } = this.state;
    if (!loaded?.initialized) return undefined;
    const { version, mapVersion, ranges } = loaded;
    return { version, values: loaded.weights(), mapVersion, ranges, minClock: table.minClock() };
  }

  /** What a push to it must hold, and where it is put together; undefined while nothing is loaded. */
  expectedPush(): ExpectedPush | undefined {
    const { loaded } = this.state;
    if (!loaded) return undefined;
    const { mapVersion, ranges, vectors } = loaded;
    return { mapVersion, ranges, elements: vectors.elements, gradients: vectors.gradients };
  }

  /** Why elements so many cannot be held here, before any memory is taken for them. RESOURCE_EXHAUSTED, naming the limit. */
  refusal(ranges: readonly Range[], config: ShardConfig): TardigradError | undefined {
    return memoryRefusal(this.state.memory, ranges, config);
  }

  // ---- messages and time

  private onMessage(stream: StreamId, message: UpMessage): void {
    if (message.type === 'hello') {
      this.presence.hello(stream, message);
      return;
    }
    const identity = this.state.streams.get(stream) ?? (message.type === 'push' ? message.identity : undefined);
    if (!identity) {
      this.state.effects.refuse(stream, message.type, 'INVALID_ARGUMENT', 'a stream opens with a hello: send it first');
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
        this.presence.idle(stream, identity);
        break;
    }
  }

  private onTick(): void {
    const { loaded, pulls, effects, nowMs } = this.state;
    if (!loaded) return;
    this.cutting.dropOlderThan(loaded.config.markTimeoutMs);
    for (const { stream, clock, why } of pulls.takeOlderThan(nowMs, loaded.config.pullWaitMs))
      effects.send(stream, { type: 'waiting', clock, why: why || 'the job has no initial weights yet' });
  }

  // ---- pulls

  private onPull(stream: StreamId, identity: Identity, clock: number): void {
    const { state } = this;
    const { worker } = identity;
    const refuse = (code: RefusalCode, message: string): void => state.effects.refuse(stream, 'pull', code, message, { clock });
    const fenced = state.fenced(identity);
    if (fenced) return refuse(fenced.code, fenced.message);
    const member = state.member(identity);
    if (!member.hello || member.idle) return refuse('INVALID_ARGUMENT', 'an idle worker does not pull: send a hello that enters first');
    if (state.pulls.full(worker, clock))
      return refuse('RESOURCE_EXHAUSTED', `${PULLS_WAITING_LIMIT} pulls of this worker wait already: wait for them`);
    // Only the first pull after entering raises the clock; one sent ahead (pipelining) must not, or ssp's promise breaks.
    if (member.entering) member.clock = Math.max(member.clock, clock);
    member.entering = false;
    member.served.delete(clock);
    state.pulls.add({ worker, clock, stream, sinceMs: state.nowMs });
    this.recheck();
  }

  private serve(loaded: Loaded, { worker, clock, stream, sinceMs }: WaitingPull): void {
    const { table, effects, nowMs } = this.state;
    const member = table.get(worker);
    assert(member !== undefined, 'a pull that waits belongs to a member');
    const { version, mapVersion, ranges } = loaded;
    member.served.set(clock, { version, atMs: nowMs });
    effects.send(stream, {
      type: 'weights',
      clock,
      version,
      minClock: table.minClock(),
      mapVersion,
      ranges,
      heldMs: nowMs - sinceMs,
      values: loaded.weights(),
    });
  }

  /** Something changed: apply what is due now, then serve every pull that may be served, until nothing moves. */
  private recheck(): void {
    const { loaded, table, pulls } = this.state;
    if (!loaded?.initialized) return;
    for (;;) {
      const view = this.state.view(loaded);
      const update = loaded.policy.due(view);
      if (update) {
        if (view.counting === 0) table.raiseFloor(update.round + 1);
        this.apply(loaded, update, 'buffered');
        continue;
      }
      const pull = pulls.takeServed((waiting) => loaded.policy.onPull(waiting, view));
      if (!pull) return;
      this.serve(loaded, pull);
    }
  }

  // ---- pushes

  private onPush(push: StagedPush, identity: Identity): void {
    if (this.cutting.hold(push, identity)) return;
    this.decide(push, identity);
    this.cutting.complete();
  }

  /** THE transition of a push: fence, identity, policy, apply, reply. */
  private decide(push: StagedPush, identity: Identity): void {
    const { state } = this;
    const { header, stream } = push;
    const { sequence, clock } = header;
    const refuse = (code: RefusalCode, message: string): void => state.effects.refuse(stream, 'push', code, message, { sequence, clock });
    const fenced = state.fenced(identity);
    if (fenced) return refuse(fenced.code, fenced.message);
    const { loaded } = state;
    assert(loaded !== undefined, 'an unfenced push has a loaded shard');
    if (header.kind === 'initial') return this.initialize(loaded, push);

    const member = state.member(identity);
    const last = state.decidedSequence(identity.worker, identity.incarnation);
    if (sequence <= last) return this.repeat(loaded, stream, sequence, member.decided.get(sequence));
    if (sequence > last + 1) return refuse('OUT_OF_RANGE', `sequence ${sequence} leaves a gap: the next is ${last + 1}`);
    if (!member.hello || member.idle) return refuse('INVALID_ARGUMENT', 'an idle worker does not push: send a hello that enters first');
    if (!loaded.initialized) return refuse('UNAVAILABLE', 'the job has no initial weights yet: try again');
    if (clock < member.clock) return refuse('INVALID_ARGUMENT', `clock ${clock} is behind this worker's ${member.clock}`);

    const notApplied = { versionApplied: -1, weight: 0, round: -1 };
    if (header.kind === 'void') {
      this.record(loaded, push, member, { ...notApplied, outcome: 'void', clockLag: this.clockLag(member), servedAtMs: undefined });
      this.settle(loaded, member, push, { outcome: 'void', versionLag: -1, version: loaded.version });
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
    const view = state.view(loaded);
    const fault = loaded.policy.fault(planned, view);
    if (fault !== undefined) return refuse('INVALID_ARGUMENT', fault);
    const versionLag = loaded.version - header.versionRead;
    const plan = loaded.policy.onPush(planned, view);
    const { outcome } = plan;
    if (plan.update) this.apply(loaded, plan.update, outcome);
    else if (outcome !== 'buffered') {
      const { clockLag, servedAtMs } = planned;
      this.record(loaded, push, member, { ...notApplied, outcome, clockLag, servedAtMs });
    }
    this.settle(loaded, member, push, { outcome, versionLag: outcome === 'buffered' ? -1 : versionLag, version: loaded.version });
    this.recheck();
  }

  /** The first outcome again; applied once. */
  private repeat(loaded: Loaded, stream: StreamId, sequence: number, decided: DecidedPush | undefined): void {
    const outcome = decided ?? { outcome: undefined, versionLag: -1, version: loaded.version };
    this.answer(stream, sequence, outcome, true);
  }

  private initialize(loaded: Loaded, push: StagedPush): void {
    const repeated = loaded.initialized;
    if (!repeated) loaded.initialize(push.gradient);
    this.answer(push.stream, push.header.sequence, { outcome: 'applied', versionLag: 0, version: loaded.version }, repeated);
    this.recheck();
  }

  private apply(loaded: Loaded, update: PlannedUpdate<KeptPush>, outcome: Outcome): void {
    loaded.apply(update);
    const { round } = update;
    const versionApplied = loaded.version;
    update.pushes.forEach((push, index) => {
      const { staged, clockLag, servedAtMs } = push;
      this.record(loaded, staged, push, { outcome, versionApplied, weight: update.weights[index] ?? 0, round, clockLag, servedAtMs });
      // A kept gradient stayed here when its push was answered; any other goes back with the answer.
      if (outcome === 'buffered') loaded.vectors.gradients.give(push.gradient);
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
    this.answer(push.stream, sequence, decided, false);
  }

  private clockLag(member: LiveMember): number {
    return Math.max(0, this.state.table.maxClock() - member.clock);
  }

  private answer(
    stream: StreamId,
    sequence: number,
    decided: Omit<DecidedPush, 'outcome'> & { outcome: Outcome | undefined },
    repeated: boolean,
  ): void {
    const { effects, table } = this.state;
    effects.answerPush(stream, { sequence, repeated, minClock: table.minClock(), ...decided });
  }

  private record(loaded: Loaded, push: StagedPush, member: Member, verdict: Verdict): void {
    const { effects, history, nowMs } = this.state;
    loaded.arrivals += 1;
    effects.record(stalenessRecord(push, member, verdict, { arrival: loaded.arrivals, history, nowMs }));
  }
}
