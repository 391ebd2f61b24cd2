/**
 * The leader of one job: membership, data tasks, cuts, restores and the job's own life, as a pure state machine. Requests
 * of workers come in with a callback for the answer; orders to shards and writes to the store go out through ports as
 * tickets; operations are generators that wait for those. It is never on the step path.
 *
 * The order that keeps every batch exactly once when a worker leaves: store the eviction -> fence it on every shard ->
 * collect what was settled -> give back the rest. In any other order a push in flight is trained twice.
 */
import type { Member } from '../transport/members.ts';
import type { Identity, Range } from '../transport/messages.ts';
import type { HeldTask, TaskGrant, WorkerAnswer, WorkerRequest } from '../transport/requests.ts';
import { settledBy, settledRuns, takeCut, tornIn, type CutTaken } from './cut.ts';
import { DataTasks } from './data-tasks.ts';
import { Membership, type LeasedMember } from './membership.ts';
import type { JobState, LeaderPorts, Manifest, ShardReply, StoredJob } from './ports.ts';
import { SettledLedger, type BatchShape } from './settled.ts';
import { all, type Operation, type Ticket } from './ticket.ts';

export interface LeaderOptions {
  readonly job: string;
  readonly epoch: number;
  readonly shape: BatchShape;
  /** Infinity where the job has no number of epochs. */
  readonly totalBatches: number;
  readonly taskBatches: number;
  /** Batches reserved in the store ahead of use. */
  readonly reserveBatches: number;
  readonly mapVersion: number;
  readonly ranges: readonly (readonly Range[])[];
  readonly leaseMs: number;
  /** A server that is gone for longer than this makes the job fail. */
  readonly serverReturnMs: number;
  readonly evaluateEveryUpdates: number | undefined;
  /** How long the end of a job waits for its last evaluation when nobody takes it. */
  readonly evaluationWaitMs: number;
  readonly checkpointEveryMs: number | undefined;
  readonly checkpointEveryUpdates: number | undefined;
  /** Fewer members than this get no tasks; more than `workersMax` are not admitted. */
  readonly workersMin: number;
  readonly workersMax: number;
  readonly stop: { readonly targetAccuracy?: number; readonly maxMs?: number; readonly maxUpdates?: number };
}

export interface Evaluation {
  readonly updates: number;
  readonly versions: readonly number[];
  readonly loss: number;
  readonly accuracy: number;
  readonly samples: number;
  readonly atMs: number;
  readonly epochs: number;
}

export interface WorkerCall {
  readonly worker: string;
  readonly evaluator: boolean;
  readonly identity: Identity | undefined;
  readonly held: readonly HeldTask[];
  readonly request: WorkerRequest;
}

export type SnapshotAnswer =
  | { readonly ok: true; readonly id: number; readonly versions: readonly number[] }
  | { readonly ok: false; readonly why: string };

/** Restores in a row without one stored task between them. */
const RESTORES_WITHOUT_PROGRESS = 10;
/** Each leader numbers its tasks in a range of its own. */
const TASKS_PER_EPOCH = 2 ** 32;
/** A final evaluation or checkpoint that fails is tried again this often. */
const FINAL_TRIES = 5;
/** Between two tries of a checkpoint that the job cannot go on without: a server may be on its way back. */
const CUT_RETRY_MS = 500;

interface Running {
  readonly generator: Operation;
  readonly name: string;
  /** Called when a restore ends it half-way. */
  readonly cancelled: (() => void) | undefined;
  ready: () => boolean;
}

interface PendingEvaluation {
  readonly task: number;
  readonly updates: number;
  leasedTo: string | undefined;
}

interface SnapshotWaiter {
  readonly answer: (snapshot: SnapshotAnswer) => void;
}

export class JobLeader {
  private readonly options: LeaderOptions;
  private readonly ports: LeaderPorts;
  private readonly membership: Membership;
  private settled: SettledLedger;
  private tasks: DataTasks;
  private operations: Running[] = [];
  private stateNow: JobState;
  private reasonNow = '';
  private history: number;
  private reserved: number;
  private listNumber = 0;
  private recovering = false;
  private deposed = false;
  private cutting = false;
  private cutNumber: number;
  private readonly versions: number[];
  private readonly lostSinceMs = new Map<number, number>();
  private serverLives = 0;
  private initializeTask: { task: number; leasedTo: Member | undefined } | undefined;
  private evaluation: PendingEvaluation | undefined;
  private evaluatedUpdates: number;
  private readonly evaluationsDone: Evaluation[] = [];
  private snapshotWaiters: SnapshotWaiter[] = [];
  private toForget: (readonly [firstBatch: number, count: number])[] = [];
  private draining: { reason: string; state: 'succeeded' | 'stopped' } | undefined;
  private checkpointWanted: ((answer: { written: boolean; why: string; id: number }) => void)[] = [];
  private lastCheckpointMs: number;
  private lastCheckpointUpdates = 0;
  private lastManifest: Manifest | undefined;
  private refusedAttempts: number;
  private redoneBatches: number;
  private redoneUpdates: number;
  private restores: number;
  private restoresInARow = 0;
  private elapsedMs: number;
  private nowMs: number;
  private lastTickMs: number;
  /** Reserved in the store when this leader took over: what it must account for before it leads. */
  private readonly inherited: number;
  /** Named by the manifest that this history was restored from. */
  private tornBefore: readonly string[];
  /** Its server holds nothing of the job, and nobody has said that it restarted. */
  private emptyShard: number | undefined;
  /** The shards of the run before were cut in another way: they cannot be taken over as they are. */
  private readonly recut: boolean;

