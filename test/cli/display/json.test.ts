import { expect, test } from 'vitest';
import { createDisplay, displayMode, wantsColor } from '../../../src/cli/display/display.ts';
import { TardigradError } from '../../../src/errors.ts';
import { Capture, job, SECONDS_IN_ALL, statusAt } from './synthetic-status.ts';
import { summaryOf } from './synthetic-summary.ts';

function open() {
  const clock = { ms: 0 };
  const [stdout, stderr] = [new Capture(), new Capture()];
  const display = createDisplay({ mode: 'json', stdout, stderr, now: () => clock.ms });
  return { clock, stdout, stderr, display };
}

function parsed(stdout: Capture): Record<string, unknown>[] {
  return stdout.lines().map((line) => JSON.parse(line) as Record<string, unknown>);
}

function wholeRun() {
  const shown = open();
  shown.display.starting(['Trains cnn.'], job);
  for (let step = 0; step <= SECONDS_IN_ALL * 10; step++) {
    shown.clock.ms = step * 100;
    shown.display.status(statusAt(step / 10));
  }
  shown.display.note('a line for people');
  shown.display.finished(summaryOf(statusAt(SECONDS_IN_ALL)));
  shown.display.close();
  return shown;
}

test('every line of stdout is one object with a type, and people are spoken to on stderr', () => {
  const { stdout, stderr } = wholeRun();
  const rows = parsed(stdout);
  expect(new Set(rows.map(({ type }) => type))).toEqual(new Set(['starting', 'event', 'evaluation', 'status', 'summary']));
  expect(rows[0]).toMatchObject({ type: 'starting', lines: ['Trains cnn.'], job: { name: 'mnist-cnn' } });
  expect(rows.at(-1)).toMatchObject({ type: 'summary', state: 'succeeded', samples: { complete: true } });
  expect(stderr.text).toBe('a line for people\n');
});

test('statuses come at most twice a second, evaluations and events once each', () => {
  const rows = parsed(wholeRun().stdout);
  const count = (type: string): number => rows.filter((row) => row.type === type).length;
  expect(count('status')).toBe(SECONDS_IN_ALL * 2 + 1);
  expect(count('evaluation')).toBe(5);
  expect(count('event')).toBe(3);
});

test('the last status is written although it came too soon after the one before', () => {
  const rows = parsed(wholeRun().stdout).filter(({ type }) => type === 'status');
  expect(rows.at(-1)).toMatchObject({ epochs: 3, updates: 2700, secondsLeft: 0 });
});

test('what has no value is null, so that every row has every key', () => {
  const { display, stdout } = open();
  display.status(statusAt(0, { totalEpochs: undefined, secondsLeft: undefined }));
  const row = parsed(stdout).find(({ type }) => type === 'status');
  expect(row).toMatchObject({ totalEpochs: null, secondsLeft: null, loss: null });
});

test('an error is a row for programs and a sentence for people', () => {
  const { display, stdout, stderr } = open();
  display.failed(new TardigradError('NOT_FOUND', 'No such job.', { next: 'List them.' }));
  expect(parsed(stdout)).toEqual([{ type: 'error', code: 'NOT_FOUND', message: 'No such job. List them.', next: 'List them.' }]);
  expect(stderr.text).toBe('error: No such job. List them.\n');
});

test('the way of showing follows the flag, the terminal and the environment', () => {
  expect(displayMode({ json: true, isTTY: true, env: {} })).toBe('json');
  expect(displayMode({ json: false, isTTY: true, env: { TERM: 'xterm' } })).toBe('terminal');
  expect(displayMode({ json: false, isTTY: false, env: {} })).toBe('plain');
  expect(displayMode({ json: false, isTTY: true, env: { TERM: 'dumb' } })).toBe('plain');
  expect(displayMode({ json: false, isTTY: true, env: { CI: 'true' } })).toBe('plain');
});

test('colours follow FORCE_COLOR, then NO_COLOR, then the terminal', () => {
  expect(wantsColor({ isTTY: true, env: {} })).toBe(true);
  expect(wantsColor({ isTTY: false, env: {} })).toBe(false);
  expect(wantsColor({ isTTY: true, env: { NO_COLOR: '1' } })).toBe(false);
  expect(wantsColor({ isTTY: false, env: { FORCE_COLOR: '1', NO_COLOR: '1' } })).toBe(true);
  expect(wantsColor({ isTTY: true, env: { FORCE_COLOR: '0' } })).toBe(false);
});
