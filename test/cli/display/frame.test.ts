import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Course } from '../../../src/cli/display/course.ts';
import { frame } from '../../../src/cli/display/frame.ts';
import { cells, paint } from '../../../src/cli/display/styled.ts';
import type { JobStatus } from '../../../src/coordinator/status.ts';
import { event, job, shard, statusAt, worker } from './synthetic-status.ts';

beforeEach(() => void vi.stubEnv('TZ', 'UTC'));
afterEach(() => void vi.unstubAllEnvs());

interface Size {
  columns?: number;
  rows?: number;
  color?: boolean;
}

function courseUntil(seconds: number): Course {
  const course = new Course();
  for (let at = 0; at <= seconds; at += 0.5) course.see(statusAt(at), at * 1000);
  return course;
}

/** The lines after a run up to `status`. */
function draw(status: JobStatus, { columns = 80, rows = 50, color = false }: Size = {}): string[] {
  const course = courseUntil(status.elapsedSeconds - 0.5);
  course.see(status, status.elapsedSeconds * 1000);
  return frame({ status, course, job, columns, rows, color }).map((line) => paint(line, color));
}

test('one picture at 80 columns', () => {
  expect(`\n${draw(statusAt(18)).join('\n')}\n`).toBe(`
 tardigrad  mnist-cnn                             ● running  ssp, bound 3  0:18

 epoch 1  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 100 %   0:12  test 96.00 %
 epoch 2  ━━━━━━━━━━━━━━━━━━━━━─────────────────────  50 %   0:06  test 97.50 %
 epoch 3  ──────────────────────────────────────────

 loss           0.0645   █▆▅▄▄▃▃▂▂▂▁▁▁   updates       1,350    75.0 /s
 test accuracy  97.50 %  best 97.50 %    samples       4,800 /s
 time left      0:18                     version lag   mean 1.02  p99 3  max 4
 checkpoint     1        at 675          clock spread  2

 workers    samples/s   data  compute  exchange  waiting
 worker-0       2,400    2 %     70 %      10 %     18 %  ███████████████▓▓░░░░
 worker-1       2,400    2 %     70 %      10 %     18 %  ███████████████▓▓░░░░
 evaluator      2,400    2 %     70 %      10 %     18 %  ███████████████▓▓░░░░

 shards       version    pushes  refused          in         out
 ps-0           1,350     1,350        0   30.0 MB/s   31.5 MB/s
 ps-1           1,350     1,350        0   30.0 MB/s   31.5 MB/s

 · 14:05:01  worker-0 joined
 · 14:05:02  worker-1 joined
 · 14:05:03  checkpoint 1 at versions 450, 450
`);
});

test('the default job fits an 80 x 24 terminal with nothing left out', () => {
  expect(draw(statusAt(18), { rows: 23 })).toEqual(draw(statusAt(18)));
});

test('no line is wider than the terminal, at any width, with or without colours', () => {
  const crowded = statusAt(18, {
    job: 'a-job-with-a-name-that-is-as-long-as-names-may-be-sixty-three-ch',
    updates: 123_456_789,
    lag: { count: 1, mean: 123.4, p99: 1234, max: 123_456 },
    workers: [worker('worker-with-a-long-name-100'), worker('训练者-一二三四五六七八九十', { lastHeardMs: 4000 })],
    shards: [shard('parameter-server-12.example.internal', 123_456_789, { refused: 1_234_567 })],
    events: [event(1, 'restoring', 'ps-1 has lost what it held, '.repeat(8))],
  });
  for (const status of [statusAt(0), statusAt(18), statusAt(36), crowded]) {
    for (let columns = 20; columns <= 140; columns += 5) {
      for (const color of [false, true]) {
        for (const line of draw(status, { columns, color })) expect(cells(stripVTControlCharacters(line))).toBeLessThanOrEqual(columns);
      }
    }
  }
});

