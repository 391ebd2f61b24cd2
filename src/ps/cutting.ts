/**
 * A shard's part in a cut: opens the mark, holds what is beyond it, decides exactly up to what the coordinator names, copies
 * itself, and goes on. A mark that nobody comes back to is dropped, with all that it held decided.
 */
import { memberOfKey, type SequenceVector } from '../transport/members.ts';
import type { Identity } from '../transport/messages.ts';
import type { StagedPush } from './events.ts';
import type { Loaded } from './loaded.ts';
import { Mark, type HeldPush } from './mark.ts';
import { copyOf } from './shard-copy.ts';
import type { ShardState } from './shard-state.ts';

export class Cutting {
  private readonly state: ShardState;
  private readonly decide: (push: StagedPush, identity: Identity) => void;
  private mark: Mark | undefined;

  /** @param decide the whole transition of a push, for those that were held */
  constructor(state: ShardState, decide: (push: StagedPush, identity: Identity) => void) {
    this.state = state;
    this.decide = decide;
  }

  /** A mark is open: nothing may be forgotten that the cut must hold. */
  get open(): boolean {
    return this.mark !== undefined;
  }

  /** True: the push waits until the cut is taken. Nothing of it has been judged but its fence. */
  hold(push: StagedPush, identity: Identity): boolean {
    const { mark, state } = this;
    const { worker, incarnation } = identity;
    if (!mark || push.header.kind === 'initial' || state.fenced(identity)) return false;
    if (!mark.holds(worker, incarnation, push.header.sequence, state.decidedSequence(worker, incarnation))) return false;
    mark.hold({ push, worker, incarnation });
    return true;
  }

  openMark(loaded: Loaded, id: number): SequenceVector {
    if (this.mark?.id === id) return this.mark.sequences;
    if (this.mark) this.drop();
    this.mark = new Mark(id, Object.fromEntries(loaded.sequences), this.state.nowMs);
    this.state.recordEvent('mark');
    return this.mark.sequences;
  }

  cut(id: number, sequences: SequenceVector, replyTo: number): void {
    const { mark, state } = this;
    if (mark?.id !== id) {
      state.effects.answerOrder(replyTo, { type: 'refused', epoch: state.epoch, why: `mark ${id} was dropped here` });
      return;
    }
    mark.target = { sequences, replyTo };
    for (const held of mark.release()) {
      const { push, worker, incarnation } = held;
      if (mark.holds(worker, incarnation, push.header.sequence, state.decidedSequence(worker, incarnation))) mark.hold(held);
      else this.decideHeld(held);
    }
    this.complete();
  }

  /** Everything up to M is decided here, or will never be (its member has left): copy, and go on at once. */
  complete(): void {
    const { mark, state } = this;
    const { loaded } = state;
    if (!mark?.target || !loaded) return;
    for (const [key, sequence] of Object.entries(mark.target.sequences)) {
      const { worker, incarnation } = memberOfKey(key);
      if (state.table.get(worker)?.incarnation === incarnation && (loaded.sequences.get(key) ?? 0) < sequence) return;
    }
    const heldMs = state.nowMs - mark.sinceMs;
    state.effects.answerOrder(mark.target.replyTo, { type: 'cut', copy: copyOf(loaded, state), heldMs });
    mark.target = undefined;
    state.recordEvent('cut');
    this.end(mark);
  }

  /** @param id only this mark; absent: whichever is open */
  drop(id = this.mark?.id): void {
    const { mark } = this;
    if (!mark || mark.id !== id) return;
    this.fail(`mark ${mark.id} was dropped`);
    this.end(mark);
  }

  dropOlderThan(timeoutMs: number): void {
    if (this.mark && this.state.nowMs - this.mark.sinceMs >= timeoutMs) this.drop();
  }

  /** No cut any more, and nothing that it held is decided: the caller answers those pushes. */
  abandon(why: string): HeldPush[] {
    const held = this.mark?.release() ?? [];
    this.fail(why);
    this.mark = undefined;
    return held;
  }

  private fail(why: string): void {
    if (!this.mark?.target) return;
    this.state.effects.answerOrder(this.mark.target.replyTo, { type: 'refused', epoch: this.state.epoch, why });
    this.mark.target = undefined;
  }

  private end(mark: Mark): void {
    this.mark = undefined;
    this.state.loaded?.batches.forgetPending();
    for (const held of mark.release()) this.decideHeld(held);
  }

  /** A held push goes through the whole transition now; its stream may have been replaced meanwhile. */
  private decideHeld({ push, worker, incarnation }: HeldPush): void {
    const { job, history } = this.state;
    this.decide(push, { job, history, worker, incarnation });
  }
}
