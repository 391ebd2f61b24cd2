/**
 * What a shard is between two events, and the questions that every part of it asks: who is fenced, what was decided last
 * of a life, what a policy may know. The parts (pushes, pulls, presence, cut, orders) change it, one event at a time.
 */
import type { PolicyView } from '../algorithms/policies/policy.ts';
import { assert } from '../errors.ts';
import type { VectorMemory } from '../tensor/slabs.ts';
import { memberKey, type Member } from '../transport/members.ts';
import type { Identity } from '../transport/messages.ts';
import { Effects } from './effects.ts';
import type { ShardEventRecord, StreamId } from './events.ts';
import type { Loaded } from './loaded.ts';
import { MemberTable, type Fenced, type LiveMember } from './members.ts';
import { PullQueue } from './pull-queue.ts';

export class ShardState {
  readonly job: string;
  readonly memory: VectorMemory;
  readonly table = new MemberTable();
  readonly streams = new Map<StreamId, Identity>();
  readonly pulls = new PullQueue();
  readonly effects = new Effects();
  loaded: Loaded | undefined;
  history = -1;
  /** The highest seen. */
  epoch = 0;
  /** Time of the event that is being handled. */
  nowMs = 0;

  constructor(job: string, memory: VectorMemory) {
    this.job = job;
    this.memory = memory;
  }

  fenced(identity: Identity): Fenced | undefined {
    if (identity.history < this.history) {
      return { code: 'FAILED_PRECONDITION', message: `history ${identity.history} is over (${this.history} now): register again` };
    }
    if (!this.loaded || identity.history > this.history)
      return { code: 'UNAVAILABLE', message: 'the job is not loaded here yet: try again' };
    return this.table.fenced(identity);
  }

  /** Of an identity that is not fenced. */
  member(identity: Identity): LiveMember {
    const member = this.table.get(identity.worker);
    assert(member !== undefined, 'an unfenced identity is a member');
    return member;
  }

  decidedSequence(worker: string, incarnation: number): number {
    return this.loaded?.sequences.get(memberKey(worker, incarnation)) ?? 0;
  }

  view(loaded: Loaded): PolicyView {
    return {
      version: loaded.version,
      minClock: this.table.minClock(),
      counting: this.table.counting(),
      versionsInFlight: (except) => this.table.versionsInFlight(except),
    };
  }

  /** A row for what a member did. */
  recordOf(event: ShardEventRecord['event'], { worker, incarnation, clock }: Member & { readonly clock: number }): void {
    this.effects.recordEvent({ event, worker, incarnation, clock, version: this.loaded?.version ?? 0 });
  }

  /** A row for what happened to the whole shard. */
  recordEvent(event: ShardEventRecord['event'], clock = this.table.minClock()): void {
    this.recordOf(event, { worker: '', incarnation: 0, clock });
  }
}
