/** Kernels in parameters/s, beside a plain copy of a vector: what the machine's memory allows. */
import { performance } from 'node:perf_hooks';
import { loadKernelModule } from '../../kernel-module.ts';
import { measureKernels } from '../../tensor/measure-kernels.ts';
import { plainMemory, slabMemory } from '../../tensor/slabs.ts';
import type { Figure } from './statistics.ts';

/** 64 MB a vector: more than any cache holds. */
const ELEMENTS = 16_000_000;
const TURNS_A_RUN = 3;
const SHOWN: readonly string[] = [
  'copy',
  'sgd',
  'sgd, gradient from outside',
  'momentum',
  'adam',
  'adam, gradient from outside',
  'firstNonFinite',
];

export function benchKernels(runs: number): Figure[] {
  const { module } = loadKernelModule();
  const memories = [...(module ? [slabMemory(module)] : []), plainMemory()];
  const turns = TURNS_A_RUN * runs;
  const speeds = measureKernels(memories, ELEMENTS, { now: () => performance.now(), turns });
  return speeds
    .filter(({ name }) => SHOWN.includes(name))
    .map(({ memory, name, elementsPerSecond, slowest, fastest }) => ({
      group: 'kernels',
      name: `${name}, ${memory === 'simd' ? 'WebAssembly SIMD' : 'TypeScript'}`,
      unit: 'G parameters/s',
      value: { median: elementsPerSecond / 1e9, min: slowest / 1e9, max: fastest / 1e9, runs: turns },
    }));
}
