import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { philox4x32, Random } from '../src/random.ts';
import { sha256OfVectors } from '../src/tensor/hash.ts';

const key = { seed: 1, stream: 'data', worker: 2, iteration: 3 } as const;

function draws(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.nextUint32());
}

describe('Philox4x32-10', () => {
  // The vectors that Random123 publishes with its generator.
  test.each([
    ['counter 0 under key 0', [0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
    [
      'all bits set',
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      'the digits of pi',
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('gives the published answer for %s', (_name, counter, [keyLow, keyHigh], answer) => {
    const words = Uint32Array.from(counter);
    philox4x32(words, keyLow!, keyHigh!);
    expect([...words]).toEqual(answer);
  });
});

describe('Random', () => {
  test('gives the same sequence for the same key, and another for any other key', () => {
    const first = draws(new Random(key), 9);
    expect(draws(new Random(key), 9)).toEqual(first);
    for (const other of [{ seed: 2 }, { seed: 1 + 2 ** 32 }, { stream: 'time' as const }, { worker: 3 }, { iteration: 2 }]) {
      expect(draws(new Random({ ...key, ...other }), 9)).not.toEqual(first);
    }
  });

  test('puts seed, block, iteration, worker and stream where they are recorded to be', () => {
    const random = new Random({ seed: 5 + 7 * 2 ** 32, stream: 'data', worker: 11, iteration: 13 });
    const second = Uint32Array.of(1, 13, 11, 3);
    philox4x32(second, 5, 7);
    expect(draws(random, 8).slice(4)).toEqual([...second]);
  });

  test('gives uniform numbers in [0, 1) with mean 1/2 and variance 1/12', () => {
    const random = new Random(key);
    const values = Array.from({ length: 20_000 }, () => random.uniform());
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
    expect(mean).toBeCloseTo(1 / 2, 2);
    expect(variance).toBeCloseTo(1 / 12, 2);
    for (let i = 0; i < 1_000; i += 1) {
      const x = random.uniformBetween(-3, 5);
      expect(x >= -3 && x < 5).toBe(true);
    }
  });

  test('gives normal numbers whose first four moments are 0, 1, 0 and 3', () => {
    const random = new Random(key);
    const values = Array.from({ length: 40_000 }, () => random.normal());
    const moment = (power: number) => values.reduce((sum, x) => sum + x ** power, 0) / values.length;
    // Five standard errors each.
    expect(Math.abs(moment(1))).toBeLessThan(0.025);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.036);
    expect(Math.abs(moment(3))).toBeLessThan(0.097);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.25);
  });

  test('gives every whole number below n equally often', () => {
    const random = new Random(key);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 14_000; i += 1) counts[random.integer(7)]! += 1;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 2_000) ** 2 / 2_000, 0);
    // 6 degrees of freedom: 22.5 is passed once in a thousand keys.
    expect(chiSquare).toBeLessThan(22.5);
  });

  test('throws away the draws that would favour small numbers', () => {
    // With n = 3 * 2^30 a bare remainder would give numbers below 2^30 half of the time, not a third.
    const random = new Random(key);
    let small = 0;
    for (let i = 0; i < 9_000; i += 1) if (random.integer(3 * 2 ** 30) < 2 ** 30) small += 1;
    expect(Math.abs(small - 3_000)).toBeLessThan(225);
  });

  test('stays below n for every n up to 2^53', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), fc.nat(), (n, seed) => {
        const drawn = new Random({ seed, stream: 'data' }).integer(n);
        expect(Number.isSafeInteger(drawn) && drawn >= 0 && drawn < n).toBe(true);
      }),
    );
    expect(() => new Random(key).integer(0)).toThrow(/whole n from 1/);
    expect(() => new Random(key).integer(1.5)).toThrow(/whole n from 1/);
  });

  test('shuffles to a permutation, and to every order equally often', () => {
    const items = Uint32Array.from({ length: 1_000 }, (_, i) => i);
    new Random(key).shuffle(items);
    expect([...items].sort((a, b) => a - b)).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
    expect(items.some((item, i) => item !== i)).toBe(true);

    const random = new Random(key);
    const orders = new Map<string, number>();
    for (let i = 0; i < 6_000; i += 1) {
      const three = Uint32Array.of(0, 1, 2);
      random.shuffle(three);
      orders.set(three.join(''), (orders.get(three.join('')) ?? 0) + 1);
    }
    expect(orders.size).toBe(6);
    for (const count of orders.values()) expect(Math.abs(count - 1_000)).toBeLessThan(145);
  });

  test('refuses a key that is not of whole numbers in range', () => {
    expect(() => new Random({ seed: -1, stream: 'data' })).toThrow(/seed/);
    expect(() => new Random({ seed: 0.5, stream: 'data' })).toThrow(/seed/);
    expect(() => new Random({ seed: 1, stream: 'data', worker: 2 ** 32 })).toThrow(/worker/);
    expect(() => new Random({ seed: 1, stream: 'data', iteration: -1 })).toThrow(/iteration/);
  });

  test('gives the recorded bits for all kinds of draws', () => {
    const random = new Random(key);
    const uniform = Float64Array.from({ length: 500 }, () => random.uniform());
    const normal = Float64Array.from({ length: 501 }, () => random.normal());
    const whole = Uint32Array.from({ length: 500 }, (_, i) => random.integer(i + 1));
    const order = Uint32Array.from({ length: 500 }, (_, i) => i);
    random.shuffle(order);
    expect(sha256OfVectors(uniform, normal, whole, order)).toBe('b6ea19638059d9fe275f915c9406e9c83bedc08b2e0a28d4ae844a2efb0fcc76');
  });
});
