/**
 * How large a model memory is enough for. Everything is float32, 4 bytes a parameter.
 *
 *   servers, together:  weights + the optimizer's state + one vector of scratch + one copy being pulled
 *                       + one staged push for each worker
 *   each worker:        weights, gradient, and TensorFlow's own copy of both, beside what TensorFlow takes to begin with
 *
 * The evaluator is counted as a worker that pushes nothing. Activations come on top: they follow the batch, not the model.
 */

/** Adam's: the most that any optimizer here keeps. */
export const OPTIMIZER_VECTORS = 2;
const SCRATCH_AND_PULLED = 2;
const WORKER_VECTORS = 4;
const BYTES = Float32Array.BYTES_PER_ELEMENT;
/** Resident set of a process that has loaded native TensorFlow; with WebAssembly it is less. */
export const PROCESS_BYTES = 550e6;

export interface MemoryUse {
  readonly workers: number;
  /** Vectors that the optimizer keeps. */
  readonly optimizerVectors: number;
}

/** Bytes for each parameter on the servers, over all shards. */
export function serverBytesPerParameter({ workers, optimizerVectors }: MemoryUse): number {
  return BYTES * (1 + optimizerVectors + SCRATCH_AND_PULLED + workers);
}

/** Parameters that a machine with servers alone can hold. */
export function parametersOnServers(freeBytes: number, use: MemoryUse): number {
  return Math.max(0, Math.floor(freeBytes / serverBytesPerParameter(use)));
}

/** Parameters that a whole local cluster can train: servers, workers and an evaluator in the same memory. */
export function parametersOfLocalCluster(freeBytes: number, use: MemoryUse): number {
  const computing = use.workers + 1;
  const left = freeBytes - computing * PROCESS_BYTES;
  return Math.max(0, Math.floor(left / (serverBytesPerParameter(use) + computing * WORKER_VECTORS * BYTES)));
}

/** 1.2 M, 250 M, 3.4 G: two digits, rounded down. */
export function parametersText(count: number): string {
  const [scaled, unit] = count >= 1e9 ? [count / 1e9, ' G'] : count >= 1e6 ? [count / 1e6, ' M'] : [count / 1e3, ' k'];
  const step = scaled >= 100 ? 10 : scaled >= 10 ? 1 : 0.1;
  const rounded = Math.floor(scaled / step + 1e-9) * step;
  return `${rounded.toFixed(step < 1 ? 1 : 0)}${unit}`;
}
