/**
 * A worker's side of the protocol, without its threads, its sockets or its gradients: registers, enters at every shard,
 * makes sure of a batch before it pulls, pushes once to every shard in each iteration, sends again what was not answered,
 * goes idle when there is no work, and comes back. Whatever happens is told to it; what it wants done goes to its ports.
 * It holds nothing that may not be lost.
 */
import { assert } from '../errors.ts';
import type { DownMessage, Hello, Identity, Outcome, PushKind, Refusal, UpMessage, Weights } from '../transport/messages.ts';
import type { HeldTask, SettledKind, SettledRun, TaskGrant, WorkerAnswer, WorkerRequest } from '../transport/requests.ts';

/** What the job says of how its workers go about an iteration; known once registered. */
export interface IterationRules {
  /** Iterations that may be pulled ahead while one computes: 0 or 1. */
  readonly pipelining: number;
  /** Pulls go to the shards in ascending order, each once the one before has served. */
  readonly pullsInOrder: boolean;
  /** Batches whose gradients go into one push. */
  readonly accumulate: number;
}

export interface SessionOptions extends IterationRules {
  /** First and longest wait before something that failed is tried again. */
  readonly retryMs: number;
  readonly retryMaxMs: number;
  /** How often an idle worker asks for work. */
  readonly idlePollMs: number;
  /** Silence towards the coordinator after which the lease is renewed by a report. */
  readonly reportMs: number;
  /** A batch that every shard refused is done again at most this often. */
  readonly batchAttempts: number;
}

/** What one push to one shard says, without the gradient: the port has that. */
export interface PushOrder {
  readonly slot: number;
  readonly sequence: number;
  readonly clock: number;
  readonly kind: PushKind;
  readonly versionRead: number;
  readonly versionSpread: number;
  readonly task: number;
  readonly firstBatch: number;
  readonly batchCount: number;
}

export interface SessionPorts {
  /** Closes this shard's older stream, opens a new one and says hello on it. */
  open(shard: number, hello: Hello): void;
  send(shard: number, message: Exclude<UpMessage, { type: 'push' | 'hello' }> | Hello): void;
  push(shard: number, order: PushOrder): void;
  ask(request: WorkerRequest, held: readonly HeldTask[], identity: Identity | undefined): void;
  /** Weights of all shards are in slot `slot`: compute the gradient of these batches there, then call `computed`. */
  compute(order: { readonly slot: number; readonly clock: number; readonly firstBatch: number; readonly count: number }): void;
  /** Compute the job's initial weights into slot 0, then call `computed`. */
  initialize(): void;
  /** This shard's weights for the iteration in `slot` have come. */
  weights(shard: number, slot: number, weights: Weights): void;
  /**
   * A registered worker knows its shards now; an `undefined` says that this life is over. `later`: it must get ready to
   * compute first, and calls `prepared`; until then it enters no clock, so that nobody waits for its loading.
   */
  joined(answer: Extract<WorkerAnswer, { type: 'registered' }> | undefined): 'later' | void;
  /** Every shard has answered the push of this slot. */
  iterationEnded?(slot: number): void;
  log(event: string, facts: Readonly<Record<string, string | number>>): void;
}

interface Iteration {
  readonly kind: 'train' | 'initialize';
  readonly slot: number;
  readonly clock: number;
  readonly task: HeldWork;
  readonly firstBatch: number;
  readonly count: number;
  readonly versions: (number | undefined)[];
  /** Shards that have been asked for weights: those below this. */
  asked: number;
  computing: boolean;
  /** Assigned when the gradient is done. */
  sequence: number | undefined;
  pushKind: PushKind;
  readonly outcomes: (Outcome | 'forgotten' | undefined)[];
  /** How often a shard called its part malformed: right once more, then void. */
  readonly repairs: number[];
}

interface HeldWork extends TaskGrant {
  /** Batches not begun, as runs in order. */
  todo: { firstBatch: number; count: number }[];
  running: number;
  readonly settled: SettledRun[];
  readonly attempts: Map<number, number>;
  refusedAttempts: number;
}

interface ShardLink {
  connection: number;
  /** Hellos of this stream without a reply: only the last one's says where this worker enters. */
  hellos: number;
  open: boolean;
  /** Answered an entering hello. */
  entry: number | undefined;
  idleAcknowledged: boolean;
  failures: number;
  reopenAtMs: number;
}