  constructor(options: LeaderOptions, ports: LeaderPorts, stored: StoredJob | undefined, nowMs: number) {
    this.options = options;
    this.ports = ports;
    this.nowMs = nowMs;
    this.lastTickMs = nowMs;
    this.inherited = stored?.reserved ?? 0;
    this.tornBefore = stored?.torn ?? [];
    this.draining = stored?.draining;
    this.recut = stored !== undefined && JSON.stringify(stored.ranges) !== JSON.stringify(options.ranges);
    this.stateNow = stored?.state ?? 'loading';
    this.reasonNow = stored?.reason ?? '';
    this.history = stored?.history ?? 0;
    this.reserved = stored?.reserved ?? 0;
    this.refusedAttempts = stored?.refusedAttempts ?? 0;
    this.redoneBatches = stored?.redoneBatches ?? 0;
    this.redoneUpdates = stored?.redoneUpdates ?? 0;
    this.restores = stored?.restores ?? 0;
    this.cutNumber = stored?.checkpoints ?? 0;
    this.evaluatedUpdates = stored?.evaluatedUpdates ?? 0;
    this.elapsedMs = stored?.elapsedMs ?? 0;
    this.lastCheckpointMs = nowMs;
    this.versions = options.ranges.map((_, shard) => stored?.versions[shard] ?? 0);
    this.membership = new Membership(options.leaseMs, stored?.members ?? {}, stored?.incarnations ?? {}, nowMs);
    this.settled = new SettledLedger(options.shape, stored?.settled);
    this.tasks = new DataTasks(
      { batchesPerEpoch: options.shape.batchesPerEpoch, totalBatches: options.totalBatches, taskBatches: options.taskBatches },
      this.settled,
      options.epoch * TASKS_PER_EPOCH,
    );
  }

  /** @param resume an earlier run's checkpoints are where it goes on from. */
  begin(nowMs: number, resume: boolean): void {
    this.nowMs = nowMs;
    if (this.over) return;
    if (resume) this.draining = undefined;
    if (this.stateNow === 'running' || this.stateNow === 'finishing') {
      if (resume || this.recut) this.spawn('restore', this.restore('resumed from its last checkpoint', false));
      else {
        this.recovering = true;
        this.spawn('recover', this.recover());
      }
    } else
      this.spawn(
        'restore',
        this.restore(resume ? 'resumed from its last checkpoint' : 'started', this.stateNow === 'restoring' && !resume),
      );
    this.pump();
  }

  // ---- what is known

  get state(): JobState {
    return this.stateNow;
  }

  get over(): boolean {
    return this.stateNow === 'succeeded' || this.stateNow === 'stopped' || this.stateNow === 'failed';
  }

  /** A newer leader has been seen: this one gives no more orders. */
  get isDeposed(): boolean {
    return this.deposed;
  }

  get reason(): string {
    return this.reasonNow;
  }

  /** Updates over all shards: the least version, as last reported. */
  get updates(): number {
    return Math.min(...this.versions);
  }

  get evaluations(): readonly Evaluation[] {
    return this.evaluationsDone;
  }

  accounting() {
    const { batchesPerEpoch } = this.options.shape;
    const { totalBatches } = this.options;
    const samples = this.settled.samplesByKind();
    const settledSamples = Object.values(samples).reduce((sum, count) => sum + count, 0);
    const planned = Number.isFinite(totalBatches) ? (totalBatches / batchesPerEpoch) * this.options.shape.samplesPerEpoch : undefined;
    return {
      planned,
      ...samples,
      neverSeen: planned === undefined ? undefined : planned - settledSamples,
      settledBatches: this.settled.count,
      refusedAttempts: this.refusedAttempts,
      redoneBatches: this.redoneBatches,
      redoneUpdates: this.redoneUpdates,
      restores: this.restores,
    };
  }

  progress() {
    return {
      history: this.history,
      recovering: this.recovering,
      cutting: this.cutting,
      versions: [...this.versions],
      members: this.membership
        .all()
        .map(({ worker, incarnation, evaluator, lastHeardMs }) => ({ worker, incarnation, evaluator, lastHeardMs })),
      leasedTasks: this.tasks.leased,
      pooledBatches: this.tasks.pooledBatches(),
      reserved: this.reserved,
      checkpoint: this.lastManifest
        ? { id: this.lastManifest.id, versions: this.lastManifest.versions, heldMs: this.lastManifest.heldMs }
        : undefined,
      elapsedMs: this.elapsedMs,
      operations: this.operations.map(({ name }) => name),
      draining: this.draining?.reason,
    };
  }

  // ---- what happens

  tick(nowMs: number): void {
    this.nowMs = nowMs;
    // From tick to tick: what comes between two ticks moves `nowMs` too, and its time would be lost.
    const asleepMs = nowMs - this.lastTickMs;
    this.lastTickMs = nowMs;
    if (this.stateNow === 'running') this.elapsedMs += asleepMs;
    if (this.over || this.deposed) return;
    if (asleepMs > this.options.leaseMs / 3) this.membership.renewAll(nowMs);
    for (const [shard, since] of this.lostSinceMs) {
      if (nowMs - since > this.options.serverReturnMs) {
        this.end(
          'failed',
          `server of shard ${shard} has been gone for ${Math.round((nowMs - since) / 1000)} s, longer than ${this.options.serverReturnMs / 1000} s`,
        );
        return;
      }
    }
    if (!this.restoring()) {
      for (const member of this.membership.expired(nowMs)) {
        this.ports.event('leaseOver', `${member.worker} has not been heard of for ${this.options.leaseMs} ms: it no longer counts`, {
          worker: member.worker,
        });
        this.evict(member);
      }
      this.schedule();
    }
    this.pump();
  }

