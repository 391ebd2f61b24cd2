/**
 * A cut without stopping the workers (Chandy-Lamport's idea, with sequences for markers). From `mark` on the shard holds
 * every push beyond what it has decided; the coordinator takes the elementwise maximum M over all shards; each decides
 * exactly up to M, copies itself, and goes on. Holding comes after staging and before anything is judged.
 */
import { memberKey, type SequenceVector } from '../transport/members.ts';
import type { StagedPush } from './events.ts';

export interface HeldPush {
  push: StagedPush;
  readonly worker: string;
  readonly incarnation: number;
}

export class Mark {
  readonly id: number;
  readonly sequences: SequenceVector;
  readonly sinceMs: number;
  /** M and where its answer goes, once the coordinator has sent it. */
  target: { readonly sequences: SequenceVector; readonly replyTo: number } | undefined;
  private heldPushes: HeldPush[] = [];

  constructor(id: number, sequences: SequenceVector, nowMs: number) {
    this.id = id;
    this.sequences = sequences;
    this.sinceMs = nowMs;
    this.target = undefined;
  }

  /** Must this push wait until the cut is taken? `decided` is the last sequence decided of its member. */
  holds(worker: string, incarnation: number, sequence: number, decided: number): boolean {
    const limit = (this.target?.sequences ?? this.sequences)[memberKey(worker, incarnation)] ?? 0;
    return sequence > Math.max(limit, decided);
  }

  /**
   * A repeat of a held push takes its place: one copy of the gradient, answered on the newer stream. Its place in the order
   * is new too: the earlier copy may have come ahead of a part that was malformed, and would be a gap when released.
   */
  hold(held: HeldPush): void {
    this.heldPushes = this.heldPushes.filter(
      (other) =>
        other.worker !== held.worker || other.incarnation !== held.incarnation || other.push.header.sequence !== held.push.header.sequence,
    );
    this.heldPushes.push(held);
  }

  /** Takes out all held pushes, in order of arrival; those still beyond M are held again by the caller. */
  release(): HeldPush[] {
    const held = this.heldPushes;
    this.heldPushes = [];
    return held;
  }
}
