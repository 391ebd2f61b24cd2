/**
 * What became of each batch, over all data epochs: the ledger behind exact sample accounting. A batch is settled once in
 * a history; the kinds say how. Kept as one byte a batch, stored and restored as runs.
 */
import type { SettledKind, SettledRun } from '../transport/requests.ts';

const KINDS: readonly SettledKind[] = ['trained', 'withheld', 'partlyRefused', 'torn', 'refused'];

export interface BatchShape {
  readonly batchesPerEpoch: number;
  readonly batchSize: number;
  readonly samplesPerEpoch: number;
}

export class SettledLedger {
  private readonly shape: BatchShape;
  private readonly epochs = new Map<number, Uint8Array>();
  private readonly samples: Record<SettledKind, number> = { trained: 0, withheld: 0, partlyRefused: 0, torn: 0, refused: 0 };
  private settledBatches = 0;

  constructor(shape: BatchShape, runs: readonly SettledRun[] = []) {
    this.shape = shape;
    for (const run of runs) this.settle(run.firstBatch, run.count, run.kind);
  }

  get count(): number {
    return this.settledBatches;
  }

  batchSamples(batch: number): number {
    const { batchesPerEpoch, batchSize, samplesPerEpoch } = this.shape;
    const index = batch % batchesPerEpoch;
    return Math.min(batchSize, samplesPerEpoch - index * batchSize);
  }

  has(batch: number): boolean {
    return (this.epochs.get(Math.floor(batch / this.shape.batchesPerEpoch))?.[batch % this.shape.batchesPerEpoch] ?? 0) > 0;
  }

  /** The first word counts: what is settled stays as it is. Returns how many batches were new. */
  settle(firstBatch: number, count: number, kind: SettledKind): number {
    let fresh = 0;
    for (let batch = firstBatch; batch < firstBatch + count; batch += 1) {
      if (this.has(batch)) continue;
      const epoch = Math.floor(batch / this.shape.batchesPerEpoch);
      let kinds = this.epochs.get(epoch);
      if (!kinds) this.epochs.set(epoch, (kinds = new Uint8Array(this.shape.batchesPerEpoch)));
      kinds[batch % this.shape.batchesPerEpoch] = KINDS.indexOf(kind) + 1;
      this.samples[kind] += this.batchSamples(batch);
      fresh += 1;
    }
    this.settledBatches += fresh;
    return fresh;
  }

  samplesByKind(): Readonly<Record<SettledKind, number>> {
    return { ...this.samples };
  }

  runs(): SettledRun[] {
    const runs: SettledRun[] = [];
    for (const [epoch, kinds] of [...this.epochs].toSorted((a, b) => a[0] - b[0])) {
      kinds.forEach((code, index) => {
        const kind = KINDS[code - 1];
        if (!kind) return;
        const batch = epoch * this.shape.batchesPerEpoch + index;
        const last = runs.at(-1);
        if (last && last.kind === kind && last.firstBatch + last.count === batch)
          runs[runs.length - 1] = { ...last, count: last.count + 1 };
        else runs.push({ firstBatch: batch, count: 1, kind });
      });
    }
    return runs;
  }
}