  /** A ticket may have been filled. */
  pump(): void {
    for (;;) {
      const next = this.deposed ? undefined : this.operations.find((operation) => operation.ready());
      if (!next) return;
      this.step(next);
      if (this.emptyShard !== undefined) this.restoreEmpty(this.emptyShard);
    }
  }

  private restoreEmpty(shard: number): void {
    this.emptyShard = undefined;
    if (!this.over && !this.deposed && !this.restoring()) this.startRestore(`shard ${shard} holds nothing of the job`);
  }

  /** A server process of a new life: what its shard held is gone. */
  serverRestarted(shard: number, nowMs: number): void {
    this.nowMs = nowMs;
    this.serverLives += 1;
    this.lostSinceMs.delete(shard);
    if (this.over || this.deposed || this.restoring()) {
      this.pump();
      return;
    }
    this.startRestore(`shard ${shard} was lost with its server`);
    this.pump();
  }

  serverSilent(shard: number, nowMs: number): void {
    if (!this.lostSinceMs.has(shard)) this.lostSinceMs.set(shard, nowMs);
  }

  serverHeard(shard: number, version: number | undefined): void {
    this.lostSinceMs.delete(shard);
    if (version !== undefined && !this.restoring()) this.versions[shard] = version;
  }

  /** The job ends early, in good order. */
  stop(reason: string, nowMs: number): void {
    this.nowMs = nowMs;
    this.drain(reason, 'stopped');
    this.pump();
  }

  checkpointNow(answer: (answer: { written: boolean; why: string; id: number }) => void): void {
    if (this.stateNow !== 'running') answer({ written: false, why: `the job is ${this.stateNow}`, id: -1 });
    else this.checkpointWanted.push(answer);
  }

  /** For evaluation: all shards at one vector of sequences. Requests that wait share the next cut. */
  snapshot(identity: Identity, answer: (snapshot: SnapshotAnswer) => void): void {
    if (!this.membership.is(identity.worker, identity.incarnation))
      return answer({ ok: false, why: 'this incarnation is over: register again' });
    if (this.restoring() || this.over) return answer({ ok: false, why: `the job is ${this.stateNow}` });
    this.snapshotWaiters.push({ answer });
    this.schedule();
    this.pump();
  }

  evaluated(identity: Identity, task: number, result: Omit<Evaluation, 'updates' | 'atMs' | 'epochs'>): void {
    const { evaluation } = this;
    if (!this.membership.is(identity.worker, identity.incarnation) || evaluation?.task !== task) return;
    this.evaluation = undefined;
    const done: Evaluation = {
      ...result,
      updates: Math.min(...result.versions),
      atMs: this.elapsedMs,
      epochs: this.settled.count / this.options.shape.batchesPerEpoch,
    };
    this.evaluationsDone.push(done);
    this.ports.event('evaluated', `test accuracy ${(result.accuracy * 100).toFixed(2)} % after ${done.updates} updates`, {
      updates: done.updates,
      accuracy: result.accuracy,
      loss: result.loss,
    });
    const { targetAccuracy } = this.options.stop;
    if (targetAccuracy !== undefined && result.accuracy >= targetAccuracy) {
      this.drain(
        `test accuracy ${(result.accuracy * 100).toFixed(2)} % reached the target ${(targetAccuracy * 100).toFixed(2)} %`,
        'succeeded',
      );
    }
    this.pump();
  }

  // ---- requests of workers

  request(call: WorkerCall, answer: (answer: WorkerAnswer) => void, nowMs: number): void {
    this.nowMs = nowMs;
    if (this.deposed) return answer({ type: 'wait', why: 'another coordinator leads' });
    if (this.over) return answer({ type: 'finished' });
    if (this.restoring()) return answer({ type: 'wait', why: `the job is ${this.stateNow}` });
    if (call.request.type === 'register') {
      this.register(call, answer);
      this.pump();
      return;
    }
    const { identity } = call;
    const member = identity && this.membership.get(identity.worker);
    if (!identity || !member || member.incarnation !== identity.incarnation || identity.history !== this.history || member.leaving) {
      return answer({ type: 'fenced', why: `incarnation ${identity?.incarnation} of ${call.worker} is over` });
    }
    member.lastHeardMs = nowMs;
    if (!member.reported) {
      member.reported = true;
      this.tasks.adopt(member.worker, member.incarnation, call.held);
    }
    this.answerMember(member, call, answer);
    this.pump();
  }

  private answerMember(member: LeasedMember, call: WorkerCall, answer: (answer: WorkerAnswer) => void): void {
    const { request, held } = call;
    const drain = this.draining !== undefined && !member.evaluator;
    switch (request.type) {
      case 'report':
        return answer({ type: 'ok', drain });
      case 'lease':
        if (drain) return answer({ type: 'ok', drain });
        return answer(member.evaluator ? this.leaseEvaluation(member) : this.lease(member, held));
      case 'finish':
        this.finishTask(member, request);
        return answer({ type: 'ok', drain });
      case 'leave':
        this.evict(member);
        return answer({ type: 'ok', drain });
      case 'register':
        return undefined;
    }
  }

