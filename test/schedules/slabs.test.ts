/** Random schedules once more, over WebAssembly slabs so short that weights, cuts and restores cross them. */
import { beforeAll, expect, test } from 'vitest';
import { chooseMemory } from '../tensor/chosen-memory.ts';
import { tinySlabs } from '../tensor/compiled-kernels.ts';
import { BLOCK } from './flat-vector.ts';
import { report, runSchedule } from './schedule.ts';

const SCHEDULES = 60;
/** Of a schedule that failed: it alone runs, as its report says. */
const { SEED } = process.env;

beforeAll(() => chooseMemory(tinySlabs(BLOCK - 5)));

test('every promise holds over slabs', { timeout: 120_000 }, () => {
  const seeds = SEED === undefined ? [...Array(SCHEDULES).keys()] : [Number(SEED)];
  const failed = seeds.map((seed) => runSchedule(seed)).filter(({ violation }) => violation !== undefined);
  expect(failed.map((result) => report(result, 'test/schedules/slabs.test.ts')).join('\n\n')).toBe('');
});
