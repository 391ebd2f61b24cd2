/** Version lags of the pushes applied here, counted exactly up to a limit; what the coordinator gets instead of rows. */
const LAGS_COUNTED = 1024;

export class LagHistogram {
  private readonly counts: number[] = [];
  private greatest = 0;

  add(lag: number): void {
    const index = Math.min(Math.max(0, lag), LAGS_COUNTED);
    while (this.counts.length <= index) this.counts.push(0);
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.greatest = Math.max(this.greatest, lag);
  }

  /** Index: the lag; the last one counts it and all beyond. */
  get lagCounts(): readonly number[] {
    return this.counts;
  }

  get max(): number {
    return this.greatest;
  }
}