type Phase = 'new' | 'preparing' | 'entering' | 'running' | 'idle' | 'left';

export class WorkerSession {
  private readonly ports: SessionPorts;
  private options: SessionOptions;
  private phaseNow: Phase = 'new';
  private identity: Identity | undefined;
  private links: ShardLink[] = [];
  private clock = 0;
  private sequence = 0;
  private iterations: Iteration[] = [];
  private readonly tasks = new Map<number, HeldWork>();
  private finished: { task: HeldWork; request: Extract<WorkerRequest, { type: 'finish' }> }[] = [];
  private asking: WorkerRequest | undefined;
  private noWork = false;
  private leaving = false;
  private over = false;
  private askAtMs = 0;
  private leaseAtMs = 0;
  private epoch = 0;
  private askFailures = 0;
  private lastAskMs = 0;
  private nowMs = 0;

  constructor(ports: SessionPorts, options: SessionOptions) {
    this.ports = ports;
    this.options = options;
  }

  /** Called before the worker enters anywhere. */
  follow(rules: IterationRules): void {
    this.options = { ...this.options, ...rules };
  }

  get phase(): Phase {
    return this.phaseNow;
  }

  /** Why it left: the job is over, or it was told to. */
  get jobOver(): boolean {
    return this.over;
  }

  get currentClock(): number {
    return this.clock;
  }

  get life(): Identity | undefined {
    return this.identity;
  }

  heldTasks(): HeldTask[] {
    const held = [...this.tasks.values(), ...this.finished.map(({ task }) => task)];
    // Only what holds batches: a new leader would take the initial weights for batch 0.
    return held.filter(({ kind }) => kind === 'train').map(({ task, firstBatch, count }) => ({ task, firstBatch, count }));
  }

  /** What it has begun and no shard has answered in full; for the checks of random schedules. */
  unansweredClocks(): readonly { clock: number; sequence: number | undefined }[] {
    return this.iterations.filter(({ kind }) => kind === 'train').map(({ clock, sequence }) => ({ clock, sequence }));
  }

  // ---- what happens

  tick(nowMs: number): void {
    this.nowMs = nowMs;
    this.pump();
  }

  /** Finish what runs, hand back the rest, leave. */
  leave(nowMs: number): void {
    this.nowMs = nowMs;
    this.leaving = true;
    this.pump();
  }

  /** A shard or a coordinator has shown a higher epoch: what was asked of the older leader is given up at once. */
  private noteEpoch(epoch: number): void {
    if (epoch <= this.epoch) return;
    const known = this.epoch > 0;
    this.epoch = epoch;
    if (!known) return;
    this.asking = undefined;
    this.askAtMs = this.nowMs;
    this.askFailures = 0;
  }

  /** The request failed on its way, or its deadline passed. */
  askFailed(request: WorkerRequest, nowMs: number): void {
    this.nowMs = nowMs;
    if (this.asking !== request) return;
    this.asking = undefined;
    this.postponeAsk();
    this.pump();
  }

  /** @param epoch of the coordinator that answers. */
  answered(request: WorkerRequest, answer: WorkerAnswer, epoch: number, nowMs: number): void {
    this.nowMs = nowMs;
    if (this.asking !== request) return; // given up: another has been asked since
    this.asking = undefined;
    if (epoch < this.epoch) {
      // An older leader woke up late: what it says is no longer so.
      this.postponeAsk();
      return;
    }
    this.noteEpoch(epoch);
    this.askFailures = 0;
    this.take(request, answer);
    this.pump();
  }

  streamClosed(shard: number, nowMs: number): void {
    this.nowMs = nowMs;
    this.dropStream(shard);
    this.pump();
  }

  /** @param epoch the highest that the shard has seen. */
  message(shard: number, message: DownMessage, epoch: number, nowMs: number): void {
    this.nowMs = nowMs;
    const link = this.links[shard];
    if (!link) return;
    link.failures = 0;
    this.noteEpoch(epoch);
    this.onMessage(shard, link, message);
    this.pump();
  }

