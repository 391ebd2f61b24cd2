/**
 * Who belongs to a job at one shard, who is fenced, and the clocks that policies go by. The min clock is the least clock
 * of the members that have said hello and are not idle; it never falls, and stays where it was when nobody counts.
 */
import { assert } from '../errors.ts';
import type { Identity, Outcome } from '../transport/messages.ts';
import type { Member } from '../transport/members.ts';
import type { StreamId } from './events.ts';

export interface DecidedPush {
  readonly outcome: Outcome;
  readonly versionLag: number;
  readonly version: number;
}

export interface LiveMember extends Member {
  hello: boolean;
  idle: boolean;
  /** Iterations that it has finished, as this shard knows. */
  clock: number;
  /** The next pull is the first since an entering hello: it alone may raise the clock. */
  entering: boolean;
  stream: StreamId | undefined;
  connection: number;
  /** What was served and not yet pushed upon, by clock. */
  readonly served: Map<number, { readonly version: number; readonly atMs: number }>;
  /** Outcomes of the last pushes by sequence, for repeats. */
  readonly decided: Map<number, DecidedPush>;
}

/** Why an identity may not go on: an older life is over for good, a newer one is not known here yet. */
export interface Fenced {
  readonly code: 'FAILED_PRECONDITION' | 'UNAVAILABLE';
  readonly message: string;
}

export class MemberTable {
  private readonly members = new Map<string, LiveMember>();
  /** The highest incarnation ever listed, by worker. */
  private readonly seen = new Map<string, number>();
  /** The highest incarnation ever dropped: never admitted again, whatever a newer list says. */
  private readonly dropped = new Map<string, number>();
  private listEpoch = 0;
  private listNumber = 0;
  private floor = 0;

  /** Newest list wins; returns who left by it, or undefined where it is not news. */
  setList(epoch: number, number: number, list: readonly Member[]): { left: LiveMember[]; refused: Member[] } | undefined {
    if (epoch < this.listEpoch || (epoch === this.listEpoch && number <= this.listNumber)) return undefined;
    this.listEpoch = epoch;
    this.listNumber = number;
    const named = new Map(list.map((member) => [member.worker, member.incarnation]));
    const left: LiveMember[] = [];
    for (const member of this.members.values()) {
      if (named.get(member.worker) === member.incarnation) continue;
      this.members.delete(member.worker);
      this.dropped.set(member.worker, Math.max(this.dropped.get(member.worker) ?? 0, member.incarnation));
      left.push(member);
    }
    for (const { worker, incarnation } of list) {
      this.seen.set(worker, Math.max(this.seen.get(worker) ?? 0, incarnation));
      if (this.members.has(worker) || incarnation <= (this.dropped.get(worker) ?? 0)) continue;
      this.members.set(worker, {
        worker,
        incarnation,
        hello: false,
        idle: false,
        clock: 0,
        entering: false,
        stream: undefined,
        connection: 0,
        served: new Map(),
        decided: new Map(),
      });
    }
    const refused = list.filter(({ worker, incarnation }) => incarnation <= (this.dropped.get(worker) ?? 0));
    return { left, refused };
  }

  get(worker: string): LiveMember | undefined {
    return this.members.get(worker);
  }

  /** Judges the life alone; the caller has judged job and history. */
  fenced(identity: Identity): Fenced | undefined {
    const { worker, incarnation } = identity;
    if (this.members.get(worker)?.incarnation === incarnation) return undefined;
    if (incarnation > (this.seen.get(worker) ?? 0)) {
      return { code: 'UNAVAILABLE', message: `incarnation ${incarnation} of ${worker} is not on this shard's member list yet: try again` };
    }
    return { code: 'FAILED_PRECONDITION', message: `incarnation ${incarnation} of ${worker} is over: register again` };
  }

  private *countingMembers(): Generator<LiveMember> {
    for (const member of this.members.values()) if (member.hello && !member.idle) yield member;
  }

  counting(): number {
    return [...this.countingMembers()].length;
  }

  minClock(): number {
    let least = Infinity;
    for (const member of this.countingMembers()) least = Math.min(least, member.clock);
    if (least === Infinity) return this.floor;
    assert(least >= this.floor, `min clock never falls (was ${this.floor}, would be ${least})`);
    this.floor = least;
    return least;
  }

  maxClock(): number {
    let greatest = this.floor;
    for (const member of this.countingMembers()) greatest = Math.max(greatest, member.clock);
    return greatest;
  }

  /** Versions served and not yet decided upon, over all members but for one entry. */
  versionsInFlight(except: { readonly worker: string; readonly clock: number }): number[] {
    const versions: number[] = [];
    for (const member of this.members.values()) {
      for (const [clock, { version }] of member.served)
        if (member.worker !== except.worker || clock !== except.clock) versions.push(version);
    }
    return versions;
  }

  /** A round closed with nobody counting: whoever comes next starts beyond it. */
  raiseFloor(clock: number): void {
    this.floor = Math.max(this.floor, clock);
  }

  /** A restore: lives are over, numbers of lives are not. */
  restart(floor: number, seen: Readonly<Record<string, number>>): void {
    for (const member of this.members.values())
      this.dropped.set(member.worker, Math.max(this.dropped.get(member.worker) ?? 0, member.incarnation));
    this.members.clear();
    this.floor = floor;
    for (const [worker, incarnation] of Object.entries(seen)) this.seen.set(worker, Math.max(this.seen.get(worker) ?? 0, incarnation));
  }

  incarnations(): Record<string, number> {
    return Object.fromEntries(this.seen);
  }
}
