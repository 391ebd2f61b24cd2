/**
 * Vectors that come and go with every push and pull: staged gradients, and copies of the weights on their way out. Fresh
 * memory for each costs a page fault every 4 KiB and a garbage collection every few pushes; these are used again.
 */
import { assert } from '../errors.ts';
import type { Kernels } from './kernels.ts';
import { plainKernels } from './plain-kernels.ts';

const ELEMENT_BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Bytes that wait in a pool for the next use; more go back to the machine. */
const IDLE_BYTES = 512 * 2 ** 20;

export class VectorPool {
  readonly #idleLimit: number;
  /** By length, the newest last: it may still be in the cache. */
  readonly #idle = new Map<number, Float32Array[]>();
  readonly #holders = new WeakMap<Float32Array, number>();
  #idleBytes = 0;

  constructor(idleLimit: number = IDLE_BYTES) {
    this.#idleLimit = idleLimit;
  }

  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** A vector of any content, to be written whole, with one holder: the caller. */
  take(elements: number): Float32Array {
    let vector = this.#idle.get(elements)?.pop();
    if (vector === undefined) vector = newVector(elements);
    else this.#idleBytes -= vector.byteLength;
    this.#holders.set(vector, 1);
    return vector;
  }

  /** One more holder. From now on nobody writes to it. */
  share(vector: Float32Array): Float32Array {
    const holders = this.#holders.get(vector);
    assert(holders !== undefined && holders > 0, 'only a vector that is held is shared');
    this.#holders.set(vector, holders + 1);
    return vector;
  }

  /**
   * One holder less, who keeps no view into it; the last one's makes it idle. A holder may keep it for good instead. A vector
   * that is not of this pool is let go of.
   */
  give(vector: Float32Array): void {
    const holders = this.#holders.get(vector);
    if (holders === undefined) return;
    assert(holders > 0, 'a vector is given back once by each holder');
    this.#holders.set(vector, holders - 1);
    if (holders > 1 || vector.length === 0 || this.#idleBytes + vector.byteLength > this.#idleLimit) return;
    const idle = this.#idle.get(vector.length) ?? [];
    idle.push(vector);
    this.#idle.set(vector.length, idle);
    this.#idleBytes += vector.byteLength;
  }

  /** Takes in a vector that was made elsewhere, for the next use of its length. */
  adopt(vector: Float32Array): void {
    assert(!this.#holders.has(vector), 'a vector is adopted once');
    this.#holders.set(vector, 1);
    this.give(vector);
  }

  /** Lets go of all that is idle: other lengths are wanted from now on. */
  clear(): void {
    this.#idle.clear();
    this.#idleBytes = 0;
  }
}

/** Where the gradients of pushes to one shard are put together, so that they lie well for what is done with them. */
export interface GradientMemory {
  /** A vector of any content, the caller's until it gives it back. */
  take(elements: number): Float32Array;
  give(vector: Float32Array): void;
  /** Index of the first NaN or infinity in a part of such a vector, or -1. */
  firstNonFinite(part: Float32Array): number;
}

/**
 * Gradients in ordinary memory, but for `landing`, which the first one under way gets.
 * @param kernels of the memory that `landing` lies in
 */
export function gradientPool(kernels: Pick<Kernels, 'firstNonFinite'> = plainKernels, landing?: Float32Array): GradientMemory {
  const pool = new VectorPool();
  if (landing !== undefined) pool.adopt(landing);
  return {
    take: (elements) => pool.take(elements),
    give: (vector) => pool.give(vector),
    firstNonFinite: (part) => kernels.firstNonFinite(part),
  };
}

/** A vector of any content: every element of it is about to be written, so that filling it with zeros would be a lost pass. */
export function newVector(elements: number): Float32Array {
  const bytes = Buffer.allocUnsafeSlow(elements * ELEMENT_BYTES);
  return new Float32Array(bytes.buffer, bytes.byteOffset, elements);
}
