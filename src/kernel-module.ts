/**
 * The SIMD kernels as the build left them beside this file, compiled for this machine; or why there are none. Without
 * them everything works with the plain kernels, to the same bits.
 */
import { readFileSync } from 'node:fs';
import { errorMessage } from './errors.ts';

const KERNELS = new URL('./tensor/simd/kernels.wasm', import.meta.url);

export type KernelModule = { readonly module: WebAssembly.Module } | { readonly module: undefined; readonly problem: string };

/** @param file by default the build's */
export function loadKernelModule(file: URL | string = KERNELS): KernelModule {
  try {
    // Compiling fails where the machine has no WebAssembly SIMD.
    return { module: new WebAssembly.Module(readFileSync(file)) };
  } catch (error) {
    return { module: undefined, problem: errorMessage(error) };
  }
}
