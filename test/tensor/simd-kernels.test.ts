import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Kernels } from '../../src/tensor/kernels.ts';
import { plainKernels } from '../../src/tensor/plain-kernels.ts';
import { WINDOW_BYTES, WINDOW_ELEMENTS, simdKernels } from '../../src/tensor/simd/simd-kernels.ts';
import { compiledKernels } from './compiled-kernels.ts';

const PAGE_BYTES = 65_536;
const memory = new WebAssembly.Memory({ initial: 16, maximum: 16 });
const simd = simdKernels(compiledKernels(), memory);

/** Where an operand lies: in the kernels' memory (there not always at a whole vector register), or outside. */
type Place = 'inside' | 'outside';
const MOST_OPERANDS = 8;
const ROOM_ELEMENTS = (memory.buffer.byteLength - WINDOW_BYTES) / 4 / MOST_OPERANDS;

function put(values: Float32Array, operand: number, place: Place): Float32Array {
  if (place === 'outside') return values.slice();
  const vector = new Float32Array(memory.buffer, WINDOW_BYTES + operand * ROOM_ELEMENTS * 4 + (operand % 4) * 4, values.length);
  vector.set(values);
  return vector;
}

/** What differs first, in any bit but for which NaN a NaN is. */
function difference(fast: Float32Array, plain: Float32Array): string {
  for (let i = 0; i < plain.length; i += 1) if (!Object.is(fast[i], plain[i])) return `element ${i}: ${fast[i]}, plain ${plain[i]}`;
  return fast.length === plain.length ? '' : 'of another length';
}

/** Runs a kernel both ways over the same values and compares all its operands, the ones it must not write included. */
function same(inputs: readonly Float32Array[], places: readonly Place[], run: (kernels: Kernels, operands: Float32Array[]) => unknown) {
  const plain = inputs.map((values) => values.slice());
  const fast = inputs.map((values, index) => put(values, index, places[index % places.length] ?? 'inside'));
  const want = run(plainKernels, plain);
  expect(run(simd, fast)).toEqual(want);
  fast.forEach((vector, index) => expect(difference(vector, plain[index]!)).toBe(''));
}

