import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainKernels } from '../../src/tensor/plain-kernels.ts';

const float32s = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 40 });

describe('optimizer kernels', () => {
  // Their arithmetic is compared with scalar forms and with PyTorch in test/algorithms/optimizers.test.ts.
  test('round every operation to float32, where a double would give another result', () => {
    const x = Float32Array.of(1);
    const rate = 0.1;
    plainKernels.sgd(x, Float32Array.of(0.3), { rate, weightDecay: 0.7 });
    const f = Math.fround;
    const expected = f(1 - f(f(rate) * f(f(0.3) + f(f(0.7) * 1))));
    expect(x[0]).toBe(expected);
    // 1/3 + 1/3 * 2^-24 style ties: rounding only once at the end would differ for this one.
    const y = Float32Array.of(16777216);
    plainKernels.sgd(y, Float32Array.of(-1), { rate: 0.50000006, weightDecay: 0 });
    expect(y[0]).toBe(16777216);
  });

  test('leave the gradient as it was', () => {
    const g = Float32Array.of(1, -2, 3);
    const vector = () => Float32Array.of(4, 5, 6);
    const common = { rate: 0.1, weightDecay: 0.1 };
    plainKernels.sgd(vector(), g, common);
    plainKernels.momentum(vector(), g, vector(), { ...common, momentum: 0.9, nesterov: true });
    plainKernels.adagrad(vector(), g, vector(), { ...common, epsilon: 1e-8 });
    plainKernels.rmsprop(vector(), g, vector(), { ...common, decay: 0.9, epsilon: 1e-8 });
    plainKernels.adam(vector(), g, vector(), vector(), { ...common, beta1: 0.9, beta2: 0.9, epsilon: 1e-8, decoupled: false, step: 1 });
    expect([...g]).toEqual([1, -2, 3]);
  });

  test('take no part of x into the gradient without weight decay, so an overflowed weight stays an overflowed weight', () => {
    const x = Float32Array.of(Infinity);
    plainKernels.sgd(x, Float32Array.of(1), { rate: 1, weightDecay: 0 });
    expect(x[0]).toBe(Infinity);
  });

  test('leave a weight that never had a gradient exactly where it is', () => {
    for (const step of [1, 2, 1_000]) {
      const x = Float32Array.of(0.1, -3);
      const zeros = () => new Float32Array(2);
      const common = { rate: 0.1, weightDecay: 0, epsilon: 1e-8 };
      plainKernels.adagrad(x, zeros(), zeros(), common);
      plainKernels.rmsprop(x, zeros(), zeros(), { ...common, decay: 0.9 });
      plainKernels.adam(x, zeros(), zeros(), zeros(), { ...common, beta1: 0.9, beta2: 0.999, decoupled: false, step });
      expect([...x]).toEqual([Math.fround(0.1), -3]);
    }
  });

  test("adam's first step moves every element by the rate, whatever the gradient's size", () => {
    const g = Float32Array.of(1e-3, -1, 1e3);
    const x = new Float32Array(3);
    const p = { rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decoupled: false, step: 1 };
    plainKernels.adam(x, g, new Float32Array(3), new Float32Array(3), p);
    [-0.01, 0.01, -0.01].forEach((moved, i) => expect(x[i]).toBeCloseTo(moved, 6));
    expect(() => plainKernels.adam(x, g, x, x, { ...p, step: 0 })).toThrow(/counts from 1, got 0/);
  });

  test('stop at vectors of different lengths', () => {
    const two = new Float32Array(2);
    const three = new Float32Array(3);
    const common = { rate: 1, weightDecay: 0, epsilon: 1 };
    expect(() => plainKernels.sgd(two, three, common)).toThrow(/vectors of 2 and 3 elements/);
    expect(() => plainKernels.momentum(two, two, three, { ...common, momentum: 0, nesterov: false })).toThrow(/2 and 3/);
    expect(() => plainKernels.adagrad(two, two, three, common)).toThrow(/2 and 3/);
    expect(() => plainKernels.add(two, three, 1)).toThrow(/2 and 3/);
    expect(() => plainKernels.combine(two, [two, three], [1, 1])).toThrow(/2 and 3/);
    expect(() => plainKernels.combine(two, [two], [])).toThrow(/1 sources and 0 weights/);
  });
});

