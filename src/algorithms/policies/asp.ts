/**
 * Asynchronous parallel: every pull is served, every push is applied on arrival, nobody waits.
 *
 *   x -= rate * g        for each gradient g, whatever its version lag
 *
 * With N equally fast workers the version lag settles at N - 1. One worker is sequential SGD.
 * Source: Dean et al., "Large Scale Distributed Deep Networks" (2012), section 4.1.
 */
import type { PlannedPush, Policy } from './policy.ts';

export function asp<P extends PlannedPush>(): Policy<P> {
  return {
    name: 'asp',
    onPull: () => ({ serve: true }),
    fault: () => undefined,
    onPush: (push) => ({ outcome: 'applied', update: { pushes: [push], weights: [1], round: -1 } }),
    due: () => undefined,
    open: () => [],
    clear: () => undefined,
  };
}
