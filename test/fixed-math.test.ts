import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ANGLE_LIMIT, cos, exp, log, powInteger, sin } from '../src/fixed-math.ts';
import { sha256OfVectors } from '../src/tensor/hash.ts';

const TOLERANCE = 1e-14;

function expectClose(actual: number, expected: number, tolerance = TOLERANCE): void {
  if (Object.is(actual, expected)) return;
  const error = Math.abs(actual - expected) / Math.abs(expected);
  expect(error, `${actual} against ${expected}`).toBeLessThan(tolerance);
}

/** Numbers over the whole exponent range, the same on every machine: only exact scaling is used. */
function spread(count: number, lowest: number, highest: number): Float64Array {
  const values = new Float64Array(count);
  for (let i = 0; i < count; i += 1) {
    const mantissa = 1 + ((i * 2654435761) % 4294967296) / 4294967296;
    values[i] = mantissa * powInteger(2, lowest + (i % (highest - lowest + 1)));
  }
  return values;
}

describe('log', () => {
  test('agrees with Math.log over the whole range of positive numbers', () => {
    for (const x of spread(20_000, -1074, 1023)) if (x > 0) expectClose(log(x), Math.log(x));
  });

  test('keeps its relative accuracy near 1, where the result vanishes', () => {
    for (let k = 1; k <= 52; k += 1) {
      expectClose(log(1 + powInteger(2, -k)), Math.log1p(powInteger(2, -k)));
      expectClose(log(1 - powInteger(2, -k)), Math.log1p(-powInteger(2, -k)));
    }
  });

  test('gives the limits at the edges', () => {
    expect(log(1)).toBe(0);
    expect(log(0)).toBe(-Infinity);
    expect(log(-0)).toBe(-Infinity);
    expect(log(-1)).toBeNaN();
    expect(log(Number.NaN)).toBeNaN();
    expect(log(Infinity)).toBe(Infinity);
    expectClose(log(Number.MIN_VALUE), Math.log(Number.MIN_VALUE));
  });
});

describe('exp', () => {
  test('agrees with Math.exp wherever the result is a normal number', () => {
    for (let x = -708; x <= 709.75; x += 0.0831) expectClose(exp(x), Math.exp(x));
    for (const x of spread(5_000, -60, 0)) expectClose(exp(-x), Math.exp(-x));
  });

  test('gives the limits at the edges', () => {
    expect(exp(0)).toBe(1);
    expect(exp(710)).toBe(Infinity);
    expect(exp(Infinity)).toBe(Infinity);
    expect(exp(-746)).toBe(0);
    expect(exp(-Infinity)).toBe(0);
    expect(exp(Number.NaN)).toBeNaN();
    expect(exp(-745)).toBe(Number.MIN_VALUE);
    expectClose(exp(709.78), Math.exp(709.78), 1e-13);
  });

  test('undoes log', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (x) => {
        expectClose(exp(log(x)), x);
      }),
    );
  });
});

describe('powInteger', () => {
  test('is exact where every product is', () => {
    expect(powInteger(2, 10)).toBe(1024);
    expect(powInteger(2, -1074)).toBe(0);
    expect(powInteger(2, 1023)).toBe(8.98846567431158e307);
    expect(powInteger(3, 20)).toBe(3486784401);
    expect(powInteger(-3, 3)).toBe(-27);
    expect(powInteger(0.5, 4)).toBe(0.0625);
    expect(powInteger(7, 0)).toBe(1);
    expect(powInteger(0, 0)).toBe(1);
    expect(powInteger(4, -2)).toBe(0.0625);
  });

  test('agrees with Math.pow within |n| roundings', () => {
    for (const base of [0.5, 0.9, 0.99, 0.999, 0.9999, 1.0001, 1.1]) {
      for (const n of [1, 2, 3, 5, 17, 100, 1_000, 3_001, -1, -7, -500]) {
        expectClose(powInteger(base, n), base ** n, (Math.abs(n) + 2) * 2 ** -52);
      }
    }
  });

  test('stops at an exponent that is not whole', () => {
    expect(() => powInteger(2, 0.5)).toThrow(/whole exponent, got 0.5/);
  });
});

describe('sin and cos', () => {
  test('agree with Math.sin and Math.cos up to the angle limit', () => {
    for (let x = -40; x <= 40; x += 0.00717) {
      expectClose(sin(x), Math.sin(x));
      expectClose(cos(x), Math.cos(x));
    }
    for (const x of spread(20_000, -30, 18)) {
      expectClose(sin(x), Math.sin(x));
      expectClose(cos(-x), Math.cos(x));
    }
  });

  test('keep their relative accuracy beside the multiples of pi/2, where the result nearly vanishes', () => {
    for (let n = 1; n < 600_000; n = n * 3 + 1) {
      const x = n * (Math.PI / 2);
      expectClose(sin(x), Math.sin(x));
      expectClose(cos(x), Math.cos(x));
    }
  });

  test('are exact at the ends that the cosine schedule touches', () => {
    expect(cos(0)).toBe(1);
    expect(cos(Math.PI)).toBe(-1);
    expect(sin(0)).toBe(0);
    expect(sin(-0)).toBe(-0);
    expect(sin(Math.PI / 2)).toBe(1);
    expect(sin(Number.NaN)).toBeNaN();
    expect(cos(Number.NaN)).toBeNaN();
  });

  test('stop at an angle beyond the limit', () => {
    expect(() => sin(ANGLE_LIMIT + 1)).toThrow(/angles up to 1000000/);
    expect(() => cos(Infinity)).toThrow(/angles up to 1000000/);
  });
});

test('every function gives the recorded bits', () => {
  const inputs = spread(4_000, -20, 9);
  const hash = sha256OfVectors(
    inputs,
    inputs.map((x) => log(x)),
    inputs.map((x) => exp(x)),
    inputs.map((x) => exp(-x)),
    inputs.map((x) => sin(x)),
    inputs.map((x) => cos(x)),
    inputs.map((x, i) => powInteger(x, (i % 41) - 20)),
  );
  expect(hash).toBe('b06a4f9c5fd110985d911bc24445a31605d6780b5e94ef6bc151146da0c0455e');
});
