/** How long to wait before something that failed is tried again: twice as long each time, up to a limit. */
export interface RetryRule {
  /** First and longest wait before something that failed is tried again. */
  readonly retryMs: number;
  readonly retryMaxMs: number;
}

/** @param failures in a row, at least 1 */
export function backoffMs(failures: number, { retryMs, retryMaxMs }: RetryRule): number {
  return Math.min(retryMs * 2 ** Math.min(failures - 1, 10), retryMaxMs);
}