  /** The gradient (or the initial weights) of this slot is done; `finite` false: it holds a NaN or infinity, no part may go out. */
  computed(slot: number, finite: boolean, nowMs: number): void {
    this.nowMs = nowMs;
    const iteration = this.iterations.find((other) => other.slot === slot && other.computing);
    if (!iteration) return; // of a life that is over
    iteration.computing = false;
    if (iteration.kind === 'initialize') {
      iteration.sequence = 0;
    } else {
      this.sequence += 1;
      iteration.sequence = this.sequence;
      if (!finite) {
        iteration.pushKind = 'void';
        this.ports.log('nonFiniteGradient', { clock: iteration.clock, firstBatch: iteration.firstBatch });
      }
    }
    for (let shard = 0; shard < this.links.length; shard += 1) this.sendPush(iteration, shard);
    this.pump();
  }

  // ---- the coordinator's answers

  private take(request: WorkerRequest, answer: WorkerAnswer): void {
    switch (answer.type) {
      case 'fenced':
        this.ports.log('fenced', { why: answer.why });
        this.reset();
        return;
      case 'finished':
        this.over = true;
        this.phaseNow = 'left';
        return;
      case 'wait':
        this.postponeAsk();
        return;
      case 'registered':
        this.enter(answer);
        return;
      case 'none':
        this.noWork = true;
        this.leaseAtMs = this.nowMs + this.options.idlePollMs;
        return;
      case 'task':
        this.noWork = false;
        if (!this.tasks.has(answer.task.task)) this.hold(answer.task);
        else this.leaseAtMs = this.nowMs + this.options.idlePollMs; // the same again: there is no other now
        return;
      case 'ok':
        if (answer.drain) this.leaving = true;
        if (request.type === 'finish') this.finished = this.finished.filter((entry) => entry.request !== request);
        if (request.type === 'leave') this.phaseNow = 'left';
        return;
    }
  }

  private hold(grant: TaskGrant): void {
    const { firstBatch, count } = grant;
    this.tasks.set(grant.task, {
      ...grant,
      todo: [{ firstBatch, count }],
      running: 0,
      settled: [],
      attempts: new Map(),
      refusedAttempts: 0,
    });
  }

  private enter(answer: Extract<WorkerAnswer, { type: 'registered' }>): void {
    this.identity = answer.identity;
    this.links = answer.shards.map(() => ({
      connection: 0,
      hellos: 0,
      open: false,
      entry: undefined,
      idleAcknowledged: false,
      failures: 0,
      reopenAtMs: Infinity,
    }));
    this.phaseNow = 'preparing';
    if (this.ports.joined(answer) !== 'later') this.openAll();
  }

  /** Ready to compute: enters at every shard. */
  prepared(nowMs: number): void {
    this.nowMs = nowMs;
    if (this.phaseNow === 'preparing') this.openAll();
    this.pump();
  }

  private openAll(): void {
    this.phaseNow = 'entering';
    for (let shard = 0; shard < this.links.length; shard += 1) this.openStream(shard);
  }

  private reset(): void {
    this.ports.joined(undefined);
    this.phaseNow = 'new';
    this.identity = undefined;
    this.links = [];
    this.clock = 0;
    this.sequence = 0;
    this.iterations = [];
    this.tasks.clear();
    this.finished = [];
    this.asking = undefined;
    this.noWork = false;
    this.askAtMs = this.nowMs;
  }

  // ---- the shards' messages

  private onMessage(shard: number, link: ShardLink, message: DownMessage): void {
    switch (message.type) {
      case 'hello':
        link.hellos -= 1;
        if (link.hellos > 0) return;
        if (this.phaseNow === 'entering' && link.entry === undefined) {
          link.entry = message.clock;
          if (this.links.every((other) => other.entry !== undefined)) {
            // One clock for all shards: the greatest; the first pull carries it everywhere.
            this.clock = Math.max(...this.links.map((other) => other.entry ?? 0));
            this.phaseNow = 'running';
            this.noWork = false;
            this.leaseAtMs = this.nowMs;
          }
        }
        return;
      case 'idle':
        link.idleAcknowledged = true;
        return;
      case 'weights':
        this.onWeights(shard, message);
        return;
      case 'waiting': {
        const iteration = this.pulling(message.clock);
        if (iteration && iteration.versions[shard] === undefined) this.ports.send(shard, { type: 'pull', clock: message.clock });
        return;
      }
      case 'push':
        this.onOutcome(shard, message.sequence, message.outcome ?? 'forgotten');
        return;
      case 'refusal':
        this.onRefusal(shard, message);
        return;
      case 'notice':
        return;
    }
  }

