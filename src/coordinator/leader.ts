/**
 * The leader of one job: membership, data tasks, cuts, restores and the job's own life, as a pure state machine. Requests
 * of workers come in with a callback for the answer; orders to shards and writes to the store go out through ports as
 * tickets; operations are generators that wait for those. It is never on the step path.
 *
 * The order that keeps every batch exactly once when a worker leaves: store the eviction -> fence it on every shard ->
 * collect what was settled -> give back the rest. In any other order a push in flight is trained twice.
 */
import type { Member } from '../transport/members.ts';
import type { Identity } from '../transport/messages.ts';
import type { HeldTask, TaskGrant, WorkerAnswer, WorkerRequest } from '../transport/requests.ts';
import { settledBy } from './cut.ts';
import { CutSchedule, type CheckpointAnswer, type CutHost } from './cut-schedule.ts';
import { DataTasks } from './data-tasks.ts';
import { Evaluations, type Evaluation, type EvaluationResult } from './evaluations.ts';
import type { LeaderOptions, SnapshotAnswer, WorkerCall } from './leader-options.ts';
import { lossOf } from './manifest.ts';
import { Membership, type LeasedMember } from './membership.ts';
import { Operations } from './operations.ts';
import type { JobState, LeaderPorts, Manifest, ShardReply, StoredJob } from './ports.ts';
import { SettledLedger } from './settled.ts';
import { all, type Operation, type Ticket } from './ticket.ts';

/** Restores in a row without one stored task between them. */
const RESTORES_WITHOUT_PROGRESS = 10;
/** Each leader numbers its tasks in a range of its own. */
const TASKS_PER_EPOCH = 2 ** 32;
/** A final evaluation or checkpoint that fails is tried again this often. */
const FINAL_TRIES = 5;
/** Between two tries of a checkpoint that the job cannot go on without: a server may be on its way back. */
const CUT_RETRY_MS = 500;

export class JobLeader {
  private readonly options: LeaderOptions;
  private readonly ports: LeaderPorts;
  private readonly membership: Membership;
  private settled: SettledLedger;
  private tasks: DataTasks;
  private readonly operations = new Operations();
  private stateNow: JobState;
  private reasonNow = '';
  private history: number;
  private reserved: number;
  private listNumber = 0;
  private recovering = false;
  private deposed = false;
  private readonly cuts: CutSchedule;
  private readonly versions: number[];
  private readonly lostSinceMs = new Map<number, number>();
  private serverLives = 0;
  private initializeTask: { task: number; leasedTo: Member | undefined } | undefined;
  private readonly evaluating: Evaluations;
  private toForget: (readonly [firstBatch: number, count: number])[] = [];
  private draining: { reason: string; state: 'succeeded' | 'stopped' } | undefined;
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
  /** Its server holds nothing of the job, and nobody has said that it restarted. */
  private emptyShard: number | undefined;
  /** About damaged checkpoints, lest a restore that begins again says so again. */
  private damageTold = '';
  /** The shards of the run before were cut in another way: they cannot be taken over as they are. */
  private readonly recut: boolean;

  constructor(options: LeaderOptions, ports: LeaderPorts, stored: StoredJob | undefined, nowMs: number) {
    this.options = options;
    this.ports = ports;
    this.nowMs = nowMs;
    this.lastTickMs = nowMs;
    this.inherited = stored?.reserved ?? 0;
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
    this.evaluating = new Evaluations(
      options.evaluateEveryUpdates,
      options.epoch * TASKS_PER_EPOCH + TASKS_PER_EPOCH / 2,
      stored?.evaluatedUpdates ?? 0,
      stored?.evaluations ?? [],
    );
    this.elapsedMs = stored?.elapsedMs ?? 0;
    this.versions = options.ranges.map((_, shard) => stored?.versions[shard] ?? 0);
    this.membership = new Membership(options.leaseMs, stored?.members ?? {}, stored?.incarnations ?? {}, nowMs);
    this.settled = new SettledLedger(options.shape, stored?.settled);
    this.tasks = new DataTasks(
      { batchesPerEpoch: options.shape.batchesPerEpoch, totalBatches: options.totalBatches, taskBatches: options.taskBatches },
      this.settled,
      options.epoch * TASKS_PER_EPOCH,
    );
    this.cuts = new CutSchedule(this.cutHost(), { number: stored?.checkpoints ?? 0, torn: stored?.torn ?? [] }, nowMs);
  }

