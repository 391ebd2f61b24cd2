/**
 * Where a worker's time goes, in milliseconds since it joined: reading data, computing, exchanging, waiting. Seen from
 * what computes: between two steps it either waits (for a task, or because the policy holds its pull) or the exchange
 * is on its way. What pipelining hides behind a step is no time of its own.
 */
interface Pending {
  readonly pulledMs: number;
  /** The longest that a shard's policy held the pull. */
  heldMs: number;
}

export class TimeLedger {
  private iterations = 0;
  private samples = 0;
  private dataMs = 0;
  private computeMs = 0;
  private exchangeMs = 0;
  private waitingMs = 0;
  private lossSum = 0;
  private lossCount = 0;
  private readonly pending = new Map<number, Pending>();
  /** When the last step ended, and when every shard had answered its push. */
  private endedMs: number;
  private answeredMs: number;
  private startedMs: number;

  constructor(nowMs: number) {
    this.endedMs = nowMs;
    this.answeredMs = nowMs;
    this.startedMs = nowMs;
  }

  /** The pull of an iteration goes out; asked again, the first time counts. */
  pulling(clock: number, nowMs: number): void {
    if (!this.pending.has(clock)) this.pending.set(clock, { pulledMs: nowMs, heldMs: 0 });
  }

  weights(clock: number, heldMs: number): void {
    const pending = this.pending.get(clock);
    if (pending) pending.heldMs = Math.max(pending.heldMs, heldMs);
  }

  /** All weights of an iteration are in: it computes from now on. */
  computing(clock: number, nowMs: number): void {
    const pending = this.pending.get(clock);
    this.pending.delete(clock);
    this.startedMs = nowMs;
    if (!pending) return;
    const gapMs = Math.max(0, nowMs - this.endedMs);
    const idleMs = Math.min(gapMs, Math.max(0, pending.pulledMs - Math.max(this.endedMs, this.answeredMs)));
    const waitedMs = idleMs + Math.min(pending.heldMs, gapMs - idleMs);
    this.waitingMs += waitedMs;
    this.exchangeMs += gapMs - waitedMs;
  }

  computed(nowMs: number, of: { dataMs: number; computeMs: number; samples: number; loss: number }): void {
    this.dataMs += of.dataMs;
    this.computeMs += of.computeMs;
    // Handing the work over and back.
    this.exchangeMs += Math.max(0, nowMs - this.startedMs - of.dataMs - of.computeMs);
    this.iterations += 1;
    this.samples += of.samples;
    if (Number.isFinite(of.loss)) {
      this.lossSum += of.loss;
      this.lossCount += 1;
    }
    this.endedMs = nowMs;
  }

  /** Every shard has answered. */
  answered(nowMs: number): void {
    this.answeredMs = nowMs;
  }

  /** For the coordinator; takes the losses with it. */
  report(clock: number) {
    const { iterations, samples, lossSum, lossCount, dataMs, computeMs, exchangeMs, waitingMs } = this;
    this.lossSum = 0;
    this.lossCount = 0;
    return { iterations, samples, lossSum, lossCount, dataMs, computeMs, exchangeMs, waitingMs, clock };
  }
}
