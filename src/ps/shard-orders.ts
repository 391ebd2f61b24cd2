/**
 * What the coordinator orders of a shard: its members, a cut, a restore, what may be forgotten, the end. Orders are the only
 * messages that an epoch fences; those that let go or end name their history too.
 */
import type { PlannedUpdate } from '../algorithms/policies/policy.ts';
import { TardigradError } from '../errors.ts';
import type { Member } from '../transport/members.ts';
import type { Outcome } from '../transport/messages.ts';
import type { Cutting } from './cutting.ts';
import type { Order, OrderReply } from './events.ts';
import { createVectors, Loaded, type KeptPush, type LoadOrder } from './loaded.ts';
import type { ShardState } from './shard-state.ts';

/** What orders set off in the shard. */
export interface ShardTransitions {
  /** Something changed: apply what is due, serve what may be served. */
  recheck(): void;
  apply(loaded: Loaded, update: PlannedUpdate<KeptPush>, outcome: Outcome): void;
}

export class ShardOrders {
  private readonly state: ShardState;
  private readonly cutting: Cutting;
  private readonly shard: ShardTransitions;
  /** When it was fenced: what a restore sets back. */
  private lastVersion = 0;

  constructor(state: ShardState, cutting: Cutting, shard: ShardTransitions) {
    this.state = state;
    this.cutting = cutting;
    this.shard = shard;
  }

  handle(order: Order, epoch: number, replyTo: number): void {
    const { state } = this;
    if (epoch < state.epoch) {
      const why = `epoch ${epoch} is over: ${state.epoch} leads`;
      state.effects.answerOrder(replyTo, { type: 'refused', epoch: state.epoch, why });
      return;
    }
    if (epoch > state.epoch) this.newLeader(epoch);
    const reply = this.carryOut(order, epoch, replyTo);
    if (reply) state.effects.answerOrder(replyTo, reply);
  }

  private newLeader(epoch: number): void {
    const { effects, streams } = this.state;
    this.state.epoch = epoch;
    for (const stream of streams.keys()) effects.send(stream, { type: 'notice', notice: 'newerEpoch', value: epoch });
    this.cutting.drop();
  }

  /** The answer; undefined where it comes later, when the cut is taken. */
  private carryOut(order: Order, epoch: number, replyTo: number): OrderReply | undefined {
    switch (order.type) {
      case 'members':
        return { type: 'members', dropped: this.setMembers(epoch, order.number, order.history, order.members) };
      case 'fence':
        this.fence(order.history);
        return { type: 'fence', incarnations: this.state.table.incarnations(), version: this.lastVersion };
      case 'load':
        return this.load(order, epoch);
    }
    const { loaded, history } = this.state;
    if (!loaded) return { type: 'unloaded' };
    switch (order.type) {
      case 'mark':
        return { type: 'mark', sequences: this.cutting.openMark(loaded, order.id) };
      case 'cut':
        this.cutting.cut(order.id, order.sequences, replyTo);
        return undefined;
      case 'dropMark':
        this.cutting.drop(order.id);
        return { type: 'done', version: loaded.version };
      case 'collect':
        return { type: 'collect', outcomes: loaded.batches.runs(), sequences: Object.fromEntries(loaded.sequences) };
      case 'forget':
        if (order.history !== history) return this.otherHistory(order.history);
        loaded.batches.forget(order.batches, this.cutting.open);
        return { type: 'done', version: loaded.version };
      case 'finish':
        if (order.history !== history) return this.otherHistory(order.history);
        this.finish(loaded);
        return { type: 'done', version: loaded.version };
    }
  }

  /** What an order says of one history is not so in another: delayed past a restore, it must change nothing. */
  private otherHistory(history: number): OrderReply {
    const why = `the order is for history ${history}; this shard is in ${this.state.history}`;
    return { type: 'refused', epoch: this.state.epoch, why };
  }

  private setMembers(epoch: number, number: number, history: number, list: readonly Member[]): readonly Member[] {
    const { state } = this;
    if (history < state.history) return [];
    const change = state.table.setList(epoch, number, list);
    if (!change) return [];
    for (const member of change.left) {
      for (const pull of state.pulls.takeOfWorker(member.worker)) {
        const why = `incarnation ${member.incarnation} of ${member.worker} is over`;
        state.effects.refuse(pull.stream, 'pull', 'FAILED_PRECONDITION', why, pull);
      }
      state.recordOf('leave', member);
    }
    this.shard.recheck();
    this.cutting.complete();
    return change.refused;
  }

  /** From here on nothing of an older history counts; nothing is served until `load`. */
  private fence(history: number): void {
    const { state } = this;
    if (history <= state.history) return;
    state.history = history;
    this.lastVersion = state.loaded?.version ?? 0;
    state.loaded = undefined;
    const why = 'the job is being restored: register again';
    for (const { push } of this.cutting.abandon('the job is being restored'))
      state.effects.refuse(push.stream, 'push', 'FAILED_PRECONDITION', why, push.header);
    for (const pull of state.pulls.takeAll()) state.effects.refuse(pull.stream, 'pull', 'FAILED_PRECONDITION', why, pull);
  }

  private load(order: LoadOrder, epoch: number): OrderReply {
    const { state } = this;
    const { history, parts } = order;
    if (history < state.history) return { type: 'refused', epoch, why: `history ${history} is over: ${state.history} is this shard's` };
    if (state.loaded && history === state.history) return { type: 'done', version: state.loaded.version };
    const vectors = createVectors(order, state.memory);
    if (vectors instanceof TardigradError) return { type: 'refused', epoch, why: vectors.message };
    state.history = history;
    state.loaded = new Loaded(order, vectors);
    state.table.restart(parts?.clock ?? 0, parts?.incarnations ?? {});
    state.recordEvent('load', parts?.clock ?? 0);
    return { type: 'done', version: state.loaded.version };
  }

  /** The end of a job: what is kept is applied, each as one update. */
  private finish(loaded: Loaded): void {
    const { table } = this.state;
    for (const update of loaded.policy.open()) {
      this.shard.apply(loaded, update, 'buffered');
      if (table.counting() === 0) table.raiseFloor(update.round + 1);
    }
    loaded.policy.clear();
    this.state.recordEvent('finish');
    this.shard.recheck();
  }
}
