/**
 * Random numbers that depend on nothing but their address.
 *
 * A counter-based generator scrambles a counter under a key; it has no state that could be reached in a different order. The
 * address is (seed, stream, worker, iteration): the batch that worker 3 draws in its iteration 7 is the same whoever draws
 * first, on any machine, in the live cluster as in the simulator, and two streams never share a number.
 *
 * Philox4x32-10, source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. It passes
 * the usual statistical batteries; it is no source of secrets.
 */
import { assert } from './errors.ts';
import { cos, log, sin } from './fixed-math.ts';

/** What a number is drawn for. A purpose keeps its number for ever, else recorded runs would replay differently. */
const randomStreams = Object.freeze({
  /** How long things take in a simulation. */
  time: 1,
  /** Delays and losses on a simulated or faulty network. */
  network: 2,
  /** The order of samples and the contents of batches. */
  data: 3,
  /** Stochastic rounding and random choice of elements. */
  compressor: 4,
  /** Initial weights. */
  initialize: 5,
  /** Generated data sets. */
  dataset: 6,
  /** Jitter of retries. */
  backoff: 7,
  /** Planted faults and random schedules of tests. */
  fault: 8,
});

type RandomStream = keyof typeof randomStreams;

/** The address of a sequence of random numbers. */
export interface RandomKey {
  /** The job's seed: a whole number from 0 to 2^53 - 1. */
  readonly seed: number;
  readonly stream: RandomStream;
  /** Worker, or any other whole number below 2^32 that tells sequences apart; default 0. */
  readonly worker?: number;
  /** Iteration, or any other whole number below 2^32 that tells sequences apart; default 0. */
  readonly iteration?: number;
}

const TWO_TO_32 = 0x1_0000_0000;
const TWO_TO_53 = Number.MAX_SAFE_INTEGER + 1;

/** The upper 32 bits of a 64-bit product, from four products of 16-bit halves. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + ((middle & 0xffff) + aLow * bHigh) / 0x10000) >>> 0;
}

/**
 * Ten rounds of Philox4x32: scrambles a counter of four 32-bit words under a key of two.
 * @param counter read and overwritten with the result.
 */
export function philox4x32(counter: Uint32Array, keyLow: number, keyHigh: number): void {
  let c0 = counter[0]!;
  let c1 = counter[1]!;
  let c2 = counter[2]!;
  let c3 = counter[3]!;
  let k0 = keyLow;
  let k1 = keyHigh;
  for (let round = 0; round < 10; round += 1) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  counter[0] = c0;
  counter[1] = c1;
  counter[2] = c2;
  counter[3] = c3;
}

/** One sequence of random numbers: the same key gives the same sequence, everywhere. */
export class Random {
  readonly #seedLow: number;
  readonly #seedHigh: number;
  readonly #worker: number;
  readonly #iteration: number;
  readonly #stream: number;
  readonly #words = new Uint32Array(4);
  #block = 0;
  #used = 4;
  #spareNormal: number | undefined;

  constructor(key: RandomKey) {
    const { seed, stream, worker = 0, iteration = 0 } = key;
    assert(Number.isSafeInteger(seed) && seed >= 0, `a seed is a whole number from 0 to 2^53 - 1, got ${seed}`);
    assert(Number.isSafeInteger(worker) && worker >= 0 && worker < TWO_TO_32, `worker must be whole and below 2^32, got ${worker}`);
    assert(
      Number.isSafeInteger(iteration) && iteration >= 0 && iteration < TWO_TO_32,
      `iteration must be whole and below 2^32, got ${iteration}`,
    );
    this.#seedLow = seed >>> 0;
    this.#seedHigh = Math.floor(seed / TWO_TO_32);
    this.#worker = worker;
    this.#iteration = iteration;
    this.#stream = randomStreams[stream];
  }

  /** A whole number from 0 to 2^32 - 1. */
  nextUint32(): number {
    if (this.#used === 4) this.#refill();
    const word = this.#words[this.#used]!;
    this.#used += 1;
    return word;
  }

  /** At least 0 and below 1, a multiple of 2^-53. */
  uniform(): number {
    return this.#next53() / TWO_TO_53;
  }

  /** At least `from` and below `to` (equal to `to` only where rounding leaves nothing between). */
  uniformBetween(from: number, to: number): number {
    return from + (to - from) * this.uniform();
  }

  /** Normal with mean 0 and deviation 1. Box and Muller 1958: two at a time, the second is kept for the next call. */
  normal(): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return spare;
    }
    // 1 - u is never 0, so the logarithm is finite.
    const radius = Math.sqrt(-2 * log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spareNormal = radius * sin(angle);
    return radius * cos(angle);
  }

  /** A whole number from 0 to n - 1, each equally likely; 1 <= n <= 2^53. */
  integer(n: number): number {
    assert(Number.isInteger(n) && n >= 1 && n <= TWO_TO_53, `integer(n) needs a whole n from 1 to 2^53, got ${n}`);
    // Draws beyond the last whole multiple of n are thrown away: a remainder alone would favour small numbers.
    const range = n <= TWO_TO_32 ? TWO_TO_32 : TWO_TO_53;
    const fair = range - (range % n);
    for (;;) {
      const drawn = range === TWO_TO_32 ? this.nextUint32() : this.#next53();
      if (drawn < fair) return drawn % n;
    }
  }

  /** Brings the items into a random order, in place, each order equally likely (Fisher and Yates). */
  shuffle(items: Uint32Array): void {
    for (let last = items.length - 1; last > 0; last -= 1) {
      const other = this.integer(last + 1);
      const kept = items[last]!;
      items[last] = items[other]!;
      items[other] = kept;
    }
  }

  #next53(): number {
    const high = this.nextUint32() >>> 5;
    return high * 0x400_0000 + (this.nextUint32() >>> 6);
  }

  #refill(): void {
    assert(this.#block < TWO_TO_32, 'one random sequence gave all of its 2^34 words');
    this.#words[0] = this.#block;
    this.#words[1] = this.#iteration;
    this.#words[2] = this.#worker;
    this.#words[3] = this.#stream;
    philox4x32(this.#words, this.#seedLow, this.#seedHigh);
    this.#block += 1;
    this.#used = 0;
  }
}
