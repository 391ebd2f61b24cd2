/**
 * A worker's side of the protocol, without its threads, its sockets or its gradients: registers, enters at every shard,
 * trains on the batches of the tasks that it is given (`pipeline.ts`), goes idle when there is no work, and comes back.
 * Whatever happens is told to it; what it wants done goes to its ports. It holds nothing that may not be lost.
 */
import { assert } from '../errors.ts';
import type { DownMessage, Identity, Refusal } from '../transport/messages.ts';
import type { HeldTask, WorkerAnswer, WorkerRequest } from '../transport/requests.ts';
import { CoordinatorTalk } from './coordinator-talk.ts';
import { Pipeline } from './pipeline.ts';
import type { IterationRules, SessionOptions, SessionPorts } from './session-ports.ts';
import { ShardLink } from './shard-link.ts';
import { TaskBook } from './task-book.ts';

type Phase = 'new' | 'preparing' | 'entering' | 'running' | 'idle' | 'left';

export class WorkerSession {
  private readonly ports: SessionPorts;
  private readonly options: SessionOptions;
  /** One for each shard, of this life; the pipeline sees it too. */
  private readonly links: ShardLink[] = [];
  private readonly talk: CoordinatorTalk;
  private readonly tasks: TaskBook;
  private readonly pipeline: Pipeline;
  private phaseNow: Phase = 'new';
  private identity: Identity | undefined;
  private noWork = false;
  private leaving = false;
  private over = false;
  private leaseAtMs = 0;
  private nowMs = 0;

  constructor(ports: SessionPorts, options: SessionOptions) {
    this.ports = ports;
    this.options = options;
    this.talk = new CoordinatorTalk(options);
    this.tasks = new TaskBook(options.batchAttempts);
    this.pipeline = new Pipeline(ports, this.tasks, this.links, options);
  }

  /** Called before the worker enters anywhere. */
  follow(rules: IterationRules): void {
    this.pipeline.follow(rules);
  }

  get phase(): Phase {
    return this.phaseNow;
  }

  /** Why it left: the job is over, or it was told to. */
  get jobOver(): boolean {
    return this.over;
  }

  get currentClock(): number {
    return this.pipeline.clock;
  }

  get life(): Identity | undefined {
    return this.identity;
  }

  heldTasks(): HeldTask[] {
    return this.tasks.held();
  }

  /** What it has begun and no shard has answered in full; for the checks of random schedules. */
  unansweredClocks(): readonly { clock: number; sequence: number | undefined }[] {
    return this.pipeline.unansweredClocks();
  }

  /** Where weights for this pull belong, while they are wanted from this shard. */
  wantedSlot(shard: number, clock: number): number | undefined {
    return this.pipeline.wantedSlot(shard, clock);
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

  /** The request failed on its way, or its deadline passed. */
  askFailed(request: WorkerRequest, nowMs: number): void {
    this.nowMs = nowMs;
    if (!this.talk.ended(request)) return;
    this.talk.postpone(nowMs);
    this.pump();
  }

  /** @param epoch of the coordinator that answers. */
  answered(request: WorkerRequest, answer: WorkerAnswer, epoch: number, nowMs: number): void {
    this.nowMs = nowMs;
    if (!this.talk.ended(request)) return;
    if (this.talk.outdated(epoch)) {
      this.talk.postpone(nowMs);
      return;
    }
    this.talk.noteEpoch(epoch, nowMs);
    this.talk.succeeded();
    this.take(request, answer);
    this.pump();
  }

  /** Ready to compute: enters at every shard. */
  prepared(nowMs: number): void {
    this.nowMs = nowMs;
    if (this.phaseNow === 'preparing') this.openAll();
    this.pump();
  }

  streamClosed(shard: number, nowMs: number): void {
    this.nowMs = nowMs;
    this.links[shard]?.dropped(nowMs);
    this.pump();
  }

  /** @param epoch the highest that the shard has seen. */
  message(shard: number, message: DownMessage, epoch: number, nowMs: number): void {
    this.nowMs = nowMs;
    const link = this.links[shard];
    if (!link) return;
    link.heard();
    this.talk.noteEpoch(epoch, nowMs);
    this.onMessage(shard, link, message);
    this.pump();
  }

  /** The gradient (or the initial weights) of this slot is done; `finite` false: it holds a NaN or infinity, no part may go out. */
  computed(slot: number, finite: boolean, nowMs: number): void {
    this.nowMs = nowMs;
    if (this.pipeline.computed(slot, finite)) this.pump();
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
        this.talk.postpone(this.nowMs);
        return;
      case 'registered':
        this.prepare(answer);
        return;
      case 'none':
        this.noWork = true;
        this.leaseAtMs = this.nowMs + this.options.idlePollMs;
        return;
      case 'task':
        this.noWork = false;
        if (!this.tasks.has(answer.task.task)) this.tasks.hold(answer.task);
        else this.leaseAtMs = this.nowMs + this.options.idlePollMs; // the same again: there is no other now
        return;
      case 'ok':
        if (answer.drain) this.leaving = true;
        if (request.type === 'finish') this.tasks.confirmed(request);
        if (request.type === 'leave') this.phaseNow = 'left';
        return;
    }
  }

  private prepare(answer: Extract<WorkerAnswer, { type: 'registered' }>): void {
    this.identity = answer.identity;
    this.links.splice(0, this.links.length, ...answer.shards.map(() => new ShardLink(this.options)));
    this.phaseNow = 'preparing';
    if (this.ports.joined(answer) !== 'later') this.openAll();
  }

