/** Where training stands, as one run of elements sees it. */
export interface SchedulePosition {
  /** Updates applied before this one: 0 for the first. */
  readonly updates: number;
  /** Samples in the updates applied before this one. */
  readonly samples: number;
  /** Samples in one data epoch. */
  readonly samplesPerEpoch: number;
}

/** A factor on the base learning rate; pure, and the same bits on every machine. */
export interface Schedule {
  readonly name: string;
  factor(at: SchedulePosition): number;
}
