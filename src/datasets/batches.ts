/** Batches by number: which samples of the seeded order they hold, read into the caller's arrays. */
import { assert } from '../errors.ts';
import type { Split } from './dataset.ts';
import type { BatchPlan, SampleOrder } from './permutation.ts';
import { batchRange, identity, permutation } from './permutation.ts';

/** Around an epoch's end a worker meets batches of two data epochs: the new one's, and those of the old that came back. */
const ORDERS_KEPT_MAX = 2;

export interface BatchReaderOptions {
  readonly split: Split;
  /** Of the split's samples. */
  readonly plan: BatchPlan;
  /** The job's seed; it fixes every data epoch's shuffle. */
  readonly seed: number;
  readonly order: SampleOrder;
}

/** Reads batches by their numbers, in any order, into arrays that the caller keeps. */
export class BatchReader {
  readonly plan: BatchPlan;
  readonly #split: Split;
  readonly #seed: number;
  readonly #fixed: Uint32Array | undefined;
  /** By data epoch, the one used last at the end. */
  readonly #orders = new Map<number, Uint32Array>();

  constructor({ split, plan, seed, order }: BatchReaderOptions) {
    assert(plan.samples === split.samples, `a plan for ${plan.samples} samples over a split of ${split.samples}`);
    this.plan = plan;
    this.#split = split;
    this.#seed = seed;
    this.#fixed = order === 'sequential' ? identity(plan.samples) : undefined;
  }

  /**
   * Fills the front of `inputs` (float32, batchSize x features) and `labels` (batchSize) with batch number `batch`.
   * @returns the number of samples written: batchSize, or fewer for the last batch of a data epoch. What lies behind is left as
   * it was.
   */
  read(batch: number, inputs: Float32Array, labels: Int32Array): number {
    const { dataEpoch, first, count } = batchRange(this.plan, batch);
    this.#split.fill(this.#orderOf(dataEpoch).subarray(first, first + count), inputs, labels);
    return count;
  }

  #orderOf(dataEpoch: number): Uint32Array {
    if (this.#fixed !== undefined) return this.#fixed;
    const order = this.#orders.get(dataEpoch) ?? permutation(this.#seed, dataEpoch, this.plan.samples);
    this.#orders.delete(dataEpoch);
    this.#orders.set(dataEpoch, order);
    for (const oldest of this.#orders.keys()) {
      if (this.#orders.size <= ORDERS_KEPT_MAX) break;
      this.#orders.delete(oldest);
    }
    return order;
  }
}
