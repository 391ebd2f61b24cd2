/**
 * Where a shard's vectors lie, and what computes there. Vectors of one length come in *slabs*: each holds one run of
 * elements of all of them, in a memory with kernels of its own that work on it in place. A shard works slab by slab, which
 * changes no bit, since everything it does is elementwise.
 *
 * A WebAssembly memory ends at 4 GiB, which is a slab's limit and not a shard's: a long vector takes several. It can only
 * grow, never shrink, and growing detaches every view into it; so a slab is made at its full size at once and dropped whole.
 */
import { TardigradError, errorMessage } from '../errors.ts';
import type { Kernels } from './kernels.ts';
import { plainKernels } from './plain-kernels.ts';
import { VectorPool } from './vector-pool.ts';
import { WINDOW_BYTES, simdKernels } from './simd/simd-kernels.ts';

/** Consecutive elements of some vectors. Nothing that is handed out here is ever moved. */
export interface Slab {
  /** First element within the whole vectors. */
  readonly offset: number;
  readonly length: number;
  /** As many as were asked for, each `length` long, zero at first. */
  readonly vectors: readonly Float32Array[];
  /** Fast on these vectors, right on any. */
  readonly kernels: Kernels;
}

/** How much memory vectors ask for. */
export interface VectorNeed {
  readonly elements: number;
  /** How many vectors of that length. */
  readonly vectors: number;
}

export interface VectorMemory {
  readonly name: 'plain' | 'simd';
  /** For what is copied out of the slabs. */
  readonly copies: VectorPool;
  /** The error that `allocate` would throw for so much, before anything is taken. RESOURCE_EXHAUSTED, naming the limit. */
  refusal(need: VectorNeed): TardigradError | undefined;
  /**
   * Slabs in ascending order that cover all elements; none for none.
   * @throws RESOURCE_EXHAUSTED over the limit, or where the machine has not so much
   */
  allocate(need: VectorNeed): readonly Slab[];
}

const GIB = 2 ** 30;
const PAGE_BYTES = 65_536;
const MEMORY_PAGES = 65_536;
const ELEMENT_BYTES = Float32Array.BYTES_PER_ELEMENT;
/** Vectors begin at whole cache lines, so that none shares one with its neighbour. */
const ALIGNMENT_ELEMENTS = 16;

export interface SlabLimits {
  /** Elements in one slab; vectors so many that they pass 4 GiB get shorter slabs. */
  readonly slabElements: number;
  /** Bytes that the vectors of one shard may take: the weights, the optimizer's state and one scratch vector. */
  readonly shardBytes: number;
}

/** 256 MiB for each vector of a slab. */
export const SLAB_LIMITS: SlabLimits = { slabElements: 2 ** 26, shardBytes: 64 * GIB };

/** What a shard takes of WebAssembly memory: whole pages, windows and alignment included. */
export function slabsFor({ elements, vectors }: VectorNeed, slabElements: number = SLAB_LIMITS.slabElements) {
  const perVector = Math.floor((MEMORY_PAGES * PAGE_BYTES - WINDOW_BYTES) / ELEMENT_BYTES / Math.max(1, vectors));
  const runElements = Math.min(slabElements, perVector - (perVector % ALIGNMENT_ELEMENTS));
  const pages = (length: number): number => Math.ceil((WINDOW_BYTES + vectors * aligned(length) * ELEMENT_BYTES) / PAGE_BYTES);
  const whole = Math.floor(elements / runElements);
  const rest = elements % runElements;
  const bytes = (whole * pages(runElements) + (rest > 0 ? pages(rest) : 0)) * PAGE_BYTES;
  return { runElements, slabs: whole + (rest > 0 ? 1 : 0), bytes, pages };
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT_ELEMENTS) * ALIGNMENT_ELEMENTS;
}

/** Plain arrays and plain kernels: one slab of any length, where there is no WebAssembly SIMD. */
export function plainMemory(limits: SlabLimits = SLAB_LIMITS): VectorMemory {
  const refusal = (need: VectorNeed): TardigradError | undefined =>
    overShardBytes(need, need.elements * need.vectors * ELEMENT_BYTES, limits);
  return {
    name: 'plain',
    copies: new VectorPool(),
    refusal,
    allocate(need) {
      const refused = refusal(need);
      if (refused) throw refused;
      if (need.elements === 0) return [];
      const vectors = orExhausted(need, () => Array.from({ length: need.vectors }, () => new Float32Array(need.elements)));
      return [{ offset: 0, length: need.elements, vectors, kernels: plainKernels }];
    },
  };
}

/** WebAssembly slabs with SIMD kernels. @param module what simd/assembly/kernels.ts was compiled to */
export function slabMemory(module: WebAssembly.Module, limits: SlabLimits = SLAB_LIMITS): VectorMemory {
  const refusal = (need: VectorNeed): TardigradError | undefined => overShardBytes(need, slabsFor(need, limits.slabElements).bytes, limits);
  return {
    name: 'simd',
    copies: new VectorPool(),
    refusal,
    allocate(need) {
      const refused = refusal(need);
      if (refused) throw refused;
      const { runElements, slabs, pages } = slabsFor(need, limits.slabElements);
      return Array.from({ length: slabs }, (_, index) => {
        const offset = index * runElements;
        const length = Math.min(runElements, need.elements - offset);
        return createSlab(module, { offset, length, vectors: need.vectors, pages: pages(length) }, need);
      });
    },
  };
}

function createSlab(
  module: WebAssembly.Module,
  { offset, length, vectors, pages }: { offset: number; length: number; vectors: number; pages: number },
  need: VectorNeed,
): Slab {
  const memory = orExhausted(need, () => new WebAssembly.Memory({ initial: pages, maximum: pages }));
  const begin = (index: number): number => WINDOW_BYTES + index * aligned(length) * ELEMENT_BYTES;
  return {
    offset,
    length,
    vectors: Array.from({ length: vectors }, (_, index) => new Float32Array(memory.buffer, begin(index), length)),
    kernels: simdKernels(module, memory),
  };
}

function overShardBytes(need: VectorNeed, bytes: number, { shardBytes }: SlabLimits): TardigradError | undefined {
  if (bytes <= shardBytes) return undefined;
  return exhausted(need, `take ${bytes} bytes, over the limit shardBytes = ${shardBytes}`, {
    limit: 'shardBytes',
    value: bytes,
    allowed: shardBytes,
  });
}

/** The machine may have less than the limit allows. */
function orExhausted<T>(need: VectorNeed, allocate: () => T): T {
  try {
    return allocate();
  } catch (error) {
    throw exhausted(need, `cannot be had here: ${errorMessage(error)}`, { value: need.elements * need.vectors * ELEMENT_BYTES });
  }
}

function exhausted({ elements, vectors }: VectorNeed, why: string, facts: TardigradError['facts']): TardigradError {
  return new TardigradError('RESOURCE_EXHAUSTED', `A shard's ${vectors} vectors of ${elements} elements ${why}.`, {
    facts,
    next: 'Take more shards, on more parameter servers: each then holds less.',
  });
}
