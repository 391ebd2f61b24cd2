/**
 * Stale synchronous parallel: a fast worker may run at most `bound` iterations ahead of the slowest.
 *
 *   the pull of iteration c is served once   c - min clock <= bound
 *
 * So what is read holds every update of clocks below c - bound, and perhaps newer ones: a guarantee, not an exclusion.
 * At every instant max clock - min clock <= bound + 1. Pushes are applied on arrival. With an unreachable bound it is asp;
 * with bound 0 and sums it agrees with bsp where each round's pulls come before its pushes.
 * Source: Ho et al., "More Effective Distributed ML via a Stale Synchronous Parallel Parameter Server" (2013), section 2.
 */
import type { PlannedPush, Policy } from './policy.ts';

export function ssp<P extends PlannedPush>(bound: number): Policy<P> {
  return {
    name: 'ssp',
    onPull(pull, view) {
      const ahead = pull.clock - view.minClock;
      if (ahead <= bound) return { serve: true };
      return {
        serve: false,
        why: `iteration ${pull.clock} is ${ahead} ahead of the slowest worker's ${view.minClock}; the bound is ${bound}`,
      };
    },
    fault(push, view) {
      // No served pull has a clock beyond the bound, and min clock never falls: only a client that never pulled gets here.
      const ahead = push.clock - view.minClock;
      return ahead > bound
        ? `clock ${push.clock} is ${ahead} ahead of min clock ${view.minClock}, beyond the bound ${bound}: pull first`
        : undefined;
    },
    onPush: (push) => ({ outcome: 'applied', update: { pushes: [push], weights: [1], round: -1 } }),
    due: () => undefined,
    open: () => [],
    clear: () => undefined,
  };
}