  private cutHost(): CutHost {
    return {
      options: this.options,
      ports: this.ports,
      nowMs: () => this.nowMs,
      updates: () => this.updates,
      noted: () => ({
        history: this.history,
        incarnations: this.membership.stored().incarnations,
        settled: this.settled.runs(),
        refusedAttempts: this.refusedAttempts,
      }),
      stored: () => this.stored(),
      seen: ({ newerEpoch, emptyShard, why }) => {
        if (newerEpoch !== undefined && newerEpoch > this.options.epoch) this.depose(why);
        this.emptyShard = emptyShard;
      },
    };
  }

  /** @param resume an earlier run's checkpoints are where it goes on from. */
  begin(nowMs: number, resume: boolean): void {
    this.nowMs = nowMs;
    if (this.over) return;
    if (resume) this.draining = undefined;
    if (this.stateNow === 'running' || this.stateNow === 'finishing') {
      if (resume || this.recut) this.operations.spawn('restore', this.restore('resumed from its last checkpoint', false));
      else {
        this.recovering = true;
        this.operations.spawn('recover', this.recover());
      }
    } else
      this.operations.spawn(
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
    return this.evaluating.done;
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
      cutting: this.cuts.busy,
      versions: [...this.versions],
      members: this.membership
        .all()
        .map(({ worker, incarnation, evaluator, lastHeardMs }) => ({ worker, incarnation, evaluator, lastHeardMs })),
      leasedTasks: this.tasks.leased,
      pooledBatches: this.tasks.pooledBatches(),
      reserved: this.reserved,
      checkpoint: this.cuts.lastManifest,
      elapsedMs: this.elapsedMs,
      operations: this.operations.names(),
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
    while (!this.deposed && this.operations.stepOne()) {
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

  checkpointNow(answer: (answer: CheckpointAnswer) => void): void {
    if (this.stateNow !== 'running') answer({ written: false, why: `the job is ${this.stateNow}`, id: -1 });
    else this.cuts.wantCheckpoint(answer);
  }

  /** For evaluation: all shards at one vector of sequences. Requests that wait share the next cut. */
  snapshot(identity: Identity, answer: (snapshot: SnapshotAnswer) => void): void {
    if (!this.membership.is(identity.worker, identity.incarnation))
      return answer({ ok: false, why: 'this incarnation is over: register again' });
    if (this.restoring() || this.over) return answer({ ok: false, why: `the job is ${this.stateNow}` });
    this.cuts.wantSnapshot(answer);
    this.schedule();
    this.pump();
  }

  evaluated(identity: Identity, task: number, result: EvaluationResult): void {
    if (!this.membership.is(identity.worker, identity.incarnation)) return;
    const epochs = this.settled.count / this.options.shape.batchesPerEpoch;
    const done = this.evaluating.report(task, result, { atMs: this.elapsedMs, epochs });
    if (!done) return;
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
    this.operations.spawn('register', this.admit(call, answer), () => answer({ type: 'wait', why: 'the job is being restored' }));
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
      this.operations.has('cut 0') ||
      (task.leasedTo && this.membership.is(task.leasedTo.worker, task.leasedTo.incarnation) && task.leasedTo.worker !== member.worker)
    ) {
      return { type: 'none' };
    }
    task.leasedTo = member;
    const grant: TaskGrant = { task: task.task, kind: 'initialize', firstBatch: 0, count: 1 };
    return { type: 'task', task: grant };
  }

  private leaseEvaluation(member: LeasedMember): WorkerAnswer {
    const task = this.evaluating.lease(member.worker);
    return task ? { type: 'task', task } : { type: 'none' };
  }

  private finishTask(member: LeasedMember, request: Extract<WorkerRequest, { type: 'finish' }>): void {
    if (this.initializeTask && request.task === this.initializeTask.task) {
      if (this.stateNow === 'initializing' && !this.operations.has('cut 0')) this.operations.spawn('cut 0', this.startTraining());
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
    this.operations.spawn('store finish', this.storeFinish(range.firstBatch, range.count));
  }

  private *storeFinish(firstBatch: number, count: number): Operation {
    if (yield* this.stored()) this.toForget.push([firstBatch, count]);
  }

  // ---- membership

  private evict(member: LeasedMember): void {
    if (member.leaving) return;
    member.leaving = true;
    this.operations.spawn(`evict ${member.worker}`, this.evicting(member));
  }

  private *evicting(member: LeasedMember): Operation {
    if (!this.membership.is(member.worker, member.incarnation)) return;
    this.membership.remove(member.worker);
    this.evaluating.release(member.worker);
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
      this.operations.spawn('store finish', this.storeSettled(lease.firstBatch, lease.count));
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
    yield () => this.membership.workers().every((member) => member.reported) && !this.operations.movingMembers;
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
    if (this.reserved >= this.options.totalBatches || this.operations.has('reserve')) return;
    this.operations.spawn('reserve', this.reserve());
  }

  private *reserve(): Operation {
    const from = this.reserved;
    this.reserved = Math.min(this.options.totalBatches, from + this.options.reserveBatches);
    const { reserved } = this;
    if (yield* this.stored()) this.tasks.give(from, reserved - from);
  }

  // ---- cuts

  private *startTraining(): Operation {
    const why = yield* this.cuts.checkpoint();
    if (why !== undefined) {
      this.ports.event('checkpointFailed', `the first checkpoint failed: ${why}`, {});
      this.cuts.note();
      if (this.deposed) return;
      // Nothing was lost: the initial weights are on the shards, and the next try writes them.
      yield* this.pause(CUT_RETRY_MS);
      this.operations.spawn('cut 0', this.startTraining());
      return;
    }
    this.initializeTask = undefined;
    this.stateNow = 'running';
    yield* this.stored();
  }

  // ---- restore

  private startRestore(why: string): void {
    this.operations.cancelAll();
    this.cuts.abandon('the job is being restored');
    this.recovering = false;
    this.restoresInARow += 1;
    if (this.restoresInARow > RESTORES_WITHOUT_PROGRESS) {
      this.end('failed', `${RESTORES_WITHOUT_PROGRESS} restores in a row without progress; the last because ${why}`);
      return;
    }
    this.operations.spawn('restore', this.restore(why, true));
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
      if (manifest && passedOver !== undefined && passedOver !== this.damageTold) {
        this.damageTold = passedOver;
        this.ports.event('checkpointDamaged', `checkpoint ${manifest.id} is the newest that is whole (${passedOver})`, {
          checkpoint: manifest.id,
        });
      }
      this.history = Math.max(this.history, manifest?.history ?? 0) + 1;
      if (manifest) {
        this.cuts.noteNumber(manifest.id);
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
    loads.forEach((reply, shard) => {
      if (reply.type === 'done') this.versions[shard] = reply.version;
    });
    this.cuts.restored(manifest);
    this.evaluating.restored(this.updates);
    if (manifest && this.refusedAttempts < manifest.refusedAttempts) this.refusedAttempts = manifest.refusedAttempts;
    this.toForget = [];
    this.initializeTask = manifest
      ? undefined
      : { task: epoch * TASKS_PER_EPOCH + TASKS_PER_EPOCH - 1 - this.history, leasedTo: undefined };
    this.stateNow = manifest ? 'running' : 'initializing';
    if (!lost) return;
    const loss = lossOf(manifest, { ...lost, after: this.settled, loads, history: this.history });
    this.restores += 1;
    this.redoneUpdates += loss.updates;
    this.redoneBatches += loss.batches;
    this.ports.event('restored', loss.message, loss.facts);
  }

  // ---- the schedule

  private schedule(): void {
    const { options } = this;
    if (this.stateNow === 'running' && !this.draining) {
      const { maxMs, maxUpdates } = options.stop;
      if (maxMs !== undefined && this.elapsedMs >= maxMs) this.drain(`maxSeconds ${maxMs / 1000} reached`, 'succeeded');
      else if (maxUpdates !== undefined && this.updates >= maxUpdates) this.drain(`maxUpdates ${maxUpdates} reached`, 'succeeded');
      if (this.tasks.pooledBatches() < options.reserveBatches / 2) this.reserveAhead();
      this.evaluating.askIfDue(this.updates);
    }
    if (this.toForget.length > 0 && !this.cuts.busy) {
      this.orderAll({ type: 'forget', history: this.history, batches: this.toForget });
      this.toForget = [];
    }
    if (this.stateNow === 'running' && this.isDone()) {
      this.stateNow = 'finishing';
      this.operations.spawn('finish', this.finish());
      return;
    }
    this.scheduleCuts();
  }

  private scheduleCuts(): void {
    const { cuts, operations } = this;
    if (cuts.busy || operations.has('checkpoint', 'snapshot')) return;
    if (cuts.snapshotWanted && (this.stateNow === 'running' || this.stateNow === 'finishing'))
      operations.spawn('snapshot', cuts.snapshot());
    else if (this.stateNow === 'running' && cuts.checkpointDue) operations.spawn('checkpoint', cuts.periodic());
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
    if (this.recovering || this.operations.movingMembers) return false;
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
    if (state === 'succeeded' && this.evaluating.scheduled) yield* this.lastEvaluation();
    for (let tries = 1; ; tries += 1) {
      const why = yield* this.cuts.checkpoint();
      if (why === undefined || this.deposed) break;
      if (tries >= FINAL_TRIES) return this.end('failed', `the last checkpoint failed ${tries} times: ${why}`);
      yield* this.pause(CUT_RETRY_MS);
    }
    this.end(state, reason);
  }

  private *lastEvaluation(): Operation {
    yield () => !this.evaluating.pending || !this.evaluatorPresent();
    if (this.evaluating.done.at(-1)?.updates === this.updates) return;
    this.evaluating.ask(this.updates);
    const since = this.nowMs;
    yield () => !this.evaluating.pending || (!this.evaluatorPresent() && this.nowMs - since > this.options.evaluationWaitMs);
    if (this.evaluating.pending) this.ports.event('notEvaluated', 'no evaluator took the last evaluation', {});
    this.evaluating.giveUp();
  }

  private evaluatorPresent(): boolean {
    return this.membership.all().some((member) => member.evaluator);
  }

  private end(state: 'succeeded' | 'stopped' | 'failed', reason: string): void {
    this.stateNow = state;
    this.reasonNow = reason;
    this.operations.clear();
    this.ports.event(state, `the job ${state === 'failed' ? 'failed' : `has ${state}`}: ${reason}`, {});
    this.write();
  }

  // ---- small things

  private restoring(): boolean {
    return this.stateNow === 'loading' || this.stateNow === 'restoring';
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
    this.operations.cancelAll();
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
      torn: this.cuts.carriedTorn,
      draining: this.draining,
      refusedAttempts: this.refusedAttempts,
      redoneBatches: this.redoneBatches,
      redoneUpdates: this.redoneUpdates,
      restores: this.restores,
      checkpoints: this.cuts.lastNumber,
      mapVersion: this.options.mapVersion,
      ranges: this.options.ranges,
      evaluatedUpdates: this.evaluating.lastAsked,
      evaluations: [...this.evaluating.done],
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
