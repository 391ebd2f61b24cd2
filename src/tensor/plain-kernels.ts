/**
 * The kernels in plain TypeScript: the reference whose bits every faster version must reproduce.
 *
 * Math.fround stands around every single operation. A double holds the exact result of + - * on two float32 numbers well
 * enough that rounding twice (to double, then to float32) never differs from rounding once, and the same holds for / and sqrt;
 * so each line below is what float32 hardware computes, without a fused multiply-add. Storing into a Float32Array rounds too,
 * which is why the outermost operation of an assignment carries no fround.
 */
import { bitsOf, firstNonFinite as firstNonFiniteBits } from './finite.ts';
import { assert } from '../errors.ts';
import { powInteger } from '../fixed-math.ts';
import type { Kernels } from './kernels.ts';

const fround = Math.fround;

/** Every kernel's vectors are of one length: anything else is a bug of ours. */
export function requireSameLength(x: Float32Array, ...others: Float32Array[]): void {
  for (const other of others) {
    assert(other.length === x.length, `a kernel was given vectors of ${x.length} and ${other.length} elements`);
  }
}

/** g' = g + weightDecay * x: coupled weight decay, on the weights as they are now. */
function decayed(g: number, x: number, weightDecay: number): number {
  return weightDecay === 0 ? g : fround(g + fround(weightDecay * x));
}

function sgd(x: Float32Array, g: Float32Array, p: { rate: number; weightDecay: number }): void {
  requireSameLength(x, g);
  const rate = fround(p.rate);
  const weightDecay = fround(p.weightDecay);
  for (let i = 0; i < x.length; i += 1) {
    const xi = x[i]!;
    x[i] = xi - fround(rate * decayed(g[i]!, xi, weightDecay));
  }
}

function momentum(
  x: Float32Array,
  g: Float32Array,
  v: Float32Array,
  p: { rate: number; momentum: number; weightDecay: number; nesterov: boolean },
): void {
  requireSameLength(x, g, v);
  const rate = fround(p.rate);
  const mu = fround(p.momentum);
  const weightDecay = fround(p.weightDecay);
  const nesterov = p.nesterov;
  for (let i = 0; i < x.length; i += 1) {
    const xi = x[i]!;
    const gi = decayed(g[i]!, xi, weightDecay);
    const vi = fround(fround(mu * v[i]!) + gi);
    v[i] = vi;
    const direction = nesterov ? fround(gi + fround(mu * vi)) : vi;
    x[i] = xi - fround(rate * direction);
  }
}

function adagrad(x: Float32Array, g: Float32Array, s: Float32Array, p: { rate: number; epsilon: number; weightDecay: number }): void {
  requireSameLength(x, g, s);
  const rate = fround(p.rate);
  const epsilon = fround(p.epsilon);
  const weightDecay = fround(p.weightDecay);
  for (let i = 0; i < x.length; i += 1) {
    const xi = x[i]!;
    const gi = decayed(g[i]!, xi, weightDecay);
    const si = fround(s[i]! + fround(gi * gi));
    s[i] = si;
    x[i] = xi - fround(fround(rate * gi) / fround(fround(Math.sqrt(si)) + epsilon));
  }
}

function rmsprop(
  x: Float32Array,
  g: Float32Array,
  s: Float32Array,
  p: { rate: number; decay: number; epsilon: number; weightDecay: number },
): void {
  requireSameLength(x, g, s);
  const rate = fround(p.rate);
  const decay = fround(p.decay);
  const rest = fround(1 - p.decay);
  const epsilon = fround(p.epsilon);
  const weightDecay = fround(p.weightDecay);
  for (let i = 0; i < x.length; i += 1) {
    const xi = x[i]!;
    const gi = decayed(g[i]!, xi, weightDecay);
    const si = fround(fround(decay * s[i]!) + fround(fround(rest * gi) * gi));
    s[i] = si;
    x[i] = xi - fround(fround(rate * gi) / fround(fround(Math.sqrt(si)) + epsilon));
  }
}

type AdamParameters = Parameters<Kernels['adam']>[4];

