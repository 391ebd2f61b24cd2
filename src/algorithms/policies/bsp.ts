/**
 * Bulk synchronous parallel: rounds. The pull of iteration c is served when every round below c is closed; the pushes of
 * a round are kept and combined in ascending (worker, incarnation) order when nobody who counts still owes one.
 *
 *   mean: x -= rate * (1/n) * sum g_i        sum: x -= rate * sum g_i        over the n pushes of the round: one step
 *
 * A kept push is decided (`buffered`): it advances clock and identity, otherwise a cut would count it twice. A round
 * without pushes closes without an update; one that closes with nobody counting lifts the min clock past it.
 * Source: Valiant, "A Bridging Model for Parallel Computation" (1990); semantics: synchronous SGD of Chen et al. (2016).
 */
import type { PlannedPush, PlannedUpdate, Policy } from './policy.ts';

export type Aggregate = 'mean' | 'sum';

export function bsp<P extends PlannedPush>(aggregate: Aggregate): Policy<P> {
  const rounds = new Map<number, P[]>();
  let lastClosed = -1;

  const combined = (round: number, pushes: readonly P[]): PlannedUpdate<P> => {
    const ordered = pushes.toSorted((a, b) => (a.worker === b.worker ? a.incarnation - b.incarnation : a.worker < b.worker ? -1 : 1));
    const weight = aggregate === 'mean' ? 1 / ordered.length : 1;
    return { pushes: ordered, weights: ordered.map(() => weight), round };
  };
  const oldest = (): number => Math.min(...rounds.keys());

  return {
    name: 'bsp',
    onPull(pull, view) {
      if (view.minClock >= pull.clock && (rounds.size === 0 || oldest() >= pull.clock)) return { serve: true };
      return { serve: false, why: `round ${Math.min(view.minClock, pull.clock - 1)} is not closed: a worker still owes its push` };
    },
    fault(push, view) {
      const closed = push.clock <= lastClosed || (view.counting > 0 && push.clock < view.minClock);
      return closed ? `round ${push.clock} is closed (min clock ${view.minClock}): pull first` : undefined;
    },
    onPush(push) {
      const round = rounds.get(push.clock);
      if (round) round.push(push);
      else rounds.set(push.clock, [push]);
      return { outcome: 'buffered', update: undefined };
    },
    due(view) {
      if (rounds.size === 0) return undefined;
      const round = oldest();
      if (view.counting > 0 && round >= view.minClock) return undefined;
      const pushes = rounds.get(round) ?? [];
      rounds.delete(round);
      lastClosed = Math.max(lastClosed, round);
      return combined(round, pushes);
    },
    open: () => [...rounds.keys()].toSorted((a, b) => a - b).map((round) => combined(round, rounds.get(round) ?? [])),
    clear() {
      lastClosed = Math.max(lastClosed, ...rounds.keys());
      rounds.clear();
    },
  };
}