  private reset(): void {
    this.ports.joined(undefined);
    this.phaseNow = 'new';
    this.identity = undefined;
    this.links.splice(0);
    this.pipeline.clear();
    this.tasks.clear();
    this.talk.giveUp(this.nowMs);
    this.noWork = false;
  }

  // ---- the shards' messages

  private onMessage(shard: number, link: ShardLink, message: DownMessage): void {
    switch (message.type) {
      case 'hello':
        if (link.helloAnswered() && this.phaseNow === 'entering') this.onEntry(link, message.clock);
        return;
      case 'idle':
        link.idleAcknowledged = true;
        return;
      case 'weights':
        this.pipeline.onWeights(shard, message);
        return;
      case 'waiting':
        this.pipeline.onWaiting(shard, message.clock);
        return;
      case 'push':
        this.pipeline.onOutcome(shard, message.sequence, message.outcome ?? 'forgotten');
        return;
      case 'refusal':
        this.onRefusal(shard, link, message);
        return;
      case 'notice':
        return;
    }
  }

  private onEntry(link: ShardLink, clock: number): void {
    if (link.entry !== undefined) return;
    link.entry = clock;
    if (this.links.some(({ entry }) => entry === undefined)) return;
    // One clock for all shards: the greatest; the first pull carries it everywhere.
    this.pipeline.enter(Math.max(...this.links.map(({ entry }) => entry ?? 0)));
    this.phaseNow = 'running';
    this.noWork = false;
    this.leaseAtMs = this.nowMs;
  }

  private onRefusal(shard: number, link: ShardLink, refusal: Refusal): void {
    switch (refusal.code) {
      case 'FAILED_PRECONDITION':
        this.ports.log('fencedByShard', { shard, why: refusal.message });
        this.reset();
        return;
      case 'UNAVAILABLE':
      case 'RESOURCE_EXHAUSTED':
        link.dropped(this.nowMs);
        return;
      case 'OUT_OF_RANGE':
        return; // it stood behind a part that was malformed, and was sent again together with that
      case 'INVALID_ARGUMENT':
        if (refusal.about === 'push') {
          if (this.pipeline.repair(shard, refusal)) this.reset();
        } else if (refusal.about === 'hello') link.dropped(this.nowMs);
        else {
          this.ports.log('refused', { shard, why: refusal.message });
          this.reset();
        }
        return;
    }
  }

  // ---- in and out of the shards' clocks

  private openAll(): void {
    this.phaseNow = 'entering';
    this.links.forEach((link, shard) => this.openStream(link, shard));
  }

  private openStream(link: ShardLink, shard: number): void {
    const { identity } = this;
    assert(identity !== undefined, 'streams belong to a registered worker');
    const connection = link.opened();
    const enter = this.phaseNow === 'entering' && link.entry === undefined;
    this.ports.open(shard, { type: 'hello', identity, connection, enter });
    if (this.phaseNow === 'entering') return;
    this.pipeline.resend(shard);
    if (this.phaseNow === 'idle' && !link.idleAcknowledged) this.ports.send(shard, { type: 'idle' });
  }

  private goIdle(): void {
    this.phaseNow = 'idle';
    this.links.forEach((link, shard) => {
      link.idleAcknowledged = false;
      if (link.open) this.ports.send(shard, { type: 'idle' });
    });
  }

  private reenter(): void {
    const { identity } = this;
    assert(identity !== undefined, 'an idle worker is registered');
    this.phaseNow = 'entering';
    this.links.forEach((link, shard) => {
      link.entry = undefined;
      if (link.open) this.ports.send(shard, { type: 'hello', identity, connection: link.saidHello(), enter: true });
    });
  }

  // ---- what to do next

  private pump(): void {
    if (this.phaseNow === 'left') return;
    this.links.forEach((link, shard) => {
      if (link.due(this.nowMs)) this.openStream(link, shard);
    });
    if (this.phaseNow === 'idle' && this.tasks.ready() && !this.leaving) this.reenter();
    if (this.phaseNow === 'running') {
      if (!this.leaving) this.pipeline.startIterations();
      this.pipeline.startComputing();
    }
    if (this.phaseNow === 'running' && this.noWork && this.pipeline.empty && !this.tasks.ready()) this.goIdle();
    this.askNext();
  }

  private askNext(): void {
    const { talk, nowMs } = this;
    if (talk.busy) return;
    const due = talk.due(nowMs);
    if (due && this.phaseNow === 'new' && this.leaving) {
      this.phaseNow = 'left'; // it belongs to nothing: there is nobody to tell
      return;
    }
    const request = due ? this.nextRequest() : undefined;
    if (request) this.ask(request);
    else if (this.identity && talk.silentMs(nowMs) >= this.options.reportMs) this.ask({ type: 'report' });
  }

  private nextRequest(): WorkerRequest | undefined {
    if (this.phaseNow === 'new') return { type: 'register' };
    const report = this.tasks.report();
    if (report) return report;
    if (this.leaving) return this.pipeline.empty ? { type: 'leave' } : undefined;
    const wantsWork = (this.phaseNow === 'running' || this.phaseNow === 'idle') && !this.tasks.ready();
    return wantsWork && this.nowMs >= this.leaseAtMs ? { type: 'lease' } : undefined;
  }

  private ask(request: WorkerRequest): void {
    this.talk.asked(request, this.nowMs);
    this.ports.ask(request, this.heldTasks(), this.identity);
  }
}