/** What adam's loop multiplies with, rounded to float32: the same numbers for every version of the kernel. */
export function adamFactors(p: AdamParameters) {
  assert(Number.isSafeInteger(p.step) && p.step >= 1, `adam's step counts from 1, got ${p.step}`);
  return {
    beta1: fround(p.beta1),
    rest1: fround(1 - p.beta1),
    beta2: fround(p.beta2),
    rest2: fround(1 - p.beta2),
    stepSize: fround(p.rate / (1 - powInteger(p.beta1, p.step))),
    correction2Root: fround(Math.sqrt(1 - powInteger(p.beta2, p.step))),
    epsilon: fround(p.epsilon),
    coupledDecay: p.decoupled ? 0 : fround(p.weightDecay),
    // A factor of exactly 1 changes no bit, so no branch is needed where nothing decays.
    keep: p.decoupled ? fround(1 - p.rate * p.weightDecay) : 1,
  };
}

function adam(x: Float32Array, g: Float32Array, m: Float32Array, v: Float32Array, p: AdamParameters): void {
  requireSameLength(x, g, m, v);
  const { beta1, rest1, beta2, rest2, stepSize, correction2Root, epsilon, coupledDecay, keep } = adamFactors(p);
  for (let i = 0; i < x.length; i += 1) {
    const xi = fround(keep * x[i]!);
    const gi = decayed(g[i]!, xi, coupledDecay);
    const mi = fround(fround(beta1 * m[i]!) + fround(rest1 * gi));
    const vi = fround(fround(beta2 * v[i]!) + fround(fround(rest2 * gi) * gi));
    m[i] = mi;
    v[i] = vi;
    const root = fround(fround(fround(Math.sqrt(vi)) / correction2Root) + epsilon);
    x[i] = xi - fround(fround(stepSize * mi) / root);
  }
}

function combine(target: Float32Array, sources: readonly Float32Array[], weights: readonly number[]): void {
  assert(sources.length === weights.length, `combine was given ${sources.length} sources and ${weights.length} weights`);
  requireSameLength(target, ...sources);
  if (sources.length === 0) target.fill(0);
  sources.forEach((source, index) => {
    const weight = fround(weights[index]!);
    if (index === 0) writeScaled(target, source, weight);
    else addScaled(target, source, weight);
  });
}

function writeScaled(target: Float32Array, source: Float32Array, weight: number): void {
  for (let i = 0; i < target.length; i += 1) target[i] = weight * source[i]!;
}

function addScaled(target: Float32Array, source: Float32Array, weight: number): void {
  for (let i = 0; i < target.length; i += 1) target[i] = target[i]! + fround(weight * source[i]!);
}

function add(x: Float32Array, d: Float32Array, scaleOfDelta: number): void {
  requireSameLength(x, d);
  addScaled(x, d, fround(scaleOfDelta));
}

function scale(x: Float32Array, factor: number): void {
  writeScaled(x, x, fround(factor));
}

/** Stops at a limit that no value could keep to. */
export function requireClipLimit(limit: number): void {
  assert(limit >= 0, `clipByValue needs a limit of at least 0, got ${limit}`);
}

function clipByValue(g: Float32Array, limit: number): void {
  requireClipLimit(limit);
  const high = fround(limit);
  const low = -high;
  for (let i = 0; i < g.length; i += 1) {
    const gi = g[i]!;
    if (gi > high) g[i] = high;
    else if (gi < low) g[i] = low;
  }
}

function firstNonFinite(g: Float32Array): number {
  return firstNonFiniteBits(bitsOf(g), 0, g.length);
}

function sumOfSquares(g: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < g.length; i += 1) {
    const gi = g[i]!;
    sum += gi * gi;
  }
  return sum;
}

/** The reference kernels; see `Kernels` for what each computes. */
export const plainKernels: Kernels = Object.freeze({
  sgd,
  momentum,
  adagrad,
  rmsprop,
  adam,
  combine,
  add,
  scale,
  clipByValue,
  firstNonFinite,
  sumOfSquares,
});
