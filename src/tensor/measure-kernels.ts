/**
 * How fast the kernels are on this machine: every one of them in every memory, beside a plain copy of a vector, which is
 * what the machine's own memory allows. All are measured in turns within one run, so that whatever else the machine does
 * meets all of them alike, and each is given by the median of its turns.
 */
import { assert } from '../errors.ts';
import type { Slab, VectorMemory } from './slabs.ts';

export interface KernelSpeed {
  /** Of the vectors' memory: 'plain' or 'simd'. */
  readonly memory: VectorMemory['name'];
  /** `copy` is Float32Array.set from one vector of the memory to another. */
  readonly name: string;
  /** Median over the turns, and the slowest and fastest of them. */
  readonly elementsPerSecond: number;
  readonly slowest: number;
  readonly fastest: number;
}

export interface MeasureOptions {
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** How often each kernel has its turn; by default 9. */
  readonly turns?: number;
}

/** What a kernel is run on: vectors of one slab, and a gradient as the network brings it, outside of any slab. */
interface Bench extends Pick<Slab, 'kernels'> {
  readonly x: Float32Array;
  readonly g: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
  readonly pushed: Float32Array;
}

const VECTORS = 4;
const TURNS = 9;
/** So small that no turn changes a weight into what would be slow to compute with: none gets near a denormal. */
const RATE = 1e-3;

const CASES: Readonly<Record<string, (bench: Bench) => unknown>> = {
  copy: ({ x, g }) => x.set(g),
  sgd: ({ kernels, x, g }) => kernels.sgd(x, g, { rate: RATE, weightDecay: 0 }),
  'sgd, gradient from outside': ({ kernels, x, pushed }) => kernels.sgd(x, pushed, { rate: RATE, weightDecay: 0 }),
  momentum: ({ kernels, x, g, v }) => kernels.momentum(x, g, v, { rate: RATE, momentum: 0.9, weightDecay: 0, nesterov: false }),
  adagrad: ({ kernels, x, g, v }) => kernels.adagrad(x, g, v, { rate: RATE, epsilon: 1e-10, weightDecay: 0 }),
  rmsprop: ({ kernels, x, g, v }) => kernels.rmsprop(x, g, v, { rate: RATE, decay: 0.99, epsilon: 1e-8, weightDecay: 0 }),
  adam: ({ kernels, x, g, m, v }) => kernels.adam(x, g, m, v, ADAM),
  'adam, gradient from outside': ({ kernels, x, pushed, m, v }) => kernels.adam(x, pushed, m, v, ADAM),
  'combine of 2 from outside': ({ kernels, g, pushed }) => kernels.combine(g, [pushed, pushed], [0.5, 0.5]),
  add: ({ kernels, x, g }) => kernels.add(x, g, RATE),
  scale: ({ kernels, x }) => kernels.scale(x, 1),
  clipByValue: ({ kernels, g }) => kernels.clipByValue(g, 1),
  firstNonFinite: ({ kernels, g }) => kernels.firstNonFinite(g),
  sumOfSquares: ({ kernels, g }) => kernels.sumOfSquares(g),
};
const ADAM = { rate: RATE, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decoupled: false, step: 1000 };

/** @param elements of a vector; take more than the caches hold for what a large model gets. At most one slab's. */
export function measureKernels(memories: readonly VectorMemory[], elements: number, { now, turns = TURNS }: MeasureOptions): KernelSpeed[] {
  const pushed = Float32Array.from({ length: elements }, (_, i) => ((i % 97) - 48) / 64);
  const entries = memories.flatMap((memory) => {
    const bench = benchIn(memory, elements, pushed);
    return Object.entries(CASES).map(([name, run]) => ({ memory: memory.name, name, run: () => run(bench), tookMs: [] as number[] }));
  });
  // A first turn that does not count: the compilers are at work, and the pages come in.
  for (const { run } of entries) run();
  for (let turn = 0; turn < turns; turn += 1) {
    for (const { run, tookMs } of entries) {
      const startedMs = now();
      run();
      tookMs.push(now() - startedMs);
    }
  }
  return entries.map(({ memory, name, tookMs }) => {
    const speeds = tookMs.map((ms) => (elements / ms) * 1000).toSorted((a, b) => a - b);
    const at = (share: number): number => speeds[Math.floor((speeds.length - 1) * share)] ?? 0;
    return { memory, name, elementsPerSecond: at(0.5), slowest: at(0), fastest: at(1) };
  });
}

function benchIn(memory: VectorMemory, elements: number, pushed: Float32Array): Bench {
  const [slab, ...others] = memory.allocate({ elements, vectors: VECTORS });
  assert(slab !== undefined && others.length === 0, `${elements} elements are one slab, so that one kernel call covers them`);
  const [x, g, m, v] = slab.vectors;
  assert(x !== undefined && g !== undefined && m !== undefined && v !== undefined, `a slab has the ${VECTORS} vectors asked for`);
  for (const vector of [x, g]) vector.set(pushed);
  v.fill(1);
  return { kernels: slab.kernels, x, g, m, v, pushed };
}
