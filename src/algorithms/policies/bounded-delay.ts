/**
 * Bounded delay: no gradient older than `bound` updates reaches the weights. With v the shard's version, a gradient read
 * at version v_r has version lag v - v_r when it arrives. Where that is more than the bound:
 *
 *   refuse    outcome `stale`: the worker pulls anew; a batch that every shard refused is done again
 *   withhold  outcome `withheld`: counted in the loss and as discarded work, kept out of the weights, not done again
 *   pace      it cannot happen: with F the computations in flight here and v_old the oldest version among them, a pull
 *             is served only if F is empty or v + |F| - v_old <= bound, so that even if all of F is applied first, the
 *             oldest still arrives in time. Workers then ask the shards in ascending order, one after another: asked at
 *             once, two workers can hold one shard each and wait for each other for ever.
 *
 * Source: Li et al., "Scaling Distributed Machine Learning with the Parameter Server" (2014), section 3.4, where the
 * wait is for whole tasks; the rule over computations in flight is this project's.
 */
import type { PlannedPush, Policy } from './policy.ts';

export type WhenLate = 'refuse' | 'withhold' | 'pace';

export function boundedDelay<P extends PlannedPush>(bound: number, whenLate: WhenLate): Policy<P> {
  return {
    name: 'bounded-delay',
    onPull(pull, view) {
      if (whenLate !== 'pace') return { serve: true };
      const inFlight = view.versionsInFlight(pull);
      if (inFlight.length === 0) return { serve: true };
      const delay = view.version + inFlight.length - Math.min(...inFlight);
      if (delay <= bound) return { serve: true };
      return {
        serve: false,
        why: `with ${inFlight.length} gradients in flight the oldest could come ${delay} updates late; the bound is ${bound}`,
      };
    },
    fault(push, view) {
      const lag = view.version - push.versionRead;
      if (lag < 0) return `it was read at version ${push.versionRead}, and this shard is at ${view.version}`;
      return whenLate === 'pace' && lag > bound ? `it is ${lag} updates late, beyond the bound ${bound}: pull first` : undefined;
    },
    onPush(push, view) {
      if (view.version - push.versionRead > bound) return { outcome: whenLate === 'withhold' ? 'withheld' : 'stale', update: undefined };
      return { outcome: 'applied', update: { pushes: [push], weights: [1], round: -1 } };
    },
    due: () => undefined,
    open: () => [],
    clear: () => undefined,
  };
}
