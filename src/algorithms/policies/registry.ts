import { asp } from './asp.ts';
import { bsp, type Aggregate } from './bsp.ts';
import type { PlannedPush, Policy } from './policy.ts';
import { ssp } from './ssp.ts';

export interface ConsistencyConfig {
  readonly policy: 'asp' | 'ssp' | 'bsp';
  /** ssp: iterations that a worker may be ahead of the slowest. */
  readonly bound?: number | undefined;
  /** bsp: what a round's gradients become. */
  readonly aggregate?: Aggregate | undefined;
}

export function createPolicy<P extends PlannedPush>(config: ConsistencyConfig): Policy<P> {
  switch (config.policy) {
    case 'asp':
      return asp();
    case 'ssp':
      return ssp(config.bound ?? 0);
    case 'bsp':
      return bsp(config.aggregate ?? 'mean');
  }
}
