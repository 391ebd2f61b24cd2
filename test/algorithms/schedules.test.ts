import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ScheduleConfig, ScheduledJob } from '../../src/algorithms/schedules/registry.ts';
import { createSchedule, scheduleNames } from '../../src/algorithms/schedules/registry.ts';
import { cos } from '../../src/fixed-math.ts';

const job: ScheduledJob = { samplesPerEpoch: 1_000, stopEpochs: 4 };

/** Batches of 50: an epoch is 20 updates. */
function factors(config: ScheduleConfig, updates: readonly number[], known: ScheduledJob = job): number[] {
  const schedule = createSchedule(config, known);
  return updates.map((count) => schedule.factor({ updates: count, samples: count * 50, samplesPerEpoch: 1_000 }));
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

describe('constant', () => {
  test('is 1 at every update', () => {
    expect(new Set(factors({ name: 'constant' }, upTo(100)))).toEqual(new Set([1]));
  });
});

describe('step', () => {
  test('falls by the factor after every so many updates', () => {
    expect(factors({ name: 'step', everyUpdates: 3, factor: 0.5 }, [0, 1, 2, 3, 5, 6, 8, 9, 30])).toEqual([
      1,
      1,
      1,
      0.5,
      0.5,
      0.25,
      0.25,
      0.125,
      2 ** -10,
    ]);
  });

  test('falls after every so many epochs, counted in samples', () => {
    expect(factors({ name: 'step', everyEpochs: 2, factor: 0.5 }, [0, 39, 40, 79, 80])).toEqual([1, 1, 0.5, 0.5, 0.25]);
    expect(factors({ name: 'step', everyEpochs: 0.5, factor: 0.5 }, [9, 10, 19, 20])).toEqual([1, 0.5, 0.5, 0.25]);
  });

  test("falls to a tenth by default, as PyTorch's StepLR does", () => {
    expect(factors({ name: 'step', everyUpdates: 1 }, [0, 1])).toEqual([1, 0.1]);
  });
});

describe('cosine', () => {
  test('starts at 1, is half way at half time, and ends at the floor exactly', () => {
    expect(factors({ name: 'cosine', totalUpdates: 100 }, [0, 50, 100, 101, 1_000_000])).toEqual([1, 0.5, 0, 0, 0]);
    expect(factors({ name: 'cosine', totalUpdates: 100, floor: 0.25 }, [0, 50, 100, 200])).toEqual([1, 0.625, 0.25, 0.25]);
  });

  test("takes its cosine from the project's own fixed mathematics", () => {
    const expected = upTo(60).map((count) => (1 + cos(Math.PI * (count / 60))) / 2);
    expect(factors({ name: 'cosine', totalUpdates: 60 }, upTo(60))).toEqual(expected);
  });

  test('measures its horizon in epochs where told so, by samples', () => {
    expect(factors({ name: 'cosine', totalEpochs: 2 }, [0, 20, 40])).toEqual([1, 0.5, 0]);
  });

  test("ends with the job's epochs where no horizon is given", () => {
    expect(factors({ name: 'cosine' }, [0, 40, 80])).toEqual([1, 0.5, 0]);
  });

  test('is refused where nothing tells its end, with what to set', () => {
    expect(() => createSchedule({ name: 'cosine' }, { samplesPerEpoch: 1_000 })).toThrow(
      /does not know when it ends\. Set totalUpdates or totalEpochs, or let the job stop after stop\.epochs/,
    );
  });

  test('never rises, and never falls in one update by more than its steepest slope', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 300 }), fc.double({ min: 0, max: 1, noNaN: true }), (totalUpdates, floor) => {
        const values = factors({ name: 'cosine', totalUpdates, floor }, upTo(totalUpdates + 3));
        for (let i = 1; i < values.length; i += 1) {
          const fall = values[i - 1]! - values[i]!;
          expect(fall).toBeGreaterThanOrEqual(-1e-15);
          expect(fall).toBeLessThanOrEqual((Math.PI / 2 / totalUpdates) * (1 - floor) + 1e-15);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('warm-up', () => {
  test('rises in equal steps: the first update moves already, the last has the whole rate', () => {
    expect(factors({ name: 'constant', warmupUpdates: 4 }, [0, 1, 2, 3, 4, 5])).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
  });

  test('counts samples where it is given in epochs', () => {
    expect(factors({ name: 'constant', warmupEpochs: 1 }, [0, 1, 10, 19, 20])).toEqual([
      1 / 1_000,
      51 / 1_000,
      501 / 1_000,
      951 / 1_000,
      1,
    ]);
  });

  test.each([{ warmupUpdates: 0 }, { warmupEpochs: 0 }])('of length zero (%o) is none', (none) => {
    expect(factors({ name: 'constant', ...none }, [0, 1])).toEqual([1, 1]);
  });

  test('multiplies the curve, which counts from the start of training, also in another unit', () => {
    const warm = factors({ name: 'cosine', warmupUpdates: 10 }, upTo(80));
    const curve = factors({ name: 'cosine' }, upTo(80));
    warm.forEach((value, count) => expect(value).toBe(count < 9 ? ((count + 1) / 10) * curve[count]! : curve[count]));
    expect(factors({ name: 'step', everyUpdates: 2, factor: 0.5, warmupUpdates: 4 }, upTo(5))).toEqual([0.25, 0.5, 0.375, 0.5, 0.25]);
  });

  test('joins the curve without a jump', () => {
    for (const name of ['constant', 'cosine'] as const) {
      const values = factors({ name, warmupUpdates: 20 }, upTo(40));
      for (let i = 1; i < values.length; i += 1) expect(Math.abs(values[i]! - values[i - 1]!)).toBeLessThanOrEqual(1 / 20 + 1e-15);
    }
  });
});

describe('createSchedule', () => {
  test('knows constant, step and cosine', () => {
    expect(scheduleNames).toEqual(['constant', 'step', 'cosine']);
    expect(createSchedule({ name: 'cosine' }, job).name).toBe('cosine');
  });

  test.each<[ScheduleConfig, RegExp]>([
    [{ name: 'cosin' as 'cosine' }, /no schedule 'cosin'.*Did you mean 'cosine'/],
    [{ name: 'constant', factor: 0.5 }, /'constant' does not use the option factor .*uses: warmupUpdates, warmupEpochs/],
    [{ name: 'step', everyUpdates: 5, floor: 0.5 }, /does not use the option floor/],
    [{ name: 'cosine', everyUpdates: 5 }, /does not use the option everyUpdates/],
    [{ name: 'step' }, /not told how often.*Set everyUpdates or everyEpochs/],
    [{ name: 'step', everyUpdates: 5, everyEpochs: 1 }, /both everyUpdates = 5 and everyEpochs = 1/],
    [{ name: 'step', everyUpdates: 0 }, /everyUpdates = 0\. It must be a whole number above 0/],
    [{ name: 'step', everyUpdates: 1.5 }, /everyUpdates = 1.5/],
    [{ name: 'step', everyEpochs: 0 }, /everyEpochs = 0\. It must be a number above 0/],
    [{ name: 'step', everyUpdates: 5, factor: 0 }, /factor = 0/],
    [{ name: 'step', everyUpdates: 5, factor: 1.1 }, /factor = 1.1/],
    [{ name: 'cosine', totalUpdates: 5, totalEpochs: 1 }, /both totalUpdates = 5 and totalEpochs = 1/],
    [{ name: 'cosine', totalEpochs: Infinity }, /totalEpochs = Infinity/],
    [{ name: 'cosine', floor: 2 }, /floor = 2/],
    [{ name: 'cosine', floor: -0.1 }, /floor = -0.1/],
    [{ name: 'constant', warmupUpdates: 5, warmupEpochs: 1 }, /both warmupUpdates = 5 and warmupEpochs = 1/],
    [{ name: 'constant', warmupUpdates: -1 }, /warmupUpdates = -1\. It must be a whole number of at least 0/],
    [{ name: 'constant', warmupEpochs: Number.NaN }, /warmupEpochs = NaN/],
  ])('refuses %o', (config, message) => {
    expect(() => createSchedule(config, job)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    );
  });

  test.each([{ samplesPerEpoch: 0 }, { samplesPerEpoch: 1.5 }, { samplesPerEpoch: 10, stopEpochs: 0 }])('refuses a job of %o', (bad) => {
    expect(() => createSchedule({ name: 'constant' }, bad)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
