/** Several runs of one figure, as a median with its spread: one run on a busy machine says little. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
  return { median, min: sorted[0] ?? NaN, max: sorted.at(-1) ?? NaN, runs: sorted.length };
}

/** One figure of the bench: what it is, in which unit, and what others reached where that is known. */
export interface Figure {
  readonly group: string;
  readonly name: string;
  readonly unit: string;
  readonly value: Spread;
  /** Measured elsewhere on a machine of the same kind, not in this run. */
  readonly elsewhere?: string;
  /** What this project aims at. */
  readonly aim?: string;
}