  private pulling(clock: number): Iteration | undefined {
    return this.iterations.find(
      (iteration) => iteration.kind === 'train' && iteration.clock === clock && !iteration.computing && iteration.sequence === undefined,
    );
  }

  private onWeights(shard: number, weights: Weights): void {
    const iteration = this.pulling(weights.clock);
    if (!iteration || iteration.versions[shard] !== undefined) return;
    iteration.versions[shard] = weights.version;
    this.ports.weights(shard, iteration.slot, weights);
    if (iteration.asked < this.links.length) this.askWeights(iteration, iteration.asked);
  }

  /** Where weights for this pull belong, while they are wanted from this shard. */
  wantedSlot(shard: number, clock: number): number | undefined {
    const iteration = this.pulling(clock);
    return iteration && iteration.versions[shard] === undefined ? iteration.slot : undefined;
  }

  private onOutcome(shard: number, sequence: number, outcome: Outcome | 'forgotten'): void {
    const iteration = this.iterations.find((other) => other.sequence === sequence);
    if (!iteration || iteration.outcomes[shard] !== undefined) return;
    iteration.outcomes[shard] = outcome;
    if (this.links.every((_, index) => iteration.outcomes[index] !== undefined)) this.finishIteration(iteration);
  }

  private onRefusal(shard: number, refusal: Refusal): void {
    switch (refusal.code) {
      case 'FAILED_PRECONDITION':
        this.ports.log('fencedByShard', { shard, why: refusal.message });
        this.reset();
        return;
      case 'UNAVAILABLE':
      case 'RESOURCE_EXHAUSTED':
        this.dropStream(shard);
        return;
      case 'OUT_OF_RANGE':
        return; // it stood behind a part that was malformed, and was sent again together with that
      case 'INVALID_ARGUMENT':
        if (refusal.about === 'push') this.repair(shard, refusal);
        else if (refusal.about === 'hello') this.dropStream(shard);
        else {
          this.ports.log('refused', { shard, why: refusal.message });
          this.reset();
        }
        return;
    }
  }

  /** One malformed part is no gap for ever: sent right once more, with everything behind it; then void. */
  private repair(shard: number, refusal: Refusal): void {
    const unanswered = this.iterations.filter(
      ({ sequence, outcomes }) => sequence !== undefined && sequence >= refusal.sequence && outcomes[shard] === undefined,
    );
    const malformed = unanswered[0];
    if (malformed?.sequence !== refusal.sequence) return; // answered meanwhile: an older copy of it
    const repairs = (malformed.repairs[shard] ?? 0) + 1;
    malformed.repairs[shard] = repairs;
    this.ports.log('partRefused', { shard, sequence: refusal.sequence, why: refusal.message, repairs });
    if (repairs > 2) {
      this.reset();
      return;
    }
    for (const iteration of unanswered) this.sendPush(iteration, shard);
  }

  private finishIteration(iteration: Iteration): void {
    this.iterations = this.iterations.filter((other) => other !== iteration);
    const { task, firstBatch, count } = iteration;
    task.running -= 1;
    this.ports.iterationEnded?.(iteration.slot);
    if (iteration.kind === 'initialize') {
      this.close(task);
      return;
    }
    const kind = settledKind(iteration.outcomes);
    if (kind === 'stale') {
      const attempts = (task.attempts.get(firstBatch) ?? 1) + 1;
      task.refusedAttempts += 1;
      if (attempts <= this.options.batchAttempts) {
        task.attempts.set(firstBatch, attempts);
        task.todo.unshift({ firstBatch, count });
        return;
      }
    }
    task.settled.push({ firstBatch, count, kind: kind === 'stale' ? 'refused' : kind });
    if (task.todo.length === 0 && task.running === 0) this.close(task);
  }

  private close(task: HeldWork): void {
    this.tasks.delete(task.task);
    this.finished.push({
      task,
      request: { type: 'finish', task: task.task, settled: joinRuns(task.settled), refusedAttempts: task.refusedAttempts },
    });
  }

  // ---- streams

