/**
 * The arithmetic of a shard, over float32 vectors that lie in the shard's memory. Every operation rounds to float32
 * (`Math.fround`), so that SIMD kernels give the same bits. Parameters are rounded to float32 once, before the loop, and so is
 * 1 - beta, after it was computed in double precision. A product of three is taken from the left. Where weightDecay is 0, g' is
 * g itself (not g + 0 * x). Gradients are read only. No kernel allocates, reads time or draws a random number.
 */
export interface Kernels {
  /** x -= rate * (g + weightDecay * x) */
  sgd(x: Float32Array, g: Float32Array, p: { rate: number; weightDecay: number }): void;
  /** g' = g + weightDecay * x; v = momentum * v + g'; x -= rate * v (nesterov: x -= rate * (g' + momentum * v)) */
  momentum(
    x: Float32Array,
    g: Float32Array,
    v: Float32Array,
    p: { rate: number; momentum: number; weightDecay: number; nesterov: boolean },
  ): void;
  /** s += g'^2; x -= rate * g' / (sqrt(s) + epsilon) */
  adagrad(x: Float32Array, g: Float32Array, s: Float32Array, p: { rate: number; epsilon: number; weightDecay: number }): void;
  /** s = decay * s + (1 - decay) * g'^2; x -= rate * g' / (sqrt(s) + epsilon) */
  rmsprop(
    x: Float32Array,
    g: Float32Array,
    s: Float32Array,
    p: { rate: number; decay: number; epsilon: number; weightDecay: number },
  ): void;
  /**
   * PyTorch's form: m and v as usual; x -= stepSize * m / (sqrt(v) / correction2Root + epsilon),
   * with stepSize = rate / (1 - beta1^t) and correction2Root = sqrt(1 - beta2^t), both computed once in double precision.
   * Coupled decay adds weightDecay * x to g; decoupled (adamw) first multiplies x by 1 - rate * weightDecay.
   */
  adam(
    x: Float32Array,
    g: Float32Array,
    m: Float32Array,
    v: Float32Array,
    p: { rate: number; beta1: number; beta2: number; epsilon: number; weightDecay: number; decoupled: boolean; step: number },
  ): void;
  /**
   * target = sum of weight_i * source_i, in the order given; zero without sources. The first product is written, not added
   * to zero, so one source of weight 1 is copied bit for bit. target may be the first source, and no other.
   */
  combine(target: Float32Array, sources: readonly Float32Array[], weights: readonly number[]): void;
  /** x += scale * d (a pushed delta). */
  add(x: Float32Array, d: Float32Array, scale: number): void;
  /** x = factor * x (decoupled weight decay, before the step). */
  scale(x: Float32Array, factor: number): void;
  /** g = min(max(g, -limit), limit) */
  clipByValue(g: Float32Array, limit: number): void;
  /** Index of the first NaN or infinity, or -1. */
  firstNonFinite(g: Float32Array): number;
  /** Sum of squares in double precision, in order. */
  sumOfSquares(g: Float32Array): number;
}
