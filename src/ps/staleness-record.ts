/** A decided push as one row of the staleness records. */
import type { Member } from '../transport/members.ts';
import type { Outcome } from '../transport/messages.ts';
import type { StagedPush, StalenessRecord } from './events.ts';

/** What the shard decided of a push, and what it knew of it. */
export interface Verdict {
  readonly outcome: Outcome;
  /** The version that holds it, or -1. */
  readonly versionApplied: number;
  readonly weight: number;
  readonly round: number;
  readonly clockLag: number;
  /** When the weights that it was computed at were sent. */
  readonly servedAtMs: number | undefined;
}

/** Where and when it was decided. */
export interface Arrival {
  readonly arrival: number;
  readonly history: number;
  readonly nowMs: number;
}

export function stalenessRecord({ header }: StagedPush, member: Member, verdict: Verdict, at: Arrival): StalenessRecord {
  const { outcome, versionApplied, weight, round, clockLag, servedAtMs } = verdict;
  return {
    arrival: at.arrival,
    history: at.history,
    worker: member.worker,
    incarnation: member.incarnation,
    sequence: header.sequence,
    clock: header.clock,
    task: header.task,
    firstBatch: header.firstBatch,
    batchCount: header.batchCount,
    samples: header.samples,
    versionRead: header.versionRead,
    versionApplied,
    versionLag: versionApplied < 0 ? -1 : versionApplied - 1 - header.versionRead,
    clockLag,
    versionSpread: header.versionSpread,
    ageMs: servedAtMs === undefined ? -1 : at.nowMs - servedAtMs,
    outcome,
    weight,
    round,
    loss: header.loss,
  };
}