test('60 columns lose the bars of the workers and no number', () => {
  const lines = draw(statusAt(18), { columns: 60 });
  expect(lines.find((line) => line.includes('worker-0'))).toMatch(/2,400 +2 % +70 % +10 % +18 %$/);
  expect(lines.find((line) => line.includes('ps-0'))).toMatch(/1,350 +1,350 +0 +30\.0 MB\/s +31\.5 MB\/s$/);
  expect(lines.join('\n')).not.toContain('…');
});

test('a low terminal gets a picture that fits, with what is missing first', () => {
  const many = Array.from({ length: 40 }, (_, index) => worker(`worker-${index}`, { lastHeardMs: index === 33 ? 4200 : 100 }));
  for (const rows of [30, 24, 20, 16, 10, 5]) expect(draw(statusAt(18, { workers: many }), { rows }).length).toBeLessThanOrEqual(rows);
  const text = draw(statusAt(18, { workers: many }), { rows: 24 }).join('\n');
  expect(text).toContain('worker-33   not heard of for 4.2 s');
  expect(text).toMatch(/and \d+ more workers/);
});

test('a dead worker stays on the picture and its next life is marked', () => {
  const dead = draw(statusAt(18, { workers: [worker('worker-0')] })).join('\n');
  expect(dead).toMatch(/worker-1 +gone, after 19,200 samples/);
  const back = draw(
    statusAt(18, { workers: [worker('worker-0'), worker('worker-1', { incarnation: 2 }), worker('evaluator', { evaluator: true })] }),
  ).join('\n');
  expect(back).toContain('worker-1 ↻2');
  expect(back).not.toContain('gone');
});

test('a worker that left because the job is over is not called gone', () => {
  expect(draw(statusAt(36, { workers: [] })).join('\n')).not.toContain('gone');
});

test('trouble stands out from other events', () => {
  const lines = draw(statusAt(18, { events: [event(1, 'leaseOver', 'worker-1 is lost'), event(2, 'restored', 'back at checkpoint 1')] }), {
    color: true,
  });
  expect(lines.find((line) => line.includes('is lost'))).toContain('\u001B[33m');
  expect(lines.find((line) => line.includes('back at'))).toContain('\u001B[36m');
});

test('shows the last three events, without the evaluations that have a place of their own', () => {
  const events = [1, 2, 3, 4, 5].map((number) => event(number, number === 5 ? 'evaluated' : 'joined', `event ${number}`));
  const text = draw(statusAt(18, { events })).join('\n');
  expect(['event 1', 'event 2', 'event 3', 'event 4', 'event 5'].filter((message) => text.includes(message))).toEqual([
    'event 2',
    'event 3',
    'event 4',
  ]);
});

test('many epochs are three bars: all, the last finished and the current one', () => {
  const lines = draw(statusAt(18, { totalEpochs: 100, epochs: 41.5 }));
  expect(lines.filter((line) => /^ (all|epoch) /.test(line)).map((line) => line.slice(1, 10).trim())).toEqual([
    'all 100',
    'epoch 41',
    'epoch 42',
  ]);
});

test('a job without a number of epochs has one bar, by time', () => {
  const open = draw(statusAt(18, { totalEpochs: undefined, secondsLeft: 54 }));
  expect(open.filter((line) => line.includes('━'))).toHaveLength(1);
  expect(open[2]).toMatch(/^ time .*25 % +0:18 +1\.50 epochs$/);
  expect(draw(statusAt(18, { totalEpochs: undefined, secondsLeft: undefined }))[2]).toBe(' time     0:18, 1.50 epochs');
});

test('an epoch with a batch still out is not called complete', () => {
  expect(draw(statusAt(18, { epochs: 1.9999 }))[3]).toMatch(/ 99 %/);
});

test('an epoch that a restore undid is timed again', () => {
  const course = courseUntil(14);
  expect(course.epochSeconds(1, 14)).toBe(12);
  course.see(statusAt(15, { epochs: 0.5 }), 15_000);
  course.see(statusAt(20, { epochs: 1.01 }), 20_000);
  expect(course.epochSeconds(1, 20)).toBe(20);
});
