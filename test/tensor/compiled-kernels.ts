/** The SIMD kernels as scripts/kernels.mjs has compiled them for the unit tests. */
import { inject } from 'vitest';
import { loadKernelModule } from '../../src/kernel-module.ts';
import { slabMemory, type SlabLimits, type VectorMemory } from '../../src/tensor/slabs.ts';

declare module 'vitest' {
  interface ProvidedContext {
    kernelsFile: string;
  }
}

export function compiledKernels(): WebAssembly.Module {
  const kernels = loadKernelModule(inject('kernelsFile'));
  if (!kernels.module) throw new Error(`these tests need WebAssembly SIMD: ${kernels.problem}`);
  return kernels.module;
}

/** Slabs so short that small vectors take several. */
export function tinySlabs(slabElements: number, shardBytes: SlabLimits['shardBytes'] = 2 ** 30): VectorMemory {
  return slabMemory(compiledKernels(), { slabElements, shardBytes });
}
