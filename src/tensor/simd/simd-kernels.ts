/**
 * The kernels over one WebAssembly memory. A vector that lies in this memory is worked on in place, without a copy. Any
 * other (a gradient as it came from the network) goes through a *window*: a block of it is copied into the memory, worked
 * on while it is in the cache, and copied back if the kernel writes it.
 *
 * The last one to three elements of a vector go through windows too, so that the SIMD side knows only whole fours and has
 * each formula once.
 *
 * Bits are those of plainKernels, with one freedom that both specifications leave: which of the many NaNs a NaN is.
 */
import { assert } from '../../errors.ts';
import type { Kernels } from '../kernels.ts';
import { adamFactors, plainKernels, requireClipLimit, requireSameLength } from '../plain-kernels.ts';

/** Elements of a window: 16 KiB, so that a gradient's block stays in a core's first cache from its copy to its use. */
export const WINDOW_ELEMENTS = 4096;
/** As many windows as the kernel with the most operands takes (adam). */
const WINDOWS = 4;
const ELEMENT_BYTES = Float32Array.BYTES_PER_ELEMENT;
const LANES = 4;

/** What the kernels take of their memory for themselves, from its first byte. */
export const WINDOW_BYTES = WINDOWS * WINDOW_ELEMENTS * ELEMENT_BYTES;

/** The exports of assembly/kernels.ts: vectors as addresses, then their length, a multiple of four. */
interface Assembly {
  sgd(x: number, g: number, count: number, rate: number, weightDecay: number): void;
  momentum(x: number, v: number, g: number, count: number, rate: number, momentum: number, weightDecay: number, nesterov: boolean): void;
  adagrad(x: number, s: number, g: number, count: number, rate: number, epsilon: number, weightDecay: number): void;
  rmsprop(
    x: number,
    s: number,
    g: number,
    count: number,
    rate: number,
    decay: number,
    rest: number,
    epsilon: number,
    weightDecay: number,
  ): void;
  adam(
    x: number,
    m: number,
    v: number,
    g: number,
    count: number,
    keep: number,
    beta1: number,
    rest1: number,
    beta2: number,
    rest2: number,
    stepSize: number,
    correction2Root: number,
    epsilon: number,
    weightDecay: number,
  ): void;
  writeScaled(target: number, source: number, count: number, weight: number): void;
  addScaled(target: number, source: number, count: number, weight: number): void;
  clipByValue(g: number, count: number, limit: number): void;
  firstNonFinite(g: number, count: number): number;
  sumOfSquares(start: number, g: number, count: number): number;
}

/** A kernel on one stretch: the addresses of its operands, and how many elements (padded to fours) to go over. */
type Run = (count: number, a: number, b: number, c: number, d: number) => void;

/**
 * @param module what assembly/kernels.ts was compiled to
 * @param memory its first WINDOW_BYTES belong to these kernels
 */
