/**
 * The known name nearest to an unknown one, for "did you mean …?". A guess that shares little with what was typed only
 * confuses, so at most a third of the longer name's letters may differ; upper case, `-` and `_` don't count.
 */
import { distance } from 'fastest-levenshtein';

export function nearest(unknown: string, known: Iterable<string>): string | undefined {
  // Editing distance costs the product of the lengths, and what was typed may be anything.
  if (unknown.length > NAME_LENGTH_MAX) return undefined;
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of known) {
    const steps = stepsBetween(normalized(unknown), normalized(candidate));
    const allowed = Math.max(1, Math.floor(Math.max(unknown.length, candidate.length) / 3));
    if (steps <= allowed && steps < bestDistance) {
      best = candidate;
      bestDistance = steps;
    }
  }
  return best;
}

const NAME_LENGTH_MAX = 64;

/** Insertions, deletions and replacements; letters that only stand in another order (mpl for mlp) are one slip. */
function stepsBetween(a: string, b: string): number {
  const sorted = (name: string): string => [...name].toSorted().join('');
  return a !== b && sorted(a) === sorted(b) ? 1 : distance(a, b);
}

function normalized(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, '');
}
