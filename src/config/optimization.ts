import type { OptimizerConfig } from '../algorithms/optimizers/registry.ts';
import type { ScheduleConfig } from '../algorithms/schedules/registry.ts';
import type { Job } from './job-schema.ts';

/** The `optimizer` section of a job as a shard takes it: the base rate, its schedule, and the optimizer's own options. */
export interface Optimization {
  readonly optimizer: OptimizerConfig;
  readonly learningRate: number;
  readonly schedule: ScheduleConfig;
}

export function optimization({ learningRate, schedule, ...optimizer }: Job['optimizer']): Optimization {
  return { optimizer, learningRate, schedule };
}
