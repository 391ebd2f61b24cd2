/**
 * Thousands of random schedules over the live shards, sessions and leaders. More of them by
 * `SCHEDULES=100000 npx vitest run --project unit test/schedules/schedules.test.ts` (from seed FIRST on, default 0);
 * one of them, with all that happens in it, by `SEED=123` in place of SCHEDULES.
 */
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { runSchedule, report, type Result } from './schedule.ts';

const FILE = 'test/schedules/schedules.test.ts';
const { SEED, FIRST = '0', SCHEDULES = '3000' } = process.env;
/** A generous second for every twenty, so that a slow machine only takes longer. */
const timeout = 30_000 + Number(SCHEDULES) * 50;

test.runIf(SEED !== undefined)(`schedule ${SEED}`, { timeout }, () => {
  const result = runSchedule(Number(SEED), { trace: true });
  console.log(JSON.stringify(result.settings), '\n', result.trace.join('\n'), '\n', result.violation ?? 'every promise held');
  expect(result.violation).toBeUndefined();
});

test.skipIf(SEED !== undefined)(`every promise holds in ${SCHEDULES} random schedules`, { timeout }, async () => {
  const first = Number(FIRST);
  const counts = new Map<string, number>();
  const failed: Result[] = [];
  for (let seed = first; seed < first + Number(SCHEDULES); seed += 1) {
    // oxlint-disable-next-line no-await-in-loop -- lets the test runner breathe
    if (seed % 200 === 0) await setImmediate();
    const result = runSchedule(seed);
    for (const [what, count] of result.counts) counts.set(what, (counts.get(what) ?? 0) + count);
    if (result.violation !== undefined) failed.push(result);
    if (failed.length >= 5) break;
  }
  expect(failed.map((result) => report(result, FILE)).join('\n\n')).toBe('');
  // The schedules are worth something only if all of this happens in them.
  const happened = [
    'kill',
    'pause',
    'cut',
    'silent',
    'break',
    'server',
    'leader',
    'leaderPause',
    'resume',
    'join',
    'leave',
    'malformed',
    'loseAnswer',
    'repeatOrder',
    'loseOrder',
    'disk',
  ];
  happened.push('checkpoint', 'event restored', 'event recovered', 'event deposed', 'event leaseOver', 'event checkpointFailed');
  if (Number(SCHEDULES) >= 1000)
    for (const what of happened) expect([what, (counts.get(what) ?? 0) > Number(SCHEDULES) / 20]).toEqual([what, true]);
});
