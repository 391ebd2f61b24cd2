/** All policies by name. To add one: write its file, name it in the config below, give it a case. */
import { asp } from './asp.ts';
import { boundedDelay, type WhenLate } from './bounded-delay.ts';
import { bsp, type Aggregate } from './bsp.ts';
import type { PlannedPush, Policy } from './policy.ts';
import { ssp } from './ssp.ts';

export interface ConsistencyConfig {
  readonly policy: 'asp' | 'ssp' | 'bsp' | 'bounded-delay';
  /** ssp: iterations that a worker may be ahead of the slowest. bounded-delay: the greatest version lag applied. */
  readonly bound?: number | undefined;
  /** bsp: what a round's gradients become. */
  readonly aggregate?: Aggregate | undefined;
  /** bounded-delay: what becomes of a gradient beyond the bound. */
  readonly whenLate?: WhenLate | undefined;
}

/** Whether a worker must ask the shards one after another, each once the one before has served. */
export function pullsInOrder(config: ConsistencyConfig): boolean {
  return config.policy === 'bounded-delay' && config.whenLate === 'pace';
}

export function createPolicy<P extends PlannedPush>(config: ConsistencyConfig): Policy<P> {
  switch (config.policy) {
    case 'asp':
      return asp();
    case 'ssp':
      return ssp(config.bound ?? 0);
    case 'bounded-delay':
      return boundedDelay(config.bound ?? 0, config.whenLate ?? 'refuse');
    case 'bsp':
      return bsp(config.aggregate ?? 'mean');
  }
}
