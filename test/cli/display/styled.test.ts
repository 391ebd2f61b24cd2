import fc from 'fast-check';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { cells, clipLine, clipText, fitLine, lineCells, paint, span, spread, wrapText } from '../../../src/cli/display/styled.ts';

const texts = fc.string({ unit: 'grapheme', maxLength: 30 });
const lines = fc.array(
  texts.map((text) => span(text, 'red')),
  { maxLength: 6 },
);

test('no clipped line is wider than asked for, and a fitted one is exactly as wide', () => {
  fc.assert(
    fc.property(lines, fc.integer({ min: 1, max: 60 }), (line, columns) => {
      expect(lineCells(clipLine(line, columns))).toBeLessThanOrEqual(columns);
      expect(lineCells(fitLine(line, columns))).toBe(columns);
    }),
  );
});

test('a line that fits is not clipped', () => {
  expect(clipLine([span('abc'), span('de')], 5)).toEqual([span('abc'), span('de')]);
  expect(paint(clipLine([span('abc'), span('def')], 5), false)).toBe('abcd…');
});

test('counts wide characters as two cells and combining marks as none', () => {
  expect(cells('训练')).toBe(4);
  expect(cells('e\u0301')).toBe(1);
  expect(clipText('训练', 3)).toBe('训…');
});

test('text from outside cannot move the cursor', () => {
  expect(paint([span('a\u001B[2Jb\r\nc')], true)).toBe('a\uFFFD[2Jb\uFFFD\uFFFDc');
});

test('colours change nothing but escape sequences', () => {
  const line = [span('a ', 'bold'), span('b', ['red', 'underline']), span('   ', 'dim')];
  expect(paint(line, false)).toBe('a b');
  expect(paint(line, true)).toContain('\u001B[31m');
  expect(stripVTControlCharacters(paint(line, true))).toBe('a b');
});

test('two ends keep apart by at least one space', () => {
  expect(paint(spread([span('left')], [span('right')], 12), false)).toBe('left   right');
  expect(paint(spread([span('left')], [span('right')], 9), false)).toBe('left');
});

test('breaks sentences between words and keeps long words whole', () => {
  expect(wrapText('one two three', 8)).toEqual(['one two', '  three']);
  expect(wrapText('/a/very/long/path here', 8)).toEqual(['/a/very/long/path', '  here']);
});
