import { describe, expect, test } from 'vitest';
import { SLAB_LIMITS, plainMemory, slabMemory, slabsFor } from '../../src/tensor/slabs.ts';
import { WINDOW_BYTES } from '../../src/tensor/simd/simd-kernels.ts';
import { loadKernelModule } from '../../src/kernel-module.ts';
import { compiledKernels, tinySlabs } from './compiled-kernels.ts';

const GIB = 2 ** 30;

describe.each([
  { name: 'plain arrays', memory: plainMemory() },
  { name: 'one slab', memory: slabMemory(compiledKernels()) },
  { name: 'slabs of 16', memory: tinySlabs(16) },
  { name: 'slabs of 5', memory: tinySlabs(5) },
])('$name', ({ memory }) => {
  test.each([1, 4, 5, 16, 17, 37])('%i elements are covered once, in order, by zeros', (elements) => {
    const slabs = memory.allocate({ elements, vectors: 3 });
    let next = 0;
    for (const { offset, length, vectors } of slabs) {
      expect(offset).toBe(next);
      expect(vectors.map((vector) => vector.length)).toEqual([length, length, length]);
      expect(vectors.every((vector) => vector.every((value) => Object.is(value, 0)))).toBe(true);
      next += length;
    }
    expect(next).toBe(elements);
  });

  test('no two vectors share an element, and a kernel on one leaves the others', () => {
    for (const { vectors, kernels } of memory.allocate({ elements: 37, vectors: 4 })) {
      vectors.forEach((vector, index) => vector.fill(index + 1));
      kernels.scale(vectors[1]!, 10);
      expect(vectors.map((vector) => [...new Set(vector)])).toEqual([[1], [20], [3], [4]]);
    }
  });

  test('nothing is taken for no elements', () => {
    expect(memory.allocate({ elements: 0, vectors: 3 })).toEqual([]);
  });

  test('over its limit is refused with the limit, the value and what to do, and nothing is taken', () => {
    const need = { elements: 2 ** 40, vectors: 3 };
    const refused = memory.refusal(need);
    expect(refused?.code).toBe('RESOURCE_EXHAUSTED');
    expect(refused?.facts['limit']).toBe('shardBytes');
    expect(refused?.message).toMatch(
      /3 vectors of 1099511627776 elements take \d{14,} bytes, over the limit shardBytes = \d+\..*more shards/,
    );
    // Fourteen terabytes: to try would not end so.
    expect(() => memory.allocate(need)).toThrow(refused?.message);
  });
});

describe('slabs', () => {
  test('each have a memory of their own, never to grow', () => {
    const slabs = tinySlabs(16).allocate({ elements: 40, vectors: 2 });
    expect(slabs.map(({ length }) => length)).toEqual([16, 16, 8]);
    expect(new Set(slabs.map(({ vectors }) => vectors[0]!.buffer)).size).toBe(3);
    for (const { vectors } of slabs) expect(vectors[0]!.buffer).toBe(vectors[1]!.buffer);
  });

  test('begin each vector at a whole cache line', () => {
    for (const { vectors } of tinySlabs(21).allocate({ elements: 40, vectors: 4 }))
      for (const { byteOffset } of vectors) expect(byteOffset % 64).toBe(0);
  });

  test('are counted before they are taken: whole pages, windows included', () => {
    const page = 65_536;
    expect(WINDOW_BYTES).toBe(page);
    expect(slabsFor({ elements: 1, vectors: 1 })).toMatchObject({ slabs: 1, bytes: 2 * page });
    expect(slabsFor({ elements: 0, vectors: 3 })).toMatchObject({ slabs: 0, bytes: 0 });
    // 2 ** 14 elements are one page.
    expect(slabsFor({ elements: 2 ** 14, vectors: 2 })).toMatchObject({ slabs: 1, bytes: 3 * page });
    expect(slabsFor({ elements: 2 ** 14 + 1, vectors: 2 })).toMatchObject({ slabs: 1, bytes: 4 * page });
    expect(slabsFor({ elements: 2.5 * 2 ** 14, vectors: 2 }, 2 ** 14)).toMatchObject({ slabs: 3, bytes: 8 * page });
    for (const elements of [1, 5, 16, 37, 100]) {
      const need = { elements, vectors: 3 };
      const taken = tinySlabs(16)
        .allocate(need)
        .reduce((sum, { vectors }) => sum + vectors[0]!.buffer.byteLength, 0);
      expect(slabsFor(need, 16).bytes).toBe(taken);
    }
  });

  test('hold a billion elements, more than one memory could', () => {
    const need = { elements: 1e9, vectors: 4 };
    const { slabs, bytes, runElements } = slabsFor(need);
    expect(runElements).toBe(SLAB_LIMITS.slabElements);
    expect(slabs).toBe(Math.ceil(1e9 / SLAB_LIMITS.slabElements));
    expect(bytes).toBeGreaterThan(16e9);
    expect(bytes).toBeLessThan(16.1e9);
    // 64 GiB hold it; 14 do not.
    expect(slabMemory(compiledKernels()).refusal(need)).toBeUndefined();
    expect(slabMemory(compiledKernels(), { ...SLAB_LIMITS, shardBytes: 14 * GIB }).refusal(need)?.message).toContain(
      `${bytes} bytes, over the limit`,
    );
  });

  test('get shorter where so many vectors lie in each that 4 GiB would be passed', () => {
    const { runElements, pages } = slabsFor({ elements: 1e9, vectors: 40 });
    expect(runElements).toBeLessThan(SLAB_LIMITS.slabElements);
    expect(runElements % 16).toBe(0);
    expect(pages(runElements)).toBeLessThanOrEqual(65_536);
    expect(pages(runElements)).toBeGreaterThan(65_500);
  });
});

test('a machine without the kernels is told why', () => {
  const kernels = loadKernelModule(new URL('./not-there.wasm', import.meta.url));
  expect(kernels.module).toBeUndefined();
  expect('problem' in kernels && kernels.problem).toMatch(/ENOENT/);
  expect(loadKernelModule(new URL(import.meta.url))).toMatchObject({ problem: expect.stringContaining('WebAssembly.Module()') });
});