  private register(call: WorkerCall, answer: (answer: WorkerAnswer) => void): void {
    if (this.draining && !call.evaluator) return answer({ type: 'wait', why: `the job is ending: ${this.draining.reason}` });
    const others = this.membership.workers().filter(({ worker }) => worker !== call.worker).length;
    if (!call.evaluator && others >= this.options.workersMax) {
      return answer({ type: 'wait', why: `the job has its ${this.options.workersMax} workers (workers.max): this one is not needed` });
    }
    this.spawn('register', this.admit(call, answer), () => answer({ type: 'wait', why: 'the job is being restored' }));
  }

  private *admit(call: WorkerCall, answer: (answer: WorkerAnswer) => void): Operation {
    const { worker, evaluator } = call;
    const old = this.membership.get(worker);
    const incarnation = this.membership.nextIncarnation(worker);
    this.membership.set(worker, incarnation, evaluator, this.nowMs);
    if (!(yield* this.stored())) return;
    if (!evaluator) {
      yield* this.tellMembers();
      if (old) yield* this.giveBack(old);
    }
    const member = this.membership.get(worker);
    if (member?.incarnation !== incarnation) return answer({ type: 'wait', why: 'another process registered under this name' });
    member.lastHeardMs = this.nowMs;
    this.ports.event('joined', `${worker} joined${incarnation > 1 ? ` (its ${incarnation}. life)` : ''}`, { worker, incarnation });
    answer({
      type: 'registered',
      identity: { job: this.options.job, history: this.history, worker, incarnation },
      mapVersion: this.options.mapVersion,
      shards: this.options.ranges.map(() => ({ server: '', address: '' })),
    });
  }

  private lease(member: LeasedMember, held: readonly HeldTask[]): WorkerAnswer {
    const { worker, incarnation } = member;
    if (this.initializeTask && this.stateNow === 'initializing') return this.leaseInitialize(member);
    if (this.stateNow !== 'running' || this.membership.workers().length < this.options.workersMin) return { type: 'none' };
    const task = this.tasks.unnamed(worker, incarnation, held) ?? this.tasks.lease(worker, incarnation);
    if (task) return { type: 'task', task };
    if (this.reserved < this.options.totalBatches) {
      this.reserveAhead();
      return { type: 'wait', why: 'the next batches are being reserved' };
    }
    return { type: 'none' };
  }

  private leaseInitialize(member: LeasedMember): WorkerAnswer {
    const task = this.initializeTask;
    if (
      !task ||
      // It is done, and the first checkpoint is being written: training begins in a moment.
      this.operations.some(({ name }) => name === 'cut 0') ||
      (task.leasedTo && this.membership.is(task.leasedTo.worker, task.leasedTo.incarnation) && task.leasedTo.worker !== member.worker)
    ) {
      return { type: 'none' };
    }
    task.leasedTo = member;
    const grant: TaskGrant = { task: task.task, kind: 'initialize', firstBatch: 0, count: 1 };
    return { type: 'task', task: grant };
  }

  private leaseEvaluation(member: LeasedMember): WorkerAnswer {
    const { evaluation } = this;
    if (!evaluation) return { type: 'none' };
    if (evaluation.leasedTo !== undefined && evaluation.leasedTo !== member.worker) return { type: 'none' };
    evaluation.leasedTo = member.worker;
    return { type: 'task', task: { task: evaluation.task, kind: 'evaluate', firstBatch: evaluation.updates, count: 0 } };
  }

  private finishTask(member: LeasedMember, request: Extract<WorkerRequest, { type: 'finish' }>): void {
    if (this.initializeTask && request.task === this.initializeTask.task) {
      if (this.stateNow === 'initializing' && !this.operations.some(({ name }) => name === 'cut 0'))
        this.spawn('cut 0', this.startTraining());
      return;
    }
    const owned = this.tasks.leasesOf(member.worker, member.incarnation);
    const range = owned.find((lease) => 'task' in lease && lease.task === request.task);
    if (!range) return; // reported before
    this.tasks.finish(request.task);
    for (const run of request.settled) {
      const first = Math.max(run.firstBatch, range.firstBatch);
      const end = Math.min(run.firstBatch + run.count, range.firstBatch + range.count);
      if (end > first) this.settled.settle(first, end - first, run.kind);
    }
    this.refusedAttempts += request.refusedAttempts;
    this.restoresInARow = 0;
    // What it did not account for (a worker that drains mid-way never reports; a liar might) goes back.
    this.tasks.give(range.firstBatch, range.count);
    this.spawn('store finish', this.storeFinish(range.firstBatch, range.count));
  }

  private *storeFinish(firstBatch: number, count: number): Operation {
    if (yield* this.stored()) this.toForget.push([firstBatch, count]);
  }

  // ---- membership

  private evict(member: LeasedMember): void {
    if (member.leaving) return;
    member.leaving = true;
    this.spawn(`evict ${member.worker}`, this.evicting(member));
  }

  private *evicting(member: LeasedMember): Operation {
    if (!this.membership.is(member.worker, member.incarnation)) return;
    this.membership.remove(member.worker);
    if (this.evaluation?.leasedTo === member.worker) this.evaluation.leasedTo = undefined;
    const record = this.write();
    if (!member.evaluator) {
      yield* this.tellMembers();
      yield* this.giveBack(member, record);
    }
    this.ports.event('left', `${member.worker} left`, { worker: member.worker, incarnation: member.incarnation });
  }

