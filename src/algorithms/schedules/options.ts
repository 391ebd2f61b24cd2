/** What a job may say about its schedule, what a schedule knows of the job, and how a choice enters the registry. */
import type { Schedule, SchedulePosition } from './schedule.ts';

export interface ScheduleConfig {
  readonly name: 'constant' | 'step' | 'cosine';
  /** Linear warm-up over so many updates; every schedule. */
  readonly warmupUpdates?: number;
  /** Linear warm-up over so many data epochs (fractions allowed); every schedule. */
  readonly warmupEpochs?: number;
  /** step: updates between two falls. */
  readonly everyUpdates?: number;
  /** step: data epochs between two falls. */
  readonly everyEpochs?: number;
  /** step: each fall multiplies the rate by this, in (0, 1]; default 0.1. */
  readonly factor?: number;
  /** cosine: updates until the floor is reached. */
  readonly totalUpdates?: number;
  /** cosine: data epochs until the floor is reached; default the job's stop.epochs. */
  readonly totalEpochs?: number;
  /** cosine: the share of the rate that is left in the end, in [0, 1]; default 0. */
  readonly floor?: number;
}

type ScheduleOption = Exclude<keyof ScheduleConfig, 'name'>;

export interface ScheduledJob {
  /** Samples in one data epoch, at least 1. */
  readonly samplesPerEpoch: number;
  /** The job's stop.epochs, where it has one. */
  readonly stopEpochs?: number;
}

/** One choice in the registry: the curve only; warm-up multiplies it there, the same way for all. */
export interface ScheduleChoice {
  readonly name: Schedule['name'];
  /** Besides the warm-up's. */
  readonly options: readonly ScheduleOption[];
  curve(config: ScheduleConfig, job: ScheduledJob): (at: SchedulePosition) => number;
}
