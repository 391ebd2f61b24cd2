/**
 * The latest outcome of each batch at one shard, kept until the coordinator says that its task's end is stored: by it a
 * dead worker's rest is told from what it had done. Nothing is forgotten while a mark is open, or the cut would miss it.
 */
import type { Outcome } from '../transport/messages.ts';
import type { BatchOutcomes } from '../transport/members.ts';

export class BatchLedger {
  private readonly outcomes = new Map<number, Outcome>();
  private pending: (readonly [firstBatch: number, count: number])[] = [];

  constructor(outcomes: BatchOutcomes) {
    for (const [first, count, outcome] of outcomes) this.set(first, count, outcome);
  }

  set(firstBatch: number, count: number, outcome: Outcome): void {
    for (let batch = firstBatch; batch < firstBatch + count; batch += 1) this.outcomes.set(batch, outcome);
  }

  forget(batches: readonly (readonly [firstBatch: number, count: number])[], markOpen: boolean): void {
    this.pending.push(...batches);
    if (!markOpen) this.forgetPending();
  }

  forgetPending(): void {
    for (const [first, count] of this.pending) for (let batch = first; batch < first + count; batch += 1) this.outcomes.delete(batch);
    this.pending = [];
  }

  /** In ascending order, neighbours with one outcome together. */
  runs(): BatchOutcomes {
    const runs: [number, number, Outcome][] = [];
    for (const [batch, outcome] of [...this.outcomes].toSorted((a, b) => a[0] - b[0])) {
      const last = runs.at(-1);
      if (last && last[0] + last[1] === batch && last[2] === outcome) last[1] += 1;
      else runs.push([batch, 1, outcome]);
    }
    return runs;
  }
}