  /** Every shard knows the list, or is being restored. */
  private *tellMembers(): Operation {
    this.listNumber += 1;
    const members = this.membership.workers().map(({ worker, incarnation }) => ({ worker, incarnation }));
    const replies = yield* all(this.orderAll({ type: 'members', number: this.listNumber, history: this.history, members }));
    this.notice(replies);
    for (const reply of replies) {
      if (reply.type !== 'members') continue;
      for (const { worker, incarnation } of reply.dropped) {
        const member = this.membership.get(worker);
        if (member?.incarnation === incarnation) this.evict(member);
      }
    }
  }

  /** Fenced everywhere: what it had settled stays settled, the rest may be leased again, once its end is stored. */
  private *giveBack(member: Member, record: Ticket<boolean> = this.write()): Operation {
    yield () => record.done;
    if (!record.get()) return this.depose('the store knows a newer leader');
    const replies = yield* all(this.orderAll({ type: 'collect' }));
    this.notice(replies);
    const outcomes = replies.flatMap((reply) => (reply.type === 'collect' ? [reply.outcomes] : []));
    if (this.deposed || outcomes.length < replies.length) return; // a restore will settle it
    const kinds = settledBy(outcomes);
    for (const lease of this.tasks.endLeases(member.worker, member.incarnation)) {
      for (let batch = lease.firstBatch; batch < lease.firstBatch + lease.count; batch += 1) {
        const kind = kinds.get(batch);
        if (kind) this.settled.settle(batch, 1, kind);
      }
      this.tasks.give(lease.firstBatch, lease.count);
      this.spawn('store finish', this.storeSettled(lease.firstBatch, lease.count));
    }
  }

  private *storeSettled(firstBatch: number, count: number): Operation {
    if (!(yield* this.stored())) return;
    for (let batch = firstBatch; batch < firstBatch + count; batch += 1) if (this.settled.has(batch)) this.toForget.push([batch, 1]);
  }

  // ---- a new leader takes over

  private *recover(): Operation {
    yield* this.tellMembers();
    if (this.deposed) return;
    yield () =>
      this.membership.workers().every((member) => member.reported) &&
      !this.operations.some(({ name }) => name.startsWith('evict') || name === 'register');
    const replies = yield* all(this.orderAll({ type: 'collect' }));
    this.notice(replies);
    const outcomes = replies.flatMap((reply) => (reply.type === 'collect' ? [reply.outcomes] : []));
    if (this.deposed || outcomes.length < replies.length) return;
    const kinds = settledBy(outcomes);
    // Only what the leader before had reserved: newer ranges go to the pool when their reservation is stored.
    for (let batch = 0; batch < this.inherited; batch += 1) {
      if (this.settled.has(batch) || this.tasks.isLeased(batch) || this.tasks.isPooled(batch)) continue;
      const kind = kinds.get(batch);
      if (kind) this.settled.settle(batch, 1, kind);
      else this.tasks.give(batch, 1);
    }
    this.recovering = false;
    if (this.stateNow === 'finishing') this.stateNow = 'running'; // the end is done again, from its first step
    this.ports.event('recovered', `the new coordinator has taken over at epoch ${this.options.epoch}`, { epoch: this.options.epoch });
    this.write();
  }

  private reserveAhead(): void {
    if (this.reserved >= this.options.totalBatches || this.operations.some(({ name }) => name === 'reserve')) return;
    this.spawn('reserve', this.reserve());
  }

  private *reserve(): Operation {
    const from = this.reserved;
    this.reserved = Math.min(this.options.totalBatches, from + this.options.reserveBatches);
    const { reserved } = this;
    if (yield* this.stored()) this.tasks.give(from, reserved - from);
  }

  // ---- cuts

  private *startTraining(): Operation {
    const why = yield* this.checkpoint();
    if (why !== undefined) {
      this.ports.event('checkpointFailed', `the first checkpoint failed: ${why}`, {});
      this.lastCheckpointMs = this.nowMs;
      if (this.deposed) return;
      // Nothing was lost: the initial weights are on the shards, and the next try writes them.
      yield* this.pause(CUT_RETRY_MS);
      this.spawn('cut 0', this.startTraining());
      return;
    }
    this.initializeTask = undefined;
    this.stateNow = 'running';
    yield* this.stored();
  }

  /** Returns why it failed, or undefined. */
  private *checkpoint(): Operation<string | undefined> {
    yield () => !this.cutting;
    this.cutting = true;
    const noted = this.settled.runs();
    this.cutNumber += 1;
    const id = this.cutNumber;
    const { history } = this;
    // Stored before it is used: two leaders that wrote to one cut's files would spoil both.
    if (!(yield* this.stored())) return 'the store knows a newer leader';
    const cut = yield* takeCut(this.ports, this.versions.length, id, 'checkpoint');
    this.lastCheckpointMs = this.nowMs;
    this.lastCheckpointUpdates = this.updates;
    if (!cut.ok) {
      this.cutting = false;
      if (cut.newerEpoch !== undefined && cut.newerEpoch > this.options.epoch) this.depose(cut.why);
      this.emptyShard = cut.emptyShard;
      return cut.why;
    }
    const manifest = this.manifestOf(id, history, cut, noted);
    const ticket = this.ports.writeManifest(manifest);
    yield () => ticket.done;
    this.cutting = false;
    const problem = ticket.get();
    if (problem !== undefined) return problem;
    this.lastManifest = manifest;
    this.ports.event(
      'checkpoint',
      `checkpoint ${id} at versions ${manifest.versions.join(', ')}; pushes beyond it waited ${Math.max(...manifest.heldMs).toFixed(1)} ms`,
      {
        checkpoint: id,
        heldMsMax: Math.max(...manifest.heldMs),
      },
    );
    yield* this.stored();
    return undefined;
  }

