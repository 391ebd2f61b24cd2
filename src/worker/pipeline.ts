/**
 * The iterations that a worker has under way, at most one more than `pipelining`: makes sure of a batch before it pulls,
 * computes one gradient at a time, pushes once to every shard, and sends again what a new stream or a malformed part
 * leaves unanswered. A batch is settled when every shard has answered.
 */
import { assert } from '../errors.ts';
import type { Refusal, Weights } from '../transport/messages.ts';
import { Iteration, settledKind, type PartOutcome } from './iteration.ts';
import type { IterationRules, SessionPorts } from './session-ports.ts';
import type { ShardLink } from './shard-link.ts';
import type { HeldWork, TaskBook } from './task-book.ts';

/** Weights and gradients lie in one of two places: what computes, and what is pulled ahead. */
const SLOTS = [0, 1];

export class Pipeline {
  private readonly ports: SessionPorts;
  private readonly tasks: TaskBook;
  private readonly links: readonly ShardLink[];
  private rules: IterationRules;
  private iterations: Iteration[] = [];
  private nextClock = 0;
  private lastSequence = 0;

  /** @param links of this worker's life, in the shards' order; the session fills it */
  constructor(ports: SessionPorts, tasks: TaskBook, links: readonly ShardLink[], rules: IterationRules) {
    this.ports = ports;
    this.tasks = tasks;
    this.links = links;
    this.rules = rules;
  }

  follow(rules: IterationRules): void {
    this.rules = rules;
  }

  get clock(): number {
    return this.nextClock;
  }

  get empty(): boolean {
    return this.iterations.length === 0;
  }

  unansweredClocks(): readonly { clock: number; sequence: number | undefined }[] {
    return this.iterations.filter(({ kind }) => kind === 'train').map(({ clock, sequence }) => ({ clock, sequence }));
  }

  enter(clock: number): void {
    this.nextClock = clock;
  }

  /** A life is over, and its clock and sequences with it. */
  clear(): void {
    this.nextClock = 0;
    this.lastSequence = 0;
    this.iterations = [];
  }

  // ---- begin

  startIterations(): void {
    while (this.iterations.length <= this.rules.pipelining) {
      // The weights of one iteration at a time: the next pull goes out when this one's are in.
      if (this.iterations.some((iteration) => !iteration.weightsComplete)) return;
      const task = this.tasks.ready();
      if (!task) return;
      if (task.kind === 'initialize') {
        this.startInitialize(task);
        return;
      }
      const run = this.tasks.begin(task, this.rules.accumulate);
      const slot = SLOTS.find((free) => this.iterations.every((iteration) => iteration.slot !== free));
      assert(slot !== undefined, 'there is a slot for each iteration under way');
      const shards = this.links.length;
      const iteration = new Iteration({ kind: 'train', slot, clock: this.nextClock, task, run, shards });
      this.nextClock += 1;
      this.iterations.push(iteration);
      const askedAtOnce = this.rules.pullsInOrder ? 1 : shards;
      for (let shard = 0; shard < askedAtOnce; shard += 1) this.askWeights(iteration, shard);
    }
  }

  private startInitialize(task: HeldWork): void {
    if (this.iterations.length > 0) return;
    this.tasks.beginInitialize(task);
    const run = { firstBatch: 0, count: 0 };
    this.iterations.push(new Iteration({ kind: 'initialize', slot: 0, clock: this.nextClock, task, run, shards: this.links.length }));
    this.ports.initialize();
  }

  // ---- pull

  private askWeights(iteration: Iteration, shard: number): void {
    iteration.asked = shard + 1;
    if (this.links[shard]?.open) this.ports.send(shard, { type: 'pull', clock: iteration.clock });
  }

  private pulling(clock: number): Iteration | undefined {
    return this.iterations.find((iteration) => iteration.pulling && iteration.clock === clock);
  }

  /** Where weights for this pull belong, while they are wanted from this shard. */
  wantedSlot(shard: number, clock: number): number | undefined {
    const iteration = this.pulling(clock);
    return iteration?.wantsWeights(shard) ? iteration.slot : undefined;
  }

