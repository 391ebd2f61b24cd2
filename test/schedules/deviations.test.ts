/** The checks see what they are for: each planted deviation is caught within so many seeds. */
import { describe, expect, test } from 'vitest';
import { deviations, foundFaults } from './deviations.ts';
import { runSchedule } from './schedule.ts';

/** The rarest shows about once in three hundred. */
const SEEDS = 4000;

function caughtAt(deviation: (typeof deviations)[number]): number | undefined {
  for (let seed = 0; seed < SEEDS; seed += 1) if (runSchedule(seed, { deviation }).violation !== undefined) return seed;
  return undefined;
}

describe('a schedule catches it when the rule is broken that', () => {
  test.each(deviations.map((deviation) => [deviation.breaks, deviation.name, deviation] as const))(
    '%s (%s)',
    { timeout: 60_000 },
    (_rule, _name, deviation) => {
      expect(caughtAt(deviation)).toBeDefined();
    },
  );
});

describe('a fault that the schedules found once is found again when put back: the rule that', () => {
  test.each(foundFaults.map((deviation) => [deviation.breaks, deviation.name, deviation] as const))(
    '%s (%s)',
    { timeout: 60_000 },
    (_rule, _name, deviation) => {
      expect(caughtAt(deviation)).toBeDefined();
    },
  );
});