describe('combine', () => {
  test('adds in the order given: float32 sums depend on it', () => {
    const sources = [1e8, 1, -1e8].map((value) => Float32Array.of(value));
    const target = new Float32Array(1);
    plainKernels.combine(target, sources, [1, 1, 1]);
    expect(target[0]).toBe(0);
    plainKernels.combine(target, [sources[0]!, sources[2]!, sources[1]!], [1, 1, 1]);
    expect(target[0]).toBe(1);
  });

  test('equals products and sums rounded one by one', () => {
    fc.assert(
      fc.property(float32s, fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 1, maxLength: 5 }), (values, weights) => {
        const sources = weights.map((_, k) => Float32Array.from(values, (value) => value / (k + 1)));
        const target = new Float32Array(values.length).fill(99);
        plainKernels.combine(target, sources, weights);
        values.forEach((_, i) => {
          let sum = Math.fround(Math.fround(weights[0]!) * sources[0]![i]!);
          for (let k = 1; k < weights.length; k += 1) sum = Math.fround(sum + Math.fround(Math.fround(weights[k]!) * sources[k]![i]!));
          expect(target[i]).toBe(sum);
        });
      }),
    );
  });

  test('copies one source of weight 1 bit for bit, and gives zero for none', () => {
    const target = Float32Array.of(5, 5, 5);
    plainKernels.combine(target, [Float32Array.of(-0, 1e-45, 3)], [1]);
    expect([...target]).toEqual([-0, Math.fround(1e-45), 3]);
    plainKernels.combine(target, [], []);
    expect([...target]).toEqual([0, 0, 0]);
  });

  test('may write over its first source', () => {
    const first = Float32Array.of(1, 2);
    plainKernels.combine(first, [first, Float32Array.of(10, 20)], [0.5, 1]);
    expect([...first]).toEqual([10.5, 21]);
  });
});

describe('add and scale', () => {
  test('add gives x + scale * d', () => {
    const x = Float32Array.of(1, 2);
    plainKernels.add(x, Float32Array.of(10, -10), 0.1);
    expect([...x]).toEqual([2, 1]);
  });

  test('scale multiplies by a factor rounded to float32 once', () => {
    const x = Float32Array.of(3, -0);
    plainKernels.scale(x, 0.1);
    expect([...x]).toEqual([Math.fround(Math.fround(0.1) * 3), -0]);
  });
});

describe('clipByValue', () => {
  test('cuts at both limits, infinities too, and leaves the rest', () => {
    const g = Float32Array.of(-2, -1, -0.5, -0, 0.5, 1, 2, Infinity, -Infinity);
    plainKernels.clipByValue(g, 1);
    expect([...g]).toEqual([-1, -1, -0.5, -0, 0.5, 1, 1, 1, -1]);
  });

  test('never lets through more than its limit, and changes nothing that is inside', () => {
    fc.assert(
      fc.property(float32s, fc.float({ min: 0, max: 100, noNaN: true }), (values, limit) => {
        const before = Float32Array.from(values);
        const g = before.slice();
        plainKernels.clipByValue(g, limit);
        g.forEach((value, i) => {
          expect(Math.abs(value)).toBeLessThanOrEqual(limit);
          if (Math.abs(before[i]!) <= limit) expect(value).toBe(before[i]);
        });
      }),
    );
  });

  test('stops at a limit below zero', () => {
    expect(() => plainKernels.clipByValue(new Float32Array(1), -1)).toThrow(/at least 0, got -1/);
    expect(() => plainKernels.clipByValue(new Float32Array(1), Number.NaN)).toThrow(/at least 0, got NaN/);
  });
});

describe('firstNonFinite', () => {
  test.each([Number.NaN, Infinity, -Infinity])('finds the first %s, wherever it is', (bad) => {
    for (let place = 0; place < 20; place += 1) {
      const g = new Float32Array(20).fill(3.4e38);
      g[place] = bad;
      g[19] = bad;
      expect(plainKernels.firstNonFinite(g)).toBe(place);
    }
  });

  test('finds nothing among finite numbers, the largest and the smallest included', () => {
    expect(plainKernels.firstNonFinite(Float32Array.of(3.4028234663852886e38, -3.4028234663852886e38, 1e-45, -0))).toBe(-1);
    expect(plainKernels.firstNonFinite(new Float32Array(0))).toBe(-1);
  });
});

describe('sumOfSquares', () => {
  test('adds in double precision: neither large nor small squares are lost', () => {
    expect(plainKernels.sumOfSquares(Float32Array.of(3e38, 1))).toBe(Math.fround(3e38) ** 2 + 1);
    expect(plainKernels.sumOfSquares(Float32Array.of(4096, 1))).toBe(16777217);
    expect(plainKernels.sumOfSquares(new Float32Array(0))).toBe(0);
  });
});
