import fc from 'fast-check';
import { expect, test } from 'vitest';
import { progressBar, sparkline, stackedBar } from '../../../src/cli/display/bars.ts';
import { lineCells, paint } from '../../../src/cli/display/styled.ts';

const fractions = fc.double({ min: 0, max: 1, noNaN: true });
const widths = fc.integer({ min: 1, max: 120 });

/** In halves of a cell. */
function filled(fraction: number, columns: number): number {
  const text = paint(progressBar(fraction, columns, 'green'), false);
  return [...text].reduce((sum, cell) => sum + (cell === '━' ? 2 : cell === '╸' ? 1 : 0), 0);
}

test('a progress bar never shrinks as the fraction grows, and always has its width', () => {
  fc.assert(
    fc.property(fractions, fractions, widths, (a, b, columns) => {
      expect(filled(Math.min(a, b), columns)).toBeLessThanOrEqual(filled(Math.max(a, b), columns));
      expect(lineCells(progressBar(a, columns, 'green'))).toBe(columns);
    }),
  );
});

test('a progress bar is empty at 0, half at 0.5, full at 1 and beyond', () => {
  expect([0, 0.5, 1, 1.7, Number.NaN].map((fraction) => filled(fraction, 10))).toEqual([0, 10, 20, 20, 0]);
  expect(filled(0.999, 10)).toBeLessThan(20);
});

test('a stacked bar fills its width whatever the shares are', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { minLength: 1, maxLength: 5 }), widths, (shares, columns) => {
      const parts = shares.map((share, index) => ({ share, style: 'red' as const, shade: String(index) }));
      expect(lineCells(stackedBar(parts, columns, false))).toBe(columns);
    }),
  );
});

test('a stacked bar gives cells by share, in order, told apart by shade without colours', () => {
  const parts = [
    { share: 0.7, style: 'green' as const, shade: '█' },
    { share: 0.3, style: 'yellow' as const, shade: '░' },
  ];
  expect(paint(stackedBar(parts, 10, false), false)).toBe('███████░░░');
  expect(paint(stackedBar(parts, 10, true), false)).toBe('━━━━━━━━━━');
});

test('a sparkline shows factors: equal ratios are equal steps', () => {
  expect(sparkline([8, 4, 2, 1], 10)).toBe('█▆▃▁');
  expect(sparkline([1, 1, 1], 10)).toBe('▁▁▁');
  expect(sparkline([], 10)).toBe('');
  expect(sparkline([2, Number.NaN, 1], 10)).toBe('█▁');
  expect(
    sparkline(
      Array.from({ length: 100 }, (_, index) => index + 1),
      12,
    ),
  ).toHaveLength(12);
});