  onWeights(shard: number, weights: Weights): void {
    const iteration = this.pulling(weights.clock);
    if (!iteration?.wantsWeights(shard)) return;
    iteration.versions[shard] = weights.version;
    this.ports.weights(shard, iteration.slot, weights);
    if (iteration.asked < this.links.length) this.askWeights(iteration, iteration.asked);
  }

  /** The shard cannot serve yet, and the wait for this pull is over: ask again. */
  onWaiting(shard: number, clock: number): void {
    if (this.pulling(clock)?.wantsWeights(shard)) this.ports.send(shard, { type: 'pull', clock });
  }

  // ---- compute

  startComputing(): void {
    if (this.iterations.some((iteration) => iteration.computing)) return;
    const next = this.iterations.find((iteration) => iteration.sequence === undefined);
    if (!next?.weightsComplete) return;
    next.computing = true;
    this.ports.compute({ slot: next.slot, clock: next.clock, ...next.run });
  }

  /** @returns false where the gradient is of a life that is over */
  computed(slot: number, finite: boolean): boolean {
    const iteration = this.iterations.find((other) => other.slot === slot && other.computing);
    if (!iteration) return false;
    iteration.computing = false;
    if (iteration.kind === 'initialize') {
      iteration.sequence = 0;
    } else {
      this.lastSequence += 1;
      iteration.sequence = this.lastSequence;
      if (!finite) {
        iteration.pushKind = 'void';
        this.ports.log('nonFiniteGradient', { clock: iteration.clock, firstBatch: iteration.run.firstBatch });
      }
    }
    for (let shard = 0; shard < this.links.length; shard += 1) this.sendPush(iteration, shard);
    return true;
  }

  // ---- push

  private sendPush(iteration: Iteration, shard: number): void {
    if (!this.links[shard]?.open) return; // goes out when the stream is open again
    this.ports.push(shard, iteration.pushOrder(shard));
  }

  /** A new stream is open: everything that this shard has not answered goes out again, pushes first. */
  resend(shard: number): void {
    for (const iteration of this.iterations) if (iteration.owes(shard)) this.sendPush(iteration, shard);
    for (const iteration of this.iterations) {
      if (shard < iteration.asked && iteration.wantsWeights(shard)) this.ports.send(shard, { type: 'pull', clock: iteration.clock });
    }
  }

  /**
   * One malformed part is no gap for ever: sent right once more, with everything behind it; then void.
   * @returns true where the shard refuses even that
   */
  repair(shard: number, refusal: Refusal): boolean {
    const unanswered = this.iterations.filter((iteration) => iteration.owes(shard) && (iteration.sequence ?? 0) >= refusal.sequence);
    const malformed = unanswered[0];
    if (malformed?.sequence !== refusal.sequence) return false; // answered meanwhile: an older copy of it
    const repairs = (malformed.repairs[shard] ?? 0) + 1;
    malformed.repairs[shard] = repairs;
    this.ports.log('partRefused', { shard, sequence: refusal.sequence, why: refusal.message, repairs });
    if (repairs > 2) return true;
    for (const iteration of unanswered) this.sendPush(iteration, shard);
    return false;
  }

  // ---- settle

  onOutcome(shard: number, sequence: number, outcome: PartOutcome): void {
    const iteration = this.iterations.find((other) => other.sequence === sequence);
    if (!iteration || iteration.outcomes[shard] !== undefined) return;
    iteration.outcomes[shard] = outcome;
    if (iteration.answered) this.end(iteration);
  }

  private end(iteration: Iteration): void {
    this.iterations = this.iterations.filter((other) => other !== iteration);
    this.ports.iterationEnded?.(iteration.slot);
    if (iteration.kind === 'initialize') this.tasks.initialized(iteration.task);
    else this.tasks.settle(iteration.task, iteration.run, settledKind(iteration.outcomes));
  }
}
