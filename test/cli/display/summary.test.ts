import { expect, test } from 'vitest';
import { cells, paint } from '../../../src/cli/display/styled.ts';
import { accountedSamples } from '../../../src/cli/display/summary.ts';
import { summaryLines } from '../../../src/cli/display/summary-text.ts';
import { WorkersSeen } from '../../../src/cli/display/workers-seen.ts';
import { evaluation, SECONDS_IN_ALL, statusAt, worker } from './synthetic-status.ts';
import { summaryOf } from './synthetic-summary.ts';

const last = statusAt(SECONDS_IN_ALL);
const text = (...parameters: Parameters<typeof summaryOf>): string[] =>
  summaryLines(summaryOf(...parameters)).map((line) => paint(line, false));

test('the summary for people', () => {
  const seen = new WorkersSeen();
  seen.add(statusAt(10));
  seen.add({ ...last, workers: [worker('worker-0', { samples: 115_200 }), worker('worker-1', { incarnation: 2, samples: 38_400 })] });
  const restored = { ...last.accounting, restores: 1, redoneBatches: 130, redoneUpdates: 120 };
  const lines = text({ ...last, accounting: restored }, { lives: seen.all(), backend: 'tensorflow (cpu)' });
  expect(`\n${lines.join('\n')}\n`).toBe(`
 mnist-cnn       succeeded: all 3 epochs are done
 test accuracy   98.40 %, the best, after 2,500 updates
 training        36.0 s for 3 epochs; 41.0 s in all, 4.3 s to the first update
 updates         2,700, 75.0 /s; 4,800 samples/s
 version lag     mean 1.02, p99 3, max 4 updates under ssp, bound 3
 samples         172,800 of 172,800 trained; every one accounted for
 workers         worker-0: 115,200 samples (67 %), 70 % computing
                 worker-1: 19,200 samples (11 %), 70 % computing
                 worker-1 (life 2): 38,400 samples (22 %), 70 % computing
 backend         tensorflow (cpu)
 failures        1 restore: 120 updates, 130 batches done again
 checkpoint      1, at 1,350 updates; pushes beyond it waited at most 4.1 ms
 model           runs/mnist-cnn-20260131-140509/model.safetensors
 folder          runs/mnist-cnn-20260131-140509
`);
  for (const line of lines) expect(cells(line)).toBeLessThanOrEqual(80);
});

test('rates are means over the seconds in training', () => {
  expect(summaryOf(last)).toMatchObject({
    updatesPerSecond: 75,
    samplesPerSecond: 4800,
    seconds: { training: 36, total: 41, launch: 3.1, firstUpdate: 4.3 },
    startedAt: '2026-01-31T14:05:09.000Z',
  });
  expect(summaryOf(statusAt(0))).toMatchObject({ updatesPerSecond: 0, samplesPerSecond: 0 });
});

test('of equally good evaluations the earliest is the best, and the last is the final one', () => {
  const { test: result } = summaryOf({
    ...last,
    evaluations: [evaluation(500, 0.97), evaluation(1000, 0.98), evaluation(1500, 0.98), evaluation(2000, 0.975)],
  });
  expect([result.best?.updates, result.final?.updates]).toEqual([1000, 2000]);
  expect(text({ ...last, evaluations: [] })[1]).toBe(' test accuracy   not evaluated');
});

test('the books add up, also when the job stopped early, and say so when they do not', () => {
  const half = statusAt(18).accounting;
  expect(accountedSamples(half).complete).toBe(true);
  expect(accountedSamples({ ...half, trained: half.trained - 100, torn: 64, refused: 36 }).complete).toBe(true);
  expect(accountedSamples({ ...half, trained: half.trained + 1 }).complete).toBe(false);
  expect(accountedSamples({ ...half, trained: half.trained + 5, refused: -5 }).complete).toBe(false);
  expect(accountedSamples({ ...half, planned: undefined, neverSeen: undefined })).toMatchObject({ complete: null, planned: null });
  expect(text({ ...last, accounting: { ...half, trained: 1 } }).join('\n')).toContain('THEY DO NOT ADD UP');
});

test('samples are told by what became of them', () => {
  const accounting = { ...last.accounting, trained: 172_000, torn: 64, refused: 36, neverSeen: 700 };
  expect(text({ ...last, accounting })[5]).toBe(
    ' samples         172,000 of 172,800 trained, 64 torn, 36 refused, 700 never seen; every one accounted for',
  );
});

test('counts every life of a worker once, those that left too', () => {
  const seen = new WorkersSeen();
  seen.add(statusAt(10));
  seen.add(statusAt(20));
  seen.add({ ...last, workers: [] });
  expect(seen.all().map(({ worker: { name }, present }) => [name, present])).toEqual([
    ['worker-0', false],
    ['worker-1', false],
    ['evaluator', false],
  ]);
  expect(summaryOf({ ...last, workers: [] }, { lives: seen.all() }).workers).toHaveLength(3);
});

test('the document is plain JSON without gaps', () => {
  const summary = summaryOf(statusAt(3, { totalEpochs: undefined, loss: undefined, checkpoint: undefined }), {
    firstUpdateSeconds: undefined,
    model: undefined,
  });
  expect(JSON.parse(JSON.stringify(summary))).toEqual(summary);
  expect(summary).toMatchObject({ loss: null, checkpoint: null, model: null, totalEpochs: null });
});
