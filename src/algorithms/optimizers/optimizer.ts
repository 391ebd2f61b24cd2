/** The interface that every optimizer fulfils. The shard calls `step`; vectors.ts is where. */
import { assert } from '../../errors.ts';
import type { Kernels } from '../../tensor/kernels.ts';

/** One run of consecutive elements of the flat vector on a shard, with the optimizer's state for it. */
export interface OptimizedRun {
  readonly x: Float32Array;
  /** The optimizer's state vectors by name, each as long as x, zero at the start. */
  readonly state: Readonly<Record<string, Float32Array>>;
}

export interface StepPosition {
  /** Learning rate of this step, the schedule's factor included. */
  readonly rate: number;
  /** Updates of this run including this one: 1 for the first. Moves with the run when it is resharded. */
  readonly step: number;
}

/** How a shard turns one combined gradient into new weights. Elementwise, so that it splits over shards exactly. */
export interface Optimizer {
  readonly name: string;
  readonly stateVectors: readonly string[];
  /** Applies g (as long as run.x; may be used as scratch) in place. */
  step(kernels: Kernels, run: OptimizedRun, g: Float32Array, at: StepPosition): void;
}

/** The run's state vector of that name; the shard made it, since `stateVectors` lists it. */
export function stateVector(run: OptimizedRun, name: string): Float32Array {
  const vector = run.state[name];
  assert(vector !== undefined, `a run has no state vector '${name}'; it has: ${Object.keys(run.state).join(', ') || 'none'}`);
  return vector;
}