  private openStream(shard: number): void {
    const link = this.links[shard];
    assert(link !== undefined && this.identity !== undefined, 'streams belong to a registered worker');
    link.connection += 1;
    link.hellos = 1;
    link.open = true;
    const enter = this.phaseNow === 'entering' && link.entry === undefined;
    this.ports.open(shard, { type: 'hello', identity: this.identity, connection: link.connection, enter });
    if (this.phaseNow === 'entering') return;
    for (const iteration of this.iterations) {
      if (iteration.sequence !== undefined && iteration.outcomes[shard] === undefined) this.sendPush(iteration, shard);
    }
    for (const iteration of this.iterations) {
      if (
        iteration.kind === 'train' &&
        iteration.sequence === undefined &&
        shard < iteration.asked &&
        iteration.versions[shard] === undefined
      ) {
        this.ports.send(shard, { type: 'pull', clock: iteration.clock });
      }
    }
    if (this.phaseNow === 'idle' && !link.idleAcknowledged) this.ports.send(shard, { type: 'idle' });
  }

  private dropStream(shard: number): void {
    const link = this.links[shard];
    if (!link) return;
    link.open = false;
    link.failures += 1;
    link.reopenAtMs = this.nowMs + this.backoffMs(link.failures);
  }

  private sendPush(iteration: Iteration, shard: number): void {
    if (!this.links[shard]?.open) return; // goes out when the stream is open again
    assert(iteration.sequence !== undefined, 'a push has its sequence');
    const versions = iteration.versions.map((version) => version ?? 0);
    this.ports.push(shard, {
      slot: iteration.slot,
      sequence: iteration.sequence,
      clock: iteration.clock,
      // Initial weights are never given up: a shard without them would serve nobody.
      kind: iteration.kind === 'train' && (iteration.repairs[shard] ?? 0) > 1 ? 'void' : iteration.pushKind,
      versionRead: versions[shard] ?? 0,
      versionSpread: versions.length === 0 ? 0 : Math.max(...versions) - Math.min(...versions),
      task: iteration.task.task,
      firstBatch: iteration.firstBatch,
      batchCount: iteration.count,
    });
  }

  // ---- what to do next

  private pump(): void {
    if (this.phaseNow === 'left') return;
    this.links.forEach((link, shard) => {
      if (!link.open && this.nowMs >= link.reopenAtMs) this.openStream(shard);
    });
    if (this.phaseNow === 'idle' && this.readyTask() && !this.leaving) this.reenter();
    if (this.phaseNow === 'running') {
      this.startIterations();
      this.startComputing();
    }
    if (this.phaseNow === 'running' && this.noWork && this.iterations.length === 0 && !this.readyTask()) this.goIdle();
    this.askNext();
  }

  private readyTask(): HeldWork | undefined {
    for (const task of this.tasks.values()) if (task.todo.length > 0) return task;
    return undefined;
  }

  private startIterations(): void {
    while (!this.leaving && this.iterations.length <= this.options.pipelining) {
      const shards = this.links.length;
      // The weights of one iteration at a time: the next pull goes out when this one's are in.
      if (this.iterations.some((iteration) => iteration.versions.filter((version) => version !== undefined).length < shards)) return;
      const task = this.readyTask();
      const run = task?.todo[0];
      if (!task || !run) return;
      if (task.kind === 'initialize') {
        this.startInitialize(task);
        return;
      }
      const { firstBatch } = run;
      const count = Math.min(run.count, this.options.accumulate);
      run.firstBatch += count;
      run.count -= count;
      if (run.count === 0) task.todo.shift();
      task.running += 1;
      const slot = [0, 1].find((free) => this.iterations.every((iteration) => iteration.slot !== free));
      assert(slot !== undefined, 'there is a slot for each iteration under way');
      const iteration: Iteration = {
        kind: 'train',
        slot,
        clock: this.clock,
        task,
        firstBatch,
        count,
        versions: this.links.map(() => undefined),
        asked: 0,
        computing: false,
        sequence: undefined,
        pushKind: 'gradient',
        outcomes: this.links.map(() => undefined),
        repairs: this.links.map(() => 0),
      };
      this.clock += 1;
      this.iterations.push(iteration);
      const askedAtOnce = this.options.pullsInOrder ? 1 : shards;
      for (let shard = 0; shard < askedAtOnce; shard += 1) this.askWeights(iteration, shard);
    }
  }

