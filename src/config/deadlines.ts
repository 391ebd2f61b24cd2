/**
 * Every lease and deadline of a job, from the one number that people choose: how soon a dead or silent process is noticed.
 * Each inner wait is shorter than the one around it. Otherwise the outer gives up on a peer that was about to say why it
 * is slow: a worker would close its stream while the shard holds its push for a cut, or lose its lease while reconnecting.
 *
 *   connect < heartbeat call < heartbeat <= pull wait < order < mark < control call < exchange < lease < detectFailure
 */
export interface Deadlines {
  /** Until a channel that was opened must be usable; else it is closed and another one opened. */
  readonly connectMs: number;
  /** Until a heartbeat must be answered, connecting included: no two are in flight. */
  readonly heartbeatCallMs: number;
  /** Between two heartbeats: a third of the lease, so that two may be lost. */
  readonly heartbeatMs: number;
  /** Until a pull that the policy holds is answered with "still waiting". */
  readonly pullWaitMs: number;
  /** Until a shard must have answered an order of the coordinator; one that hasn't is taken to be unreachable. */
  readonly orderMs: number;
  /** Until a shard drops a Mark by itself and decides the pushes that it held for it. */
  readonly markMs: number;
  /** Until the coordinator must have answered a worker's call; registering waits for an order to every shard. */
  readonly controlCallMs: number;
  /** Silence of a stream with something unanswered, after which it is dropped and opened again. */
  readonly exchangeMs: number;
  /** Silence after which a member is no longer one. */
  readonly leaseMs: number;
  /** Lease and one heartbeat: by then a death is noticed wherever it fell between two heartbeats. */
  readonly detectFailureMs: number;
}

/** Twentieths of `detectFailureMs`. The heartbeat is a third of the lease, and the two together are all of it. */
const TWENTIETHS = { connect: 3, heartbeatCall: 4, heartbeat: 5, order: 6, mark: 7, controlCall: 8, exchange: 10, lease: 15 } as const;

/** @param detectFailureMs at least 500; the job's schema checks it */
export function deadlines(detectFailureMs: number): Deadlines {
  const share = (twentieths: number): number => Math.floor((detectFailureMs * twentieths) / 20);
  return {
    connectMs: share(TWENTIETHS.connect),
    heartbeatCallMs: share(TWENTIETHS.heartbeatCall),
    heartbeatMs: share(TWENTIETHS.heartbeat),
    pullWaitMs: share(TWENTIETHS.heartbeat),
    orderMs: share(TWENTIETHS.order),
    markMs: share(TWENTIETHS.mark),
    controlCallMs: share(TWENTIETHS.controlCall),
    exchangeMs: share(TWENTIETHS.exchange),
    leaseMs: share(TWENTIETHS.lease),
    detectFailureMs,
  };
}