  private manifestOf(
    id: number,
    history: number,
    cut: CutTaken,
    noted: readonly { firstBatch: number; count: number; kind: Parameters<SettledLedger['settle']>[2] }[],
  ): Manifest {
    const ledger = new SettledLedger(this.options.shape, [
      ...noted,
      ...settledRuns(settledBy(cut.replies.map(({ outcomes }) => outcomes))),
    ]);
    const torn = new Set([...this.tornBefore, ...(this.lastManifest?.history === history ? this.lastManifest.torn : []), ...tornIn(cut)]);
    return {
      format: 1,
      id,
      job: this.options.job,
      history,
      epoch: this.options.epoch,
      mapVersion: this.options.mapVersion,
      ranges: this.options.ranges,
      files: cut.replies.flatMap(({ file }) => (file ? [file] : [])),
      versions: cut.replies.map(({ version }) => version),
      stateHashes: cut.replies.map(({ stateHash }) => stateHash),
      sequences: cut.sequences,
      torn: [...torn].toSorted(),
      clock: Math.max(...cut.replies.map(({ clock }) => clock)),
      incarnations: this.membership.stored().incarnations,
      settled: ledger.runs(),
      refusedAttempts: this.refusedAttempts,
      heldMs: cut.replies.map(({ heldMs }) => heldMs),
      notHeld: [
        'what lives on workers (error-feedback residuals, local velocities)',
        "what belongs to a member's life (backups of pulled weights)",
      ],
      writtenAt: this.ports.wallClock(),
    };
  }

  private *takeSnapshot(): Operation {
    yield () => !this.cutting;
    const waiters = this.snapshotWaiters;
    this.snapshotWaiters = [];
    if (waiters.length === 0) return;
    this.cutting = true;
    this.cutNumber += 1;
    const id = this.cutNumber;
    const cut = yield* takeCut(this.ports, this.versions.length, id, 'snapshot');
    this.cutting = false;
    if (!cut.ok && cut.newerEpoch !== undefined && cut.newerEpoch > this.options.epoch) this.depose(cut.why);
    const answer: SnapshotAnswer = cut.ok
      ? { ok: true, id, versions: cut.replies.map(({ version }) => version) }
      : { ok: false, why: cut.why };
    for (const waiter of waiters) waiter.answer(answer);
  }

  // ---- restore

  private startRestore(why: string): void {
    const ended = this.operations;
    this.operations = [];
    for (const operation of ended) operation.cancelled?.();
    for (const waiter of this.snapshotWaiters) waiter.answer({ ok: false, why: 'the job is being restored' });
    for (const answer of this.checkpointWanted) answer({ written: false, why: 'the job is being restored', id: -1 });
    this.snapshotWaiters = [];
    this.checkpointWanted = [];
    this.cutting = false;
    this.recovering = false;
    this.restoresInARow += 1;
    if (this.restoresInARow > RESTORES_WITHOUT_PROGRESS) {
      this.end('failed', `${RESTORES_WITHOUT_PROGRESS} restores in a row without progress; the last because ${why}`);
      return;
    }
    this.spawn('restore', this.restore(why, true));
  }

  /** All shards go back to the last cut together, never a mixture; a new job is a restore from nothing. */
  private *restore(why: string, counts: boolean): Operation {
    this.stateNow = counts ? 'restoring' : 'loading';
    if (counts) this.ports.event('restoring', `${why}: all shards go back to the last checkpoint`, {});
    const before = this.settled;
    const counted = counts || before.count > 0;
    for (;;) {
      const lives = this.serverLives;
      const read = this.ports.readManifest();
      yield () => read.done;
      const { manifest, passedOver, problem } = read.get();
      if (problem !== undefined) return this.end('failed', problem);
      if (manifest && passedOver !== undefined) {
        this.ports.event('checkpointDamaged', `checkpoint ${manifest.id} is the newest that is whole (${passedOver})`, {
          checkpoint: manifest.id,
        });
      }
      this.history = Math.max(this.history, manifest?.history ?? 0) + 1;
      if (manifest) {
        this.cutNumber = Math.max(this.cutNumber, manifest.id);
        this.membership.noteIncarnations(manifest.incarnations);
      }
      if (!(yield* this.stored(true))) return;
      const fences = yield* all(this.orderAll({ type: 'fence', history: this.history }));
      this.notice(fences);
      if (this.deposed) return;
      const atLoss = fences.map((reply, shard) =>
        reply.type === 'fence' && reply.version > 0 ? reply.version : (this.versions[shard] ?? 0),
      );
      for (const reply of fences) if (reply.type === 'fence') this.membership.noteIncarnations(reply.incarnations);
      const loads = yield* all(
        this.options.ranges.map((ranges, shard) =>
          this.ports.order(shard, { type: 'load', history: this.history, mapVersion: this.options.mapVersion, ranges, from: manifest }),
        ),
      );
      this.notice(loads);
      if (this.deposed) return;
      if (this.serverLives !== lives || loads.some((reply) => reply.type !== 'done')) {
        const bad = loads.find((reply) => reply.type === 'lost' || reply.type === 'refused');
        this.restoresInARow += 1;
        if (this.restoresInARow > RESTORES_WITHOUT_PROGRESS) {
          return this.end(
            'failed',
            `loading failed ${RESTORES_WITHOUT_PROGRESS} times: ${bad && 'why' in bad ? bad.why : 'servers restart again and again'}`,
          );
        }
        continue;
      }
      this.resumeFrom(manifest, loads, counted ? { before, atLoss } : undefined);
      if (!(yield* this.stored())) return;
      yield* this.tellMembers();
      return;
    }
  }

