import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchPlan, batchRange, permutation } from '../../src/datasets/permutation.ts';
import { TardigradError } from '../../src/errors.ts';

const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

describe('permutation', () => {
  it('holds each sample once', () => {
    fc.assert(
      fc.property(seeds, fc.nat(1000), fc.integer({ min: 1, max: 500 }), (seed, dataEpoch, samples) => {
        const order = permutation(seed, dataEpoch, samples);
        expect([...order].toSorted((a, b) => a - b)).toEqual(Array.from({ length: samples }, (_, sample) => sample));
      }),
      { numRuns: 60 },
    );
  });

  it('is the same order on every machine', () => {
    expect([...permutation(1, 0, 10)]).toEqual([4, 2, 8, 5, 7, 6, 3, 9, 1, 0]);
  });

  it('differs from one data epoch and seed to the next', () => {
    const orders = [permutation(1, 0, 100), permutation(1, 1, 100), permutation(2, 0, 100)].map((order) => order.join());
    expect(new Set(orders).size).toBe(3);
  });

  it('brings each sample to each place equally often', () => {
    const counts = Array.from({ length: 25 }, () => 0);
    for (let dataEpoch = 0; dataEpoch < 5000; dataEpoch++) {
      permutation(7, dataEpoch, 5).forEach((sample, place) => {
        counts[place * 5 + sample]!++;
      });
    }
    // 1000 expected, standard deviation 28.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

describe('batch numbers', () => {
  it('cover each sample of each data epoch once, in order, with the true count of the last batch', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 64 }), fc.nat(5), (samples, batchSize, dataEpoch) => {
        const plan = batchPlan({ samples, batchSize });
        let next = 0;
        for (let i = 0; i < plan.batchesPerEpoch; i++) {
          const range = batchRange(plan, dataEpoch * plan.batchesPerEpoch + i);
          expect(range.dataEpoch).toBe(dataEpoch);
          expect(range.first).toBe(next);
          expect(range.count).toBeGreaterThan(0);
          expect(range.count).toBe(i < plan.batchesPerEpoch - 1 ? batchSize : samples - next);
          next += range.count;
        }
        expect(next).toBe(samples);
      }),
    );
  });

  it('go on through the data epochs', () => {
    const plan = batchPlan({ samples: 10, batchSize: 4 });
    expect([0, 2, 3, 5, 6].map((batch) => batchRange(plan, batch))).toEqual([
      { dataEpoch: 0, first: 0, count: 4 },
      { dataEpoch: 0, first: 8, count: 2 },
      { dataEpoch: 1, first: 0, count: 4 },
      { dataEpoch: 1, first: 8, count: 2 },
      { dataEpoch: 2, first: 0, count: 4 },
    ]);
  });

  it('refuse sizes that are not whole and positive', () => {
    for (const batchSize of [0, -1, 1.5, Number.NaN]) {
      expect(() => batchPlan({ samples: 10, batchSize })).toThrow(TardigradError);
      expect(() => batchPlan({ samples: batchSize, batchSize: 1 })).toThrow(TardigradError);
    }
    expect(() => batchRange(batchPlan({ samples: 10, batchSize: 4 }), -1)).toThrow('batch -1');
  });
});