const SPECIALS = [
  0,
  -0,
  NaN,
  Infinity,
  -Infinity,
  1e-45,
  -1e-45,
  1.1754943508222875e-38,
  1.1754942106924411e-38,
  3.4028234663852886e38,
  1,
  -1,
];
const element = fc.oneof(
  { weight: 4, arbitrary: fc.float() },
  { weight: 3, arbitrary: fc.float({ min: -4, max: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom(...SPECIALS) },
);
const places = fc.array(fc.constantFrom<Place>('inside', 'outside'), { minLength: 4, maxLength: 4 });
const numbers = fc.double({ min: -2, max: 2, noNaN: true });
const shares = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const decays = fc.constantFrom(0, 0, 1e-4, 0.3, 1e-50, 7);
const epsilons = fc.constantFrom(1e-8, 1e-10, 1e-45, 0.5);

/** So many vectors of one length, of every remainder by four, sometimes longer than a window. */
function vectors(count: number, elements: fc.Arbitrary<number> = element): fc.Arbitrary<Float32Array[]> {
  const short = fc
    .integer({ min: 0, max: 35 })
    .chain((length) => fc.array(fc.array(elements, { minLength: length, maxLength: length }), { minLength: count, maxLength: count }));
  const long = fc
    .tuple(
      fc.integer({ min: -5, max: 5 }),
      fc.array(fc.array(elements, { minLength: 7, maxLength: 7 }), { minLength: count, maxLength: count }),
    )
    .map(([beyond, patterns]) => patterns.map((pattern) => Array.from({ length: WINDOW_ELEMENTS + beyond }, (_, i) => pattern[i % 7]!)));
  return fc
    .oneof({ weight: 30, arbitrary: short }, { weight: 1, arbitrary: long })
    .map((lists) => lists.map((list) => Float32Array.from(list)));
}

describe('SIMD kernels give the bits of the plain ones, wherever the vectors lie', () => {
  const check = <Ts extends [unknown, ...unknown[]]>(
    ...args: [...{ [K in keyof Ts]: fc.Arbitrary<Ts[K]> }, (...values: Ts) => void]
  ): void => {
    const body = args.pop() as (...values: Ts) => void;
    fc.assert(fc.property(...(args as unknown as { [K in keyof Ts]: fc.Arbitrary<Ts[K]> }), body), { numRuns: 120 });
  };

  test('sgd', () => {
    check(vectors(2), places, numbers, decays, (inputs, where, rate, weightDecay) => {
      same(inputs, where, (kernels, [x, g]) => kernels.sgd(x!, g!, { rate, weightDecay }));
    });
  });

  test('momentum, with nesterov and without', () => {
    check(vectors(3), places, numbers, shares, decays, fc.boolean(), (inputs, where, rate, momentum, weightDecay, nesterov) => {
      same(inputs, where, (kernels, [x, g, v]) => kernels.momentum(x!, g!, v!, { rate, momentum, weightDecay, nesterov }));
    });
  });

  test('adagrad', () => {
    check(vectors(3), places, numbers, epsilons, decays, (inputs, where, rate, epsilon, weightDecay) => {
      same(inputs, where, (kernels, [x, g, s]) => kernels.adagrad(x!, g!, s!, { rate, epsilon, weightDecay }));
    });
  });

  test('rmsprop', () => {
    check(vectors(3), places, numbers, shares, epsilons, decays, (inputs, where, rate, decay, epsilon, weightDecay) => {
      same(inputs, where, (kernels, [x, g, s]) => kernels.rmsprop(x!, g!, s!, { rate, decay, epsilon, weightDecay }));
    });
  });

  test('adam, with coupled decay and decoupled, at any step', () => {
    const options = fc.record({
      rate: numbers,
      beta1: shares,
      beta2: shares,
      epsilon: epsilons,
      weightDecay: decays,
      decoupled: fc.boolean(),
      step: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 10_000_000 })),
    });
    check(vectors(4), places, options, (inputs, where, p) => {
      same(inputs, where, (kernels, [x, g, m, v]) => kernels.adam(x!, g!, m!, v!, p));
    });
  });

  test('combine, of none to six, also onto the first source', () => {
    const weights = fc.array(fc.oneof(fc.constant(1), numbers), { minLength: 6, maxLength: 6 });
    check(vectors(7), places, weights, fc.integer({ min: 0, max: 6 }), fc.boolean(), (inputs, where, of, count, ontoFirst) => {
      same(inputs, where, (kernels, [target, ...sources]) =>
        kernels.combine(ontoFirst && count > 0 ? sources[0]! : target!, sources.slice(0, count), of.slice(0, count)),
      );
    });
  });

  test('add and scale', () => {
    check(vectors(2), places, numbers, (inputs, where, factor) => {
      same(inputs, where, (kernels, [x, d]) => kernels.add(x!, d!, factor));
      same(inputs, where, (kernels, [x]) => kernels.scale(x!, factor));
      same(inputs, where, (kernels, [x]) => kernels.add(x!, x!, factor));
    });
  });

  test('clipByValue', () => {
    check(vectors(1), places, fc.constantFrom(0, 1e-46, 1e-45, 0.5, 1, 1e39, Infinity), (inputs, where, limit) => {
      same(inputs, where, (kernels, [g]) => kernels.clipByValue(g!, limit));
    });
  });

  test('firstNonFinite, with at most one such element and with many', () => {
    const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
    check(vectors(1), vectors(1, finite), places, fc.nat(), fc.constantFrom(NaN, Infinity, -Infinity), (many, one, where, at, bad) => {
      same(many, where, (kernels, [g]) => kernels.firstNonFinite(g!));
      same(one, where, (kernels, [g]) => kernels.firstNonFinite(g!));
      if (one[0]!.length > 0) one[0]![at % one[0]!.length] = bad;
      same(one, where, (kernels, [g]) => kernels.firstNonFinite(g!));
    });
  });

  test('sumOfSquares, in double precision and in order', () => {
    check(vectors(1), vectors(1, fc.float({ noNaN: true, noDefaultInfinity: true })), places, (any, finite, where) => {
      same(any, where, (kernels, [g]) => kernels.sumOfSquares(g!));
      same(finite, where, (kernels, [g]) => kernels.sumOfSquares(g!));
    });
  });
});

