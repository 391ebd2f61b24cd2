import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitsOf, firstNonFinite } from '../../src/tensor/finite.ts';

describe('the search for values that are not finite', () => {
  it('finds the first one, over any bit patterns and any part of the vector', () => {
    const pattern = fc.oneof(
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      fc.constantFrom(0x7f7fffff, 0x7f800000, 0x7f800001, -0x800000, -0x800001, 0),
    );
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 200 }), fc.nat(200), fc.nat(200), (patterns, a, b) => {
        const bits = Int32Array.from(patterns);
        const values = new Float32Array(bits.buffer);
        const from = Math.min(a, b, bits.length);
        const to = Math.min(Math.max(a, b), bits.length);
        const expected = values.findIndex((value, i) => i >= from && i < to && !Number.isFinite(value));
        expect(firstNonFinite(bits, from, to)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('finds one at every place around the borders of its blocks', () => {
    const values = new Float32Array(9000).fill(3.4028234663852886e38);
    expect(firstNonFinite(bitsOf(values), 0, 9000)).toBe(-1);
    for (const place of [0, 1, 4095, 4096, 4097, 8191, 8192, 8999]) {
      values[place] = NaN;
      expect(firstNonFinite(bitsOf(values), 0, 9000)).toBe(place);
      values[place] = 0;
    }
  });
});
