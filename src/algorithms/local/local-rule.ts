import type { Kernels } from '../../tensor/kernels.ts';

export interface BatchResult {
  /** Mean over the batch. */
  readonly loss: number;
  readonly samples: number;
}

/** The gradient of the `index`-th batch of this iteration at `weights`, into `out`. */
export type BatchGradient = (index: number, weights: Float32Array, out: Float32Array) => BatchResult;

/** What a worker does between a pull and its push: which number of batches it takes, and what it makes of them. */
export interface LocalRule {
  readonly name: string;
  /** What a push holds: a gradient for the optimizer, or a delta that is added as it is. */
  readonly kind: 'gradient' | 'delta';
  /** Batches of one iteration, fewer at the end of a task. */
  readonly batches: number;
  /** @param weights as pulled; a rule that moves them works on a copy. @param out receives what is pushed. */
  run(kernels: Kernels, batches: number, gradient: BatchGradient, weights: Float32Array, out: Float32Array): BatchResult;
}
