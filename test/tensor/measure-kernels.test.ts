import { expect, test } from 'vitest';
import { measureKernels } from '../../src/tensor/measure-kernels.ts';
import { plainKernels } from '../../src/tensor/plain-kernels.ts';
import { plainMemory } from '../../src/tensor/slabs.ts';
import { tinySlabs } from './compiled-kernels.ts';

test('measures every kernel in each memory, in turns, by the clock it is given', () => {
  // Each reading is a millisecond later than the one before, so each turn takes one.
  let clock = 0;
  const speeds = measureKernels([plainMemory(), tinySlabs(1000)], 1000, { now: () => (clock += 1), turns: 3 });
  for (const memory of ['plain', 'simd']) {
    const names = new Set(speeds.filter((speed) => speed.memory === memory).map(({ name }) => name.split(/,? /)[0]));
    expect(names).toEqual(new Set(['copy', ...Object.keys(plainKernels)]));
  }
  for (const speed of speeds) expect(speed).toMatchObject({ elementsPerSecond: 1e6, slowest: 1e6, fastest: 1e6 });
  expect(clock).toBe(speeds.length * 3 * 2);
});