  private askWeights(iteration: Iteration, shard: number): void {
    iteration.asked = shard + 1;
    if (this.links[shard]?.open) this.ports.send(shard, { type: 'pull', clock: iteration.clock });
  }

  private startInitialize(task: HeldWork): void {
    if (this.iterations.length > 0) return;
    task.todo = [];
    task.running += 1;
    this.iterations.push({
      kind: 'initialize',
      slot: 0,
      clock: this.clock,
      task,
      firstBatch: 0,
      count: 0,
      versions: this.links.map(() => 0),
      asked: this.links.length,
      computing: true,
      sequence: undefined,
      pushKind: 'initial',
      outcomes: this.links.map(() => undefined),
      repairs: this.links.map(() => 0),
    });
    this.ports.initialize();
  }

  private startComputing(): void {
    if (this.iterations.some((iteration) => iteration.computing)) return;
    const next = this.iterations.find((iteration) => iteration.sequence === undefined);
    if (!next || next.versions.some((version) => version === undefined)) return;
    next.computing = true;
    this.ports.compute({ slot: next.slot, clock: next.clock, firstBatch: next.firstBatch, count: next.count });
  }

  private goIdle(): void {
    this.phaseNow = 'idle';
    this.links.forEach((link, shard) => {
      link.idleAcknowledged = false;
      if (link.open) this.ports.send(shard, { type: 'idle' });
    });
  }

  private reenter(): void {
    this.phaseNow = 'entering';
    this.links.forEach((link, shard) => {
      link.entry = undefined;
      if (!link.open || !this.identity) return;
      link.connection += 1;
      link.hellos += 1;
      this.ports.send(shard, { type: 'hello', identity: this.identity, connection: link.connection, enter: true });
    });
  }

  private askNext(): void {
    if (this.asking || this.nowMs < this.askAtMs) {
      if (!this.asking && this.identity && this.nowMs - this.lastAskMs >= this.options.reportMs) this.ask({ type: 'report' });
      return;
    }
    if (this.phaseNow === 'new') {
      if (this.leaving) this.phaseNow = 'left';
      else this.ask({ type: 'register' });
      return;
    }
    const finish = this.finished[0];
    if (finish) this.ask(finish.request);
    else if (this.leaving) {
      if (this.iterations.length === 0) this.ask({ type: 'leave' });
    } else if ((this.phaseNow === 'running' || this.phaseNow === 'idle') && !this.readyTask() && this.nowMs >= this.leaseAtMs) {
      this.ask({ type: 'lease' });
    }
    if (!this.asking && this.nowMs - this.lastAskMs >= this.options.reportMs) this.ask({ type: 'report' });
  }

  private ask(request: WorkerRequest): void {
    this.asking = request;
    this.lastAskMs = this.nowMs;
    this.ports.ask(request, this.heldTasks(), this.identity);
  }

  private postponeAsk(): void {
    this.askFailures += 1;
    this.askAtMs = this.nowMs + this.backoffMs(this.askFailures);
  }

  private backoffMs(failures: number): number {
    return Math.min(this.options.retryMs * 2 ** Math.min(failures - 1, 10), this.options.retryMaxMs);
  }
}

/** What became of a batch over all shards; `stale`: every shard refused it, so it may be done again. */
function settledKind(outcomes: readonly (Outcome | 'forgotten' | undefined)[]): SettledKind | 'stale' {
  const all = (...kinds: (Outcome | 'forgotten')[]): boolean =>
    outcomes.every((outcome) => outcome !== undefined && kinds.includes(outcome));
  if (all('applied', 'buffered', 'forgotten')) return 'trained';
  if (all('stale')) return 'stale';
  if (all('withheld')) return 'withheld';
  if (all('void')) return 'refused';
  return outcomes.includes('void') ? 'torn' : 'partlyRefused';
}

function joinRuns(runs: readonly SettledRun[]): SettledRun[] {
  const joined: SettledRun[] = [];
  for (const run of runs.toSorted((a, b) => a.firstBatch - b.firstBatch)) {
    const last = joined.at(-1);
    if (last && last.kind === run.kind && last.firstBatch + last.count === run.firstBatch) {
      joined[joined.length - 1] = { ...last, count: last.count + run.count };
    } else joined.push(run);
  }
  return joined;
}