test('stop at vectors of different lengths, at a step below 1 and at a limit below 0, as the plain ones do', () => {
  const two = new Float32Array(2);
  const three = new Float32Array(3);
  const common = { rate: 1, weightDecay: 0, epsilon: 1 };
  expect(() => simd.sgd(two, three, common)).toThrow(/vectors of 2 and 3 elements/);
  expect(() => simd.momentum(two, two, three, { ...common, momentum: 0, nesterov: false })).toThrow(/2 and 3/);
  expect(() => simd.adagrad(two, three, two, common)).toThrow(/2 and 3/);
  expect(() => simd.rmsprop(two, two, three, { ...common, decay: 0 })).toThrow(/2 and 3/);
  const adam = { ...common, beta1: 0, beta2: 0, decoupled: false };
  expect(() => simd.adam(two, two, two, three, { ...adam, step: 1 })).toThrow(/2 and 3/);
  expect(() => simd.adam(two, two, two, two, { ...adam, step: 0 })).toThrow(/counts from 1, got 0/);
  expect(() => simd.combine(two, [two, three], [1, 1])).toThrow(/2 and 3/);
  expect(() => simd.combine(two, [two], [])).toThrow(/1 sources and 0 weights/);
  expect(() => simd.add(two, three, 1)).toThrow(/2 and 3/);
  expect(() => simd.clipByValue(two, NaN)).toThrow(/at least 0, got NaN/);
});

test('write nothing of their memory but the vectors given and the windows', () => {
  const own = new WebAssembly.Memory({ initial: 4, maximum: 4 });
  const kernels = simdKernels(compiledKernels(), own);
  expect(new Uint8Array(own.buffer).every((byte) => byte === 0)).toBe(true);
  const words = new Float32Array(own.buffer);
  words.fill(5);
  const from = WINDOW_BYTES / 4;
  const [x, v] = [words.subarray(from + 16, from + 16 + 37), words.subarray(from + 80, from + 80 + 37)];
  kernels.momentum(x, new Float32Array(37).fill(1), v, { rate: 1, momentum: 0.5, weightDecay: 0, nesterov: false });
  const changed = [...words.keys()].filter((index) => index >= from && words[index] !== 5);
  expect(changed).toEqual([...Array.from({ length: 37 }, (_, i) => from + 16 + i), ...Array.from({ length: 37 }, (_, i) => from + 80 + i)]);
});

test('reach a vector at the very end of a memory of 4 GiB, where an address past it would be 0 again', () => {
  const whole = new WebAssembly.Memory({ initial: PAGE_BYTES, maximum: PAGE_BYTES });
  const kernels = simdKernels(compiledKernels(), whole);
  const x = new Float32Array(whole.buffer, whole.buffer.byteLength - 4 * 37, 37).fill(3);
  kernels.sgd(x, new Float32Array(37).fill(1), { rate: 1, weightDecay: 0 });
  expect([...x]).toEqual(Array.from({ length: 37 }, () => 2));
  const last = new Float32Array(whole.buffer, whole.buffer.byteLength - 16, 4).fill(1);
  expect(kernels.sumOfSquares(last)).toBe(4);
  kernels.scale(last, 2);
  expect([...last]).toEqual([2, 2, 2, 2]);
});
