/**
 * Who waits for whom, and which pushes become one update. A policy plans; it holds no weights and does no arithmetic.
 * The shard asks it at each event and carries out what it answers.
 */
import type { Outcome } from '../../transport/messages.ts';

/** A staged push as a policy sees it; `gradient` is carried, never read. */
export interface PlannedPush {
  readonly worker: string;
  readonly incarnation: number;
  readonly sequence: number;
  readonly clock: number;
  readonly versionRead: number;
  readonly kind: 'gradient' | 'delta';
  readonly samples: number;
  readonly gradient: Float32Array;
}

/** What a policy may know of the shard. */
export interface PolicyView {
  /** Updates applied. */
  readonly version: number;
  /** Least clock of the members that count; see `counting`. */
  readonly minClock: number;
  /** Members that have said hello and are not idle. */
  readonly counting: number;
  /** Versions of the pulls that were served and whose pushes are not decided yet, but for this one's own. */
  versionsInFlight(except: { readonly worker: string; readonly clock: number }): readonly number[];
}

export interface PlannedUpdate<P extends PlannedPush = PlannedPush> {
  readonly pushes: readonly P[];
  /** One weight for each push, in the same order: the order of the arithmetic. */
  readonly weights: readonly number[];
  /** The round that it closes, or -1. */
  readonly round: number;
}

/** What becomes of one push, and the update that it brings about, if any. */
export interface PushPlan<P extends PlannedPush = PlannedPush> {
  readonly outcome: Exclude<Outcome, 'void'>;
  readonly update: PlannedUpdate<P> | undefined;
}

export type PullVerdict = { readonly serve: true } | { readonly serve: false; readonly why: string };

export interface Policy<P extends PlannedPush = PlannedPush> {
  readonly name: string;
  /** Serve this pull now, or hold it until something changes? Judged anew after every event. */
  onPull(pull: { readonly worker: string; readonly clock: number }, view: PolicyView): PullVerdict;
  /** Why a push may not be (a client that broke the rules), or undefined. Judged before `onPush`; nothing changes. */
  fault(push: P, view: PolicyView): string | undefined;
  onPush(push: P, view: PolicyView): PushPlan<P>;
  /** The next kept update that is due now that clocks or members have changed. Called until it answers undefined. */
  due(view: PolicyView): PlannedUpdate<P> | undefined;
  /** What is kept and not applied, as the updates that the end of the job or a restore makes of it, in order. */
  open(): readonly PlannedUpdate<P>[];
  /** Forgets what is kept: the caller has applied `open()`. */
  clear(): void;
}
