/**
 * The kernels as WebAssembly SIMD, four float32 at a time: AssemblyScript, not TypeScript (scripts/kernels.mjs compiles it).
 * Every line stands for the same line in plain-kernels.ts. A SIMD operation rounds to float32 as `Math.fround` around one
 * operation does, and WebAssembly has no fused multiply-add that a compiler could slip in, so the bits are the same.
 *
 * Addresses are in bytes. `count` is in elements and a multiple of four: whoever calls rounds up, into padding that is his.
 * No function allocates, and the module has no data of its own, so that all of the memory belongs to the caller.
 */

/** g' = g + weightDecay * x; g itself where nothing decays (g + 0 * x would differ for infinite x, and for -0). */
function decayed(g: v128, x: v128, weightDecay: v128, decays: bool): v128 {
  return decays ? f32x4.add(g, f32x4.mul(weightDecay, x)) : g;
}

export function sgd(x: usize, g: usize, count: i32, rate: f32, weightDecay: f32): void {
  const rates = f32x4.splat(rate);
  const decays = weightDecay !== 0;
  const weightDecays = f32x4.splat(weightDecay);
  const bytes = (<usize>count) << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    const xi = v128.load(x + i);
    const gi = decayed(v128.load(g + i), xi, weightDecays, decays);
    v128.store(x + i, f32x4.sub(xi, f32x4.mul(rates, gi)));
  }
}

export function momentum(x: usize, v: usize, g: usize, count: i32, rate: f32, mu: f32, weightDecay: f32, nesterov: bool): void {
  const rates = f32x4.splat(rate);
  const mus = f32x4.splat(mu);
  const decays = weightDecay !== 0;
  const weightDecays = f32x4.splat(weightDecay);
  const bytes = (<usize>count) << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    const xi = v128.load(x + i);
    const gi = decayed(v128.load(g + i), xi, weightDecays, decays);
    const vi = f32x4.add(f32x4.mul(mus, v128.load(v + i)), gi);
    v128.store(v + i, vi);
    const direction = nesterov ? f32x4.add(gi, f32x4.mul(mus, vi)) : vi;
    v128.store(x + i, f32x4.sub(xi, f32x4.mul(rates, direction)));
  }
}

/** rate * g / (sqrt(s) + epsilon) */
function scaledByRoot(rate: v128, g: v128, s: v128, epsilon: v128): v128 {
  return f32x4.div(f32x4.mul(rate, g), f32x4.add(f32x4.sqrt(s), epsilon));
}

export function adagrad(x: usize, s: usize, g: usize, count: i32, rate: f32, epsilon: f32, weightDecay: f32): void {
  const rates = f32x4.splat(rate);
  const epsilons = f32x4.splat(epsilon);
  const decays = weightDecay !== 0;
  const weightDecays = f32x4.splat(weightDecay);
  const bytes = (<usize>count) << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    const xi = v128.load(x + i);
    const gi = decayed(v128.load(g + i), xi, weightDecays, decays);
    const si = f32x4.add(v128.load(s + i), f32x4.mul(gi, gi));
    v128.store(s + i, si);
    v128.store(x + i, f32x4.sub(xi, scaledByRoot(rates, gi, si, epsilons)));
  }
}

/** @param rest 1 - decay */
export function rmsprop(x: usize, s: usize, g: usize, count: i32, rate: f32, decay: f32, rest: f32, epsilon: f32, weightDecay: f32): void {
  const rates = f32x4.splat(rate);
  const keeps = f32x4.splat(decay);
  const rests = f32x4.splat(rest);
  const epsilons = f32x4.splat(epsilon);
  const decays = weightDecay !== 0;
  const weightDecays = f32x4.splat(weightDecay);
  const bytes = (<usize>count) << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    const xi = v128.load(x + i);
    const gi = decayed(v128.load(g + i), xi, weightDecays, decays);
    const si = f32x4.add(f32x4.mul(keeps, v128.load(s + i)), f32x4.mul(f32x4.mul(rests, gi), gi));
    v128.store(s + i, si);
    v128.store(x + i, f32x4.sub(xi, scaledByRoot(rates, gi, si, epsilons)));
  }
}

