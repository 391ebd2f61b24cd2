/**
 * Clipping by global norm: a gradient longer than the limit is scaled to the limit, its direction kept. Only the worker
 * sees the whole gradient, so this happens there, before the gradient is cut for the shards. Pascanu, Mikolov, Bengio
 * 2013, "On the difficulty of training recurrent neural networks", algorithm 1.
 *
 * The squares are added in double precision in the order of the flat vector, so the result does not depend on how many
 * shards there are.
 */
import { assert } from '../errors.ts';

/** Euclidean length of the whole vector. It cannot overflow: float32 squares fit in double precision. */
export function globalNorm(gradient: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < gradient.length; i += 1) sum += gradient[i]! * gradient[i]!;
  return Math.sqrt(sum);
}

/**
 * Scales the gradient in place where it is longer than `limit`. A gradient that is not finite is left as it is: its
 * push is refused, which says more than a vector of NaN scaled would.
 * @returns the length before clipping.
 */
export function clipByGlobalNorm(gradient: Float32Array, limit: number): number {
  assert(limit > 0, `the limit of the global norm is above 0, not ${limit}`);
  const norm = globalNorm(gradient);
  if (!Number.isFinite(norm) || norm <= limit) return norm;
  const scale = limit / norm;
  // In double precision, rounded once when stored: a float32 scale could round to 0 for a long gradient.
  for (let i = 0; i < gradient.length; i += 1) gradient[i] = gradient[i]! * scale;
  return norm;
}
