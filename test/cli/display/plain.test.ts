import { expect, test } from 'vitest';
import { createDisplay } from '../../../src/cli/display/display.ts';
import { Capture, event, job, SECONDS_IN_ALL, statusAt } from './synthetic-status.ts';
import { summaryOf } from './synthetic-summary.ts';

function open(color = false) {
  const clock = { ms: 0 };
  const [stdout, stderr] = [new Capture(), new Capture()];
  const display = createDisplay({ mode: 'plain', stdout, stderr, now: () => clock.ms, color });
  return { clock, stdout, stderr, display };
}

/** Statuses every 100 ms, each `slowness` times as long in coming as its training took. */
function run(seconds: number, slowness = 1) {
  const shown = open();
  shown.display.starting(['Trains cnn.'], job);
  for (let step = 0; step <= seconds * 10; step++) {
    shown.clock.ms = step * 100 * slowness;
    shown.display.status(statusAt(step / 10));
  }
  return shown;
}

const progress = (lines: string[]): string[] => lines.filter((line) => line.includes('epoch '));

test('writes whole lines without cursor moves', () => {
  const { stdout } = run(10);
  expect(stdout.text).not.toContain('\u001B');
  expect(stdout.text).not.toContain('\r');
  expect(stdout.lines()[0]).toBe('Trains cnn.');
  expect(progress(stdout.lines()).at(-1)).toBe(
    '    0:08  epoch 0.67 of 3  loss 0.1380  607 updates  75.0 /s  4,800 samples/s  lag mean 1.02 p99 3 max 4  0:27 left',
  );
});

test('progress comes every two seconds where epochs are short, and at each tenth where they are longer', () => {
  expect(progress(run(36).stdout.lines()).length).toBeGreaterThanOrEqual(15);
  expect(progress(run(36).stdout.lines()).length).toBeLessThanOrEqual(19);
  // Tenths of an epoch are 6 s here.
  expect(progress(run(24, 5).stdout.lines()).length).toBeLessThanOrEqual(22);
  // Tenths are 60 s here: every ten seconds.
  expect(progress(run(12, 50).stdout.lines()).length).toBeGreaterThanOrEqual(55);
  expect(progress(run(12, 50).stdout.lines()).length).toBeLessThanOrEqual(61);
});

test('each evaluation and each event comes once, at once', () => {
  const lines = run(36).stdout.lines();
  expect(lines.filter((line) => line.includes('test accuracy'))).toHaveLength(5);
  expect(lines.filter((line) => line.includes('worker-1 joined'))).toHaveLength(1);
});

test('an event is told although its coordinator counts from the start again', () => {
  const { display, stdout } = open();
  display.status(statusAt(1, { events: [event(7, 'joined', 'worker-0 joined')] }));
  display.status(statusAt(2, { events: [event(1, 'recovered', 'the new coordinator has taken over')] }));
  expect(stdout.lines().some((line) => line.endsWith('the new coordinator has taken over'))).toBe(true);
});

test('trouble is marked also without colours', () => {
  const { display, stdout } = open();
  display.status(statusAt(0, { events: [event(1, 'leaseOver', 'worker-1 is lost')] }));
  expect(stdout.lines()).toEqual(['    0:00  ! worker-1 is lost']);
});

test('colours come where they are asked for', () => {
  const { display, stdout } = open(true);
  display.status(statusAt(0, { events: [event(1, 'leaseOver', 'worker-1 is lost')] }));
  expect(stdout.text).toContain('\u001B[33m! worker-1 is lost');
});

test('ends with the last progress, the summary and its folder', () => {
  const { display, stdout } = run(SECONDS_IN_ALL);
  display.finished(summaryOf(statusAt(SECONDS_IN_ALL)));
  display.close();
  const lines = stdout.lines();
  expect(progress(lines).at(-1)).toContain('epoch 3.00 of 3');
  expect(lines.at(-1)).toBe(' folder          runs/mnist-cnn-20260131-140509');
  display.note('late');
  expect(stdout.lines()).toEqual(lines);
});

test('errors go to stderr, our own with where they arose', () => {
  const { display, stdout, stderr } = open();
  display.failed(new TypeError('x is undefined'));
  expect(stdout.text).toBe('');
  expect(stderr.lines()[0]).toBe('error: x is undefined');
  expect(stderr.lines()[1]).toMatch(/^ +at /);
});
