import { expect, test } from 'vitest';
import { createDisplay, type Display } from '../../../src/cli/display/display.ts';
import { TardigradError } from '../../../src/errors.ts';
import { Capture, job, SECONDS_IN_ALL, statusAt } from './synthetic-status.ts';
import { summaryOf } from './synthetic-summary.ts';

const ESCAPE = '\u001B';
const HIDE_CURSOR = '\u001B[?25l';
const SHOW_CURSOR = '\u001B[?25h';

interface Shown {
  display: Display;
  stdout: Capture;
  stderr: Capture;
  at(seconds: number): void;
}

function open(): Shown {
  let nowMs = 0;
  const stdout = new Capture({ isTTY: true, columns: 80, rows: 40 });
  const stderr = new Capture({ isTTY: true });
  const display = createDisplay({ mode: 'terminal', stdout, stderr, now: () => nowMs, color: false });
  return {
    display,
    stdout,
    stderr,
    at(seconds) {
      nowMs = seconds * 1000;
      display.status(statusAt(seconds));
    },
  };
}

/** What a terminal shows: the cursor moves that log-update makes, obeyed. */
function screen(text: string): string[] {
  const rows: string[] = [''];
  let [row, column] = [0, 0];
  for (const [token] of text.matchAll(new RegExp(`${ESCAPE}\\[\\??[0-9;]*[A-Za-z]|[^]`, 'gu'))) {
    const count = Number(/\d+/.exec(token)?.[0] ?? 1);
    if (token === '\n') [row, column] = [row + 1, 0];
    else if (!token.startsWith(ESCAPE)) {
      rows[row] = (rows[row] ?? '').padEnd(column).slice(0, column) + token + (rows[row] ?? '').slice(column + 1);
      column += 1;
    } else if (token.endsWith('A')) row = Math.max(0, row - count);
    else if (token.endsWith('B')) row += count;
    else if (token.endsWith('G')) column = 0;
    else if (token === '\u001B[2K') rows[row] = '';
    else if (token === '\u001B[K') rows[row] = (rows[row] ?? '').slice(0, column);
    else if (!/[hlm]$/.test(token)) throw new Error(`an escape sequence that this screen does not know: ${JSON.stringify(token)}`);
    while (rows.length <= row) rows.push('');
  }
  return rows;
}

test('a new picture replaces the one before, and what was said stays above', () => {
  const { display, stdout, at } = open();
  display.starting(['Waiting: asp. Nobody waits.'], job);
  for (let seconds = 0; seconds <= 18; seconds += 0.25) at(seconds);
  const rows = screen(stdout.text);
  expect(rows[0]).toBe(' Waiting: asp. Nobody waits.');
  expect(rows.filter((row) => row.includes('tardigrad'))).toEqual([
    ' tardigrad  mnist-cnn                             ● running  ssp, bound 3  0:18',
  ]);
  expect(rows.filter((row) => row.includes('epoch 2'))).toHaveLength(1);
});

test('draws at most ten times a second, and the newest status at the next chance', () => {
  const { stdout, at } = open();
  const lengths = [];
  for (const seconds of [10, 10.03, 10.06, 10.09, 10.12]) {
    at(seconds);
    lengths.push(stdout.text.length);
  }
  expect(lengths[3]).toBe(lengths[0]);
  expect(lengths[4]).toBeGreaterThan(lengths[3]!);
});

test('a note appears above the picture, which goes on below it', () => {
  const { display, stdout, at } = open();
  at(10);
  display.note('Ctrl-C: draining');
  at(11);
  const rows = screen(stdout.text);
  expect(rows.findIndex((row) => row.includes('Ctrl-C: draining'))).toBe(0);
  expect(rows.filter((row) => row.includes('tardigrad'))).toHaveLength(1);
});

test('at the end stay full bars and the summary, with the cursor back', () => {
  const { display, stdout, at } = open();
  for (let seconds = 0; seconds <= SECONDS_IN_ALL; seconds += 0.5) at(seconds);
  display.finished(summaryOf(statusAt(SECONDS_IN_ALL)));
  display.close();
  const rows = screen(stdout.text);
  expect(rows.filter((row) => /^ epoch \d  ━+ 100 %/.test(row))).toHaveLength(3);
  expect(rows.some((row) => row.includes('mnist-cnn       succeeded: all 3 epochs are done'))).toBe(true);
  expect(rows.some((row) => row.includes('samples/s   data'))).toBe(false);
  expect(stdout.text.indexOf(HIDE_CURSOR)).toBeLessThan(stdout.text.lastIndexOf(SHOW_CURSOR));
  expect(stdout.text.lastIndexOf(HIDE_CURSOR)).toBeLessThan(stdout.text.lastIndexOf(SHOW_CURSOR));
});

test('an error goes to stderr, below the last picture', () => {
  const { display, stdout, stderr, at } = open();
  at(10);
  display.failed(new TardigradError('UNAVAILABLE', 'ps-1 did not come back within 30 s.', { next: 'See logs/ps-1.log.' }));
  display.close();
  expect(stderr.text).toBe('error: ps-1 did not come back within 30 s. See logs/ps-1.log.\n');
  expect(screen(stdout.text).filter((row) => row.includes('tardigrad'))).toHaveLength(1);
  expect(stdout.text.endsWith(SHOW_CURSOR)).toBe(true);
});

test('closing twice or before anything was drawn writes nothing more', () => {
  const { display, stdout, at } = open();
  display.close();
  display.close();
  at(10);
  display.note('late');
  expect(stdout.text).toBe('');
});

test('leaves no listener on the process', () => {
  const before = process.listenerCount('exit');
  const { display, at } = open();
  at(10);
  display.close();
  expect(process.listenerCount('exit')).toBe(before);
});