/**
 * @param keep what decoupled decay leaves of x; 1 changes no bit
 * @param rest1 1 - beta1
 * @param rest2 1 - beta2
 * @param stepSize rate / (1 - beta1^t)
 * @param correction2Root sqrt(1 - beta2^t)
 */
export function adam(
  x: usize,
  m: usize,
  v: usize,
  g: usize,
  count: i32,
  keep: f32,
  beta1: f32,
  rest1: f32,
  beta2: f32,
  rest2: f32,
  stepSize: f32,
  correction2Root: f32,
  epsilon: f32,
  weightDecay: f32,
): void {
  const keeps = f32x4.splat(keep);
  const beta1s = f32x4.splat(beta1);
  const rest1s = f32x4.splat(rest1);
  const beta2s = f32x4.splat(beta2);
  const rest2s = f32x4.splat(rest2);
  const stepSizes = f32x4.splat(stepSize);
  const correction2Roots = f32x4.splat(correction2Root);
  const epsilons = f32x4.splat(epsilon);
  const decays = weightDecay !== 0;
  const weightDecays = f32x4.splat(weightDecay);
  const bytes = (<usize>count) << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    const xi = f32x4.mul(keeps, v128.load(x + i));
    const gi = decayed(v128.load(g + i), xi, weightDecays, decays);
    const mi = f32x4.add(f32x4.mul(beta1s, v128.load(m + i)), f32x4.mul(rest1s, gi));
    const vi = f32x4.add(f32x4.mul(beta2s, v128.load(v + i)), f32x4.mul(f32x4.mul(rest2s, gi), gi));
    v128.store(m + i, mi);
    v128.store(v + i, vi);
    const root = f32x4.add(f32x4.div(f32x4.sqrt(vi), correction2Roots), epsilons);
    v128.store(x + i, f32x4.sub(xi, f32x4.div(f32x4.mul(stepSizes, mi), root)));
  }
}

/** target = weight * source */
export function writeScaled(target: usize, source: usize, count: i32, weight: f32): void {
  const weights = f32x4.splat(weight);
  const bytes = (<usize>count) << 2;
  for (let i: usize = 0; i < bytes; i += 16) v128.store(target + i, f32x4.mul(weights, v128.load(source + i)));
}

/** target += weight * source */
export function addScaled(target: usize, source: usize, count: i32, weight: f32): void {
  const weights = f32x4.splat(weight);
  const bytes = (<usize>count) << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(target + i, f32x4.add(v128.load(target + i), f32x4.mul(weights, v128.load(source + i))));
  }
}

/** pmax and pmin are the plain kernel's two comparisons: gi < low ? low : gi, then high < gi ? high : gi. A NaN stays. */
export function clipByValue(g: usize, count: i32, limit: f32): void {
  const high = f32x4.splat(limit);
  const low = f32x4.splat(-limit);
  const bytes = (<usize>count) << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(g + i, f32x4.pmin(f32x4.pmax(v128.load(g + i), low), high));
  }
}

/** Index of the first element all of whose exponent bits are set, or -1. */
export function firstNonFinite(g: usize, count: i32): i32 {
  const exponent = i32x4.splat(0x7f800000);
  const bytes = (<usize>count) << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    const bad = i32x4.eq(v128.and(v128.load(g + i), exponent), exponent);
    if (v128.any_true(bad)) return <i32>(i >> 2) + ctz(i32x4.bitmask(bad));
  }
  return -1;
}

/** In double precision, and in order: each sum needs the one before it, so only the products go side by side. */
export function sumOfSquares(start: f64, g: usize, count: i32): f64 {
  let sum = start;
  const bytes = (<usize>count) << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    const gi = v128.load(g + i);
    const low = f64x2.promote_low_f32x4(gi);
    const high = f64x2.promote_low_f32x4(i64x2.shuffle(gi, gi, 1, 0));
    const lows = f64x2.mul(low, low);
    const highs = f64x2.mul(high, high);
    sum += f64x2.extract_lane(lows, 0);
    sum += f64x2.extract_lane(lows, 1);
    sum += f64x2.extract_lane(highs, 0);
    sum += f64x2.extract_lane(highs, 1);
  }
  return sum;
}