export function simdKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const assembly = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Assembly;
  const over = createWalker(memory.buffer);
  return Object.freeze({
    sgd(x, g, p) {
      requireSameLength(x, g);
      over([x, g], 1, (count, xAt, gAt) => assembly.sgd(xAt, gAt, count, p.rate, p.weightDecay));
    },
    momentum(x, g, v, p) {
      requireSameLength(x, g, v);
      over([x, v, g], 2, (count, xAt, vAt, gAt) => assembly.momentum(xAt, vAt, gAt, count, p.rate, p.momentum, p.weightDecay, p.nesterov));
    },
    adagrad(x, g, s, p) {
      requireSameLength(x, g, s);
      over([x, s, g], 2, (count, xAt, sAt, gAt) => assembly.adagrad(xAt, sAt, gAt, count, p.rate, p.epsilon, p.weightDecay));
    },
    rmsprop(x, g, s, p) {
      requireSameLength(x, g, s);
      over([x, s, g], 2, (count, xAt, sAt, gAt) =>
        assembly.rmsprop(xAt, sAt, gAt, count, p.rate, p.decay, 1 - p.decay, p.epsilon, p.weightDecay),
      );
    },
    adam(x, g, m, v, p) {
      requireSameLength(x, g, m, v);
      const f = adamFactors(p);
      over([x, m, v, g], 3, (count, xAt, mAt, vAt, gAt) =>
        assembly.adam(
          xAt,
          mAt,
          vAt,
          gAt,
          count,
          f.keep,
          f.beta1,
          f.rest1,
          f.beta2,
          f.rest2,
          f.stepSize,
          f.correction2Root,
          f.epsilon,
          f.coupledDecay,
        ),
      );
    },
    combine(target, sources, weights) {
      assert(sources.length === weights.length, `combine was given ${sources.length} sources and ${weights.length} weights`);
      requireSameLength(target, ...sources);
      if (sources.length === 0) target.fill(0);
      // Block by block over all sources, so that a block of the sum is written to main memory once and not once a source.
      for (let from = 0; from < target.length; from += WINDOW_ELEMENTS) {
        const to = Math.min(from + WINDOW_ELEMENTS, target.length);
        const sum = target.subarray(from, to);
        sources.forEach((source, index) => {
          const add = index === 0 ? assembly.writeScaled : assembly.addScaled;
          over([sum, source.subarray(from, to)], 1, (count, sumAt, sourceAt) => add(sumAt, sourceAt, count, weights[index]!));
        });
      }
    },
    add(x, d, scale) {
      requireSameLength(x, d);
      over([x, d], 1, (count, xAt, dAt) => assembly.addScaled(xAt, dAt, count, scale));
    },
    scale(x, factor) {
      over([x], 1, (count, xAt) => assembly.writeScaled(xAt, xAt, count, factor));
    },
    clipByValue(g, limit) {
      requireClipLimit(limit);
      over([g], 1, (count, gAt) => assembly.clipByValue(gAt, count, limit));
    },
    firstNonFinite(g) {
      // Nothing is computed here, so a copy would cost more than it saves where the vector lies elsewhere.
      if (g.buffer !== memory.buffer) return plainKernels.firstNonFinite(g);
      let first = -1;
      let gone = 0;
      over([g], 0, (count, gAt) => {
        const found = first === -1 ? assembly.firstNonFinite(gAt, count) : -1;
        if (found !== -1) first = gone + found;
        gone += count;
      });
      return first;
    },
    sumOfSquares(g) {
      let sum = 0;
      over([g], 0, (count, gAt) => {
        sum = assembly.sumOfSquares(sum, gAt, count);
      });
      return sum;
    },
  } satisfies Kernels);
}

/**
 * Takes a kernel over vectors of one length, wherever they lie.
 * @returns a function of the vectors (at most WINDOWS), how many of the first ones the kernel writes, and the kernel
 */
function createWalker(buffer: ArrayBuffer): (vectors: readonly Float32Array[], written: number, run: Run) => void {
  const windows = Array.from(
    { length: WINDOWS },
    (_, index) => new Float32Array(buffer, index * WINDOW_ELEMENTS * ELEMENT_BYTES, WINDOW_ELEMENTS),
  );

  const throughWindows = (vectors: readonly Float32Array[], from: number, to: number, written: number, run: Run): void => {
    const length = to - from;
    const padded = Math.ceil(length / LANES) * LANES;
    const inPlace = (vector: Float32Array): boolean => vector.buffer === buffer && padded === length;
    const at = vectors.map((vector, index) => {
      if (inPlace(vector)) return vector.byteOffset + from * ELEMENT_BYTES;
      const window = windows[index]!;
      window.set(vector.subarray(from, to));
      // Zeros are finite and add nothing to a sum.
      window.fill(0, length, padded);
      return window.byteOffset;
    });
    run(padded, at[0]!, at[1]!, at[2]!, at[3]!);
    for (let index = 0; index < written; index += 1) {
      const vector = vectors[index]!;
      if (!inPlace(vector)) vector.set(windows[index]!.subarray(0, length), from);
    }
  };

  return (vectors, written, run) => {
    const { length } = vectors[0]!;
    let from = 0;
    if (vectors.every((vector) => vector.buffer === buffer)) {
      from = length - (length % LANES);
      if (from > 0)
        run(from, vectors[0]!.byteOffset, vectors[1]?.byteOffset ?? 0, vectors[2]?.byteOffset ?? 0, vectors[3]?.byteOffset ?? 0);
    }
    for (; from < length; from += WINDOW_ELEMENTS) {
      throughWindows(vectors, from, Math.min(from + WINDOW_ELEMENTS, length), written, run);
    }
  };
}
