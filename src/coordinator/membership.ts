/**
 * Who works for a job, by leases that the coordinator's monotonic clock judges. A new leader gives every lease a full
 * fresh term before it judges any: it never evicts for its own absence.
 */
import type { Member } from '../transport/members.ts';

export interface LeasedMember extends Member {
  readonly evaluator: boolean;
  lastHeardMs: number;
  /** Its eviction or its leaving is under way. */
  leaving: boolean;
  /** Has spoken to this leader. */
  reported: boolean;
}

export class Membership {
  private readonly leaseMs: number;
  private readonly members = new Map<string, LeasedMember>();
  /** The highest incarnation given to each name. */
  private readonly incarnations: Map<string, number>;

  constructor(leaseMs: number, members: Readonly<Record<string, number>>, incarnations: Readonly<Record<string, number>>, nowMs: number) {
    this.leaseMs = leaseMs;
    this.incarnations = new Map(Object.entries(incarnations));
    for (const [worker, incarnation] of Object.entries(members)) this.set(worker, incarnation, false, nowMs).reported = false;
  }

  /** The life that a name gets next. */
  nextIncarnation(worker: string): number {
    const next = (this.incarnations.get(worker) ?? 0) + 1;
    this.incarnations.set(worker, next);
    return next;
  }

  noteIncarnations(seen: Readonly<Record<string, number>>): void {
    for (const [worker, incarnation] of Object.entries(seen)) {
      this.incarnations.set(worker, Math.max(this.incarnations.get(worker) ?? 0, incarnation));
    }
  }

  set(worker: string, incarnation: number, evaluator: boolean, nowMs: number): LeasedMember {
    const member = { worker, incarnation, evaluator, lastHeardMs: nowMs, leaving: false, reported: true };
    this.members.set(worker, member);
    this.noteIncarnations({ [worker]: incarnation });
    return member;
  }

  get(worker: string): LeasedMember | undefined {
    return this.members.get(worker);
  }

  is(worker: string, incarnation: number): boolean {
    return this.members.get(worker)?.incarnation === incarnation;
  }

  /** A leader that slept has heard nobody: that is its own absence, not theirs. */
  renewAll(nowMs: number): void {
    for (const member of this.members.values()) member.lastHeardMs = nowMs;
  }

  remove(worker: string): void {
    this.members.delete(worker);
  }

  clear(): void {
    this.members.clear();
  }

  all(): LeasedMember[] {
    return [...this.members.values()];
  }

  /** Those that count in clocks: what shards are told. Evaluators are no members there. */
  workers(): LeasedMember[] {
    return this.all().filter(({ evaluator }) => !evaluator);
  }

  expired(nowMs: number): LeasedMember[] {
    return this.all().filter((member) => !member.leaving && nowMs - member.lastHeardMs > this.leaseMs);
  }

  stored(): { members: Record<string, number>; incarnations: Record<string, number> } {
    return {
      members: Object.fromEntries(this.workers().map(({ worker, incarnation }) => [worker, incarnation])),
      incarnations: Object.fromEntries(this.incarnations),
    };
  }
}
