/**
 * Random schedules of `bounded-delay` with `pace` where a lock is likeliest: four workers on two shards, each shard letting
 * few in. Whoever is let in by one shard and held by the other holds up the rest; taken in ascending order, the shards
 * never wait for one another. Without progress for thousands of events a schedule is a lock, and breaks a promise.
 */
import { describe, expect, test } from 'vitest';
import { deviations } from './deviations.ts';
import { report, runSchedule, type ScheduleOptions } from './schedule.ts';
import type { Settings } from './settings.ts';

const FILE = 'test/schedules/paced.test.ts';
const SCHEDULES = 150;
const BOUNDS = [0, 3];
/** Of a schedule that failed: it alone runs, as its report says. */
const { SEED } = process.env;
const SEEDS = SEED === undefined ? Array.from({ length: SCHEDULES }, (_, seed) => seed) : [Number(SEED)];

function crowded(bound: number): Partial<Settings> {
  return { consistency: { policy: 'bounded-delay', bound, whenLate: 'pace' }, shards: 2, workers: 4, blocks: 4 };
}

interface Seen {
  /** Pulls that a shard held, and the most at one instant. */
  held: number;
  heldMost: number;
}

/** Also counts what was held: schedules in which nobody waits would show nothing. */
function watched(options: ScheduleOptions, seen: Seen): ScheduleOptions {
  let before = 0;
  return {
    ...options,
    interfere(world) {
      let now = 0;
      for (const { alive, shard } of world.servers) if (alive) now += shard['state'].pulls.all().length;
      if (now > before) seen.held += now - before;
      before = now;
      seen.heldMost = Math.max(seen.heldMost, now);
    },
  };
}

describe.each(BOUNDS)('paced at bound %i, four workers on two shards', (bound) => {
  const cases: [string, Partial<Settings>][] = [
    ['undisturbed', { faults: {} }],
    ['under random faults', {}],
  ];
  test.each(cases)('never lock and never apply beyond the bound, %s', { timeout: 60_000 }, (_title, faults) => {
    const seen: Seen = { held: 0, heldMost: 0 };
    const results = SEEDS.map((seed) => runSchedule(seed, watched({ over: { ...crowded(bound), ...faults } }, seen)));
    const failed = results.filter(({ violation }) => violation !== undefined);
    expect(failed.map((result) => report(result, FILE)).join('\n\n')).toBe('');
    if (SEED !== undefined) return;
    expect(seen.held, 'pulls are held in most of the schedules').toBeGreaterThan(SEEDS.length);
    expect(seen.heldMost, 'at some instant all but one wait').toBeGreaterThanOrEqual(3);
  });
});

test.skipIf(SEED !== undefined)('and would lock at bound 0 if the workers asked both shards at once', { timeout: 60_000 }, () => {
  const deviation = deviations.find(({ name }) => name === 'pace_unordered')!;
  const over = { ...crowded(0), faults: {} };
  const locked = SEEDS.find((seed) => runSchedule(seed, { deviation, over }).violation?.startsWith('standstill') === true);
  expect(locked).toBeDefined();
});
