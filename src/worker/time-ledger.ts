/** Where a worker's time goes, in milliseconds since it joined: reading data, computing, exchanging, waiting. */
export class TimeLedger {
  iterations = 0;
  samples = 0;
  dataMs = 0;
  computeMs = 0;
  exchangeMs = 0;
  waitingMs = 0;
  private lossSum = 0;
  private lossCount = 0;
  private pulledMs = 0;
  private weightsMs = 0;
  private pushedMs = 0;
  private heldMs = 0;

  /** The first pull of an iteration goes out. */
  pulling(nowMs: number): void {
    // Between the last push's answers and this pull the worker had nothing to do: it waited for a task.
    if (this.pushedMs > 0) this.waitingMs += Math.max(0, nowMs - this.pushedMs);
    this.pulledMs = nowMs;
    this.heldMs = 0;
  }

  /** One shard's weights are in; its policy had held the pull for so long. */
  weights(heldMs: number): void {
    this.heldMs = Math.max(this.heldMs, heldMs);
  }

  weightsComplete(nowMs: number): void {
    const pullMs = nowMs - this.pulledMs;
    const waited = Math.min(this.heldMs, pullMs);
    this.waitingMs += waited;
    this.exchangeMs += pullMs - waited;
    this.weightsMs = nowMs;
  }

  computed(nowMs: number, of: { dataMs: number; computeMs: number; samples: number; loss: number }): void {
    this.dataMs += of.dataMs;
    this.computeMs += of.computeMs;
    this.exchangeMs += Math.max(0, nowMs - this.weightsMs - of.dataMs - of.computeMs);
    this.iterations += 1;
    this.samples += of.samples;
    if (Number.isFinite(of.loss)) {
      this.lossSum += of.loss;
      this.lossCount += 1;
    }
    this.pushedMs = nowMs;
  }

  /** Every shard has answered. */
  ended(nowMs: number): void {
    if (this.pushedMs === 0) return;
    this.exchangeMs += nowMs - this.pushedMs;
    this.pushedMs = nowMs;
  }

  /** For the coordinator; takes the losses with it. */
  report(clock: number) {
    const { iterations, samples, lossSum, lossCount, dataMs, computeMs, exchangeMs, waitingMs } = this;
    this.lossSum = 0;
    this.lossCount = 0;
    return { iterations, samples, lossSum, lossCount, dataMs, computeMs, exchangeMs, waitingMs, clock };
  }
}