  private resumeFrom(
    manifest: Manifest | undefined,
    loads: readonly ShardReply[],
    lost: { readonly before: SettledLedger; readonly atLoss: readonly number[] } | undefined,
  ): void {
    const { shape, totalBatches, taskBatches, epoch } = this.options;
    this.settled = new SettledLedger(shape, manifest?.settled);
    this.tasks = new DataTasks(
      { batchesPerEpoch: shape.batchesPerEpoch, totalBatches, taskBatches },
      this.settled,
      epoch * TASKS_PER_EPOCH + this.history * 2 ** 20,
    );
    this.tasks.give(0, this.reserved);
    this.membership.clear();
    this.lastManifest = manifest;
    this.tornBefore = manifest?.torn ?? [];
    this.lastCheckpointMs = this.nowMs;
    loads.forEach((reply, shard) => {
      if (reply.type === 'done') this.versions[shard] = reply.version;
    });
    this.lastCheckpointUpdates = this.updates;
    this.evaluatedUpdates = Math.min(this.evaluatedUpdates, this.updates);
    if (this.evaluation) this.evaluation.leasedTo = undefined;
    if (manifest && this.refusedAttempts < manifest.refusedAttempts) this.refusedAttempts = manifest.refusedAttempts;
    this.toForget = [];
    this.initializeTask = manifest
      ? undefined
      : { task: epoch * TASKS_PER_EPOCH + TASKS_PER_EPOCH - 1 - this.history, leasedTo: undefined };
    this.stateNow = manifest ? 'running' : 'initializing';
    if (!lost) return;
    const updates = Math.max(...lost.atLoss.map((version, shard) => version - (manifest?.versions[shard] ?? 0)), 0);
    const batches = lost.before.runs().reduce((sum, run) => {
      let redone = 0;
      for (let batch = run.firstBatch; batch < run.firstBatch + run.count; batch += 1) if (!this.settled.has(batch)) redone += 1;
      return sum + redone;
    }, 0);
    this.restores += 1;
    this.redoneUpdates += updates;
    this.redoneBatches += batches;
    this.ports.event(
      'restored',
      `back at ${manifest ? `checkpoint ${manifest.id}` : 'the start'}: ${updates} updates and ${batches} settled batches are done again`,
      {
        checkpoint: manifest?.id ?? 0,
        updates,
        batches,
        history: this.history,
        versionsAtLoss: lost.atLoss.join(' '),
        versionsLoaded: loads.map((reply) => (reply.type === 'done' ? reply.version : -1)).join(' '),
        hashesLoaded: loads.map((reply) => (reply.type === 'done' ? (reply.stateHash ?? '') : '')).join(' '),
        hashesOfCheckpoint: manifest?.stateHashes.join(' ') ?? '',
      },
    );
  }

  // ---- the schedule

  private schedule(): void {
    const { options } = this;
    if (this.stateNow === 'running' && !this.draining) {
      const { maxMs, maxUpdates } = options.stop;
      if (maxMs !== undefined && this.elapsedMs >= maxMs) this.drain(`maxSeconds ${maxMs / 1000} reached`, 'succeeded');
      else if (maxUpdates !== undefined && this.updates >= maxUpdates) this.drain(`maxUpdates ${maxUpdates} reached`, 'succeeded');
      if (this.tasks.pooledBatches() < options.reserveBatches / 2) this.reserveAhead();
      this.scheduleEvaluation();
    }
    if (this.toForget.length > 0 && !this.cutting) {
      this.orderAll({ type: 'forget', history: this.history, batches: this.toForget });
      this.toForget = [];
    }
    if (this.stateNow === 'running' && this.isDone()) {
      this.stateNow = 'finishing';
      this.spawn('finish', this.finish());
      return;
    }
    this.scheduleCuts();
  }

  private scheduleEvaluation(): void {
    const every = this.options.evaluateEveryUpdates;
    if (every === undefined || this.evaluation) return;
    if (Math.floor(this.updates / every) <= Math.floor(this.evaluatedUpdates / every)) return;
    this.askEvaluation();
  }

  private askEvaluation(): void {
    this.evaluatedUpdates = this.updates;
    this.evaluation = {
      task: this.options.epoch * TASKS_PER_EPOCH + TASKS_PER_EPOCH / 2 + this.evaluatedUpdates,
      updates: this.updates,
      leasedTo: undefined,
    };
  }

  private scheduleCuts(): void {
    const { checkpointEveryMs, checkpointEveryUpdates } = this.options;
    if (this.cutting || this.operations.some(({ name }) => name === 'checkpoint' || name === 'snapshot')) return;
    if (this.snapshotWaiters.length > 0 && (this.stateNow === 'running' || this.stateNow === 'finishing')) {
      this.spawn('snapshot', this.takeSnapshot());
      return;
    }
    if (this.stateNow !== 'running') return;
    const due =
      (checkpointEveryMs !== undefined && this.nowMs - this.lastCheckpointMs >= checkpointEveryMs) ||
      (checkpointEveryUpdates !== undefined && this.updates - this.lastCheckpointUpdates >= checkpointEveryUpdates);
    if (due || this.checkpointWanted.length > 0) this.spawn('checkpoint', this.periodicCheckpoint());
  }

  private *periodicCheckpoint(): Operation {
    const answers = this.checkpointWanted;
    this.checkpointWanted = [];
    const why = yield* this.checkpoint();
    if (why !== undefined) this.ports.event('checkpointFailed', `checkpoint failed (${why}); training goes on, the older one stays`, {});
    for (const answer of answers) answer({ written: why === undefined, why: why ?? '', id: this.cutNumber });
  }

  // ---- the end

  private drain(reason: string, state: 'succeeded' | 'stopped'): void {
    if (this.draining || this.over || this.stateNow === 'finishing') return;
    if (this.stateNow !== 'running') {
      // Nobody trains yet, or not now: there is nothing to finish, and the last checkpoint, if any, stands as it is.
      this.end(state, reason);
      return;
    }
    this.draining = { reason, state };
    this.ports.event('draining', `ending: ${reason}`, {});
    this.write();
  }

  private isDone(): boolean {
    if (this.recovering || this.operations.some(({ name }) => name.startsWith('evict') || name === 'register')) return false;
    if (this.draining) return this.membership.workers().length === 0 && this.tasks.leased === 0;
    return this.settled.count >= this.options.totalBatches && this.tasks.leased === 0;
  }

  private *finish(): Operation {
    const { reason, state } = this.draining ?? { reason: 'all epochs are done', state: 'succeeded' as const };
    if (!(yield* this.stored())) return;
    const done = yield* all(this.orderAll({ type: 'finish', history: this.history }));
    this.notice(done);
    if (this.deposed) return;
    done.forEach((reply, shard) => {
      if (reply.type === 'done') this.versions[shard] = reply.version;
    });
    if (state === 'succeeded' && this.options.evaluateEveryUpdates !== undefined) yield* this.lastEvaluation();
    for (let tries = 1; ; tries += 1) {
      const why = yield* this.checkpoint();
      if (why === undefined || this.deposed) break;
      if (tries >= FINAL_TRIES) return this.end('failed', `the last checkpoint failed ${tries} times: ${why}`);
      yield* this.pause(CUT_RETRY_MS);
    }
    this.end(state, reason);
  }

  private *lastEvaluation(): Operation {
    const counted = this.evaluationsDone.length;
    yield () => this.evaluation === undefined || !this.evaluatorPresent();
    if (this.evaluationsDone.at(-1)?.updates === this.updates && this.evaluationsDone.length >= counted) return;
    this.askEvaluation();
    const since = this.nowMs;
    yield () => this.evaluation === undefined || (!this.evaluatorPresent() && this.nowMs - since > this.options.evaluationWaitMs);
    if (this.evaluation !== undefined) this.ports.event('notEvaluated', 'no evaluator took the last evaluation', {});
    this.evaluation = undefined;
  }

  private evaluatorPresent(): boolean {
    return this.membership.all().some((member) => member.evaluator);
  }

  private end(state: 'succeeded' | 'stopped' | 'failed', reason: string): void {
    this.stateNow = state;
    this.reasonNow = reason;
    this.operations = [];
    this.ports.event(state, `the job ${state === 'failed' ? 'failed' : `has ${state}`}: ${reason}`, {});
    this.write();
  }

  // ---- small things

  private restoring(): boolean {
    return this.stateNow === 'loading' || this.stateNow === 'restoring';
  }

  private spawn(name: string, generator: Operation, cancelled?: () => void): void {
    this.operations.push({ name, generator, cancelled, ready: () => true });
  }

  private step(operation: Running): void {
    const result = operation.generator.next();
    if (result.done) this.operations = this.operations.filter((other) => other !== operation);
    else operation.ready = result.value;
  }

  private orderAll(order: Parameters<LeaderPorts['order']>[1]): Ticket<ShardReply>[] {
    return this.options.ranges.map((_, shard) => this.ports.order(shard, order));
  }

  /** A shard that refuses for a higher epoch has told us that another leads. */
  private notice(replies: readonly ShardReply[]): void {
    replies.forEach((reply, shard) => {
      if (reply.type === 'refused' && reply.epoch > this.options.epoch) this.depose(reply.why);
      else if (reply.type === 'unloaded') this.emptyShard = shard;
    });
  }

  /** Another leader of this job begins here; what this one began ends where it is. */
  abandon(): void {
    this.deposed = true;
    for (const { cancelled } of this.operations) cancelled?.();
    this.operations = [];
  }

  private depose(why: string): void {
    if (this.deposed) return;
    this.deposed = true;
    this.ports.event('deposed', `this coordinator no longer leads: ${why}`, { epoch: this.options.epoch });
  }

  private write(restoring = false): Ticket<boolean> {
    const { members, incarnations } = this.membership.stored();
    return this.ports.store({
      history: this.history,
      restoring,
      state: this.stateNow,
      reason: this.reasonNow,
      members,
      incarnations,
      reserved: this.reserved,
      settled: this.settled.runs(),
      torn: this.tornBefore,
      draining: this.draining,
      refusedAttempts: this.refusedAttempts,
      redoneBatches: this.redoneBatches,
      redoneUpdates: this.redoneUpdates,
      restores: this.restores,
      checkpoints: this.cutNumber,
      mapVersion: this.options.mapVersion,
      ranges: this.options.ranges,
      evaluatedUpdates: this.evaluatedUpdates,
      elapsedMs: this.elapsedMs,
      versions: [...this.versions],
    });
  }

  private *pause(ms: number): Operation {
    const until = this.nowMs + ms;
    yield () => this.nowMs >= until;
  }

  private *stored(restoring = false): Operation<boolean> {
    const ticket = this.write(restoring);
    yield () => ticket.done;
    if (!ticket.get()) this.depose('the store knows a newer leader');
    return ticket.get();
  }
}
