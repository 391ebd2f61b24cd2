/** Numbers as shapes: how far, of what, and which way. Each is exactly as wide as asked for. */
import type { Line, Span, Style } from './styled.ts';

/** A line that fills from the left, to half a cell; a larger fraction never fills less. */
export function progressBar(fraction: number, columns: number, style: Style): Line {
  const share = Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0;
  const halves = Math.floor(share * columns * 2 + 1e-9);
  const filled = '━'.repeat(Math.floor(halves / 2)) + (halves % 2 === 1 ? '╸' : '');
  return [
    { text: filled, style },
    { text: '─'.repeat(columns - filled.length), style: 'dim' },
  ];
}

export interface Part {
  readonly share: number;
  /** Told apart by colour where there is one, else by shade. */
  readonly style: Style;
  readonly shade: string;
}

/** Shares of a whole, end to end. Cells go to the largest remainders, so they always fill the width. */
export function stackedBar(parts: readonly Part[], columns: number, color: boolean): Line {
  const total = parts.reduce((sum, { share }) => sum + Math.max(0, share), 0);
  if (!(total > 0)) return [{ text: ' '.repeat(columns) }];
  const exact = parts.map(({ share }) => (Math.max(0, share) / total) * columns);
  const counts = exact.map(Math.floor);
  const missing = columns - counts.reduce((sum, count) => sum + count, 0);
  const byRemainder = [...exact.keys()].sort((a, b) => exact[b]! - counts[b]! - (exact[a]! - counts[a]!) || a - b);
  for (const index of byRemainder.slice(0, missing)) counts[index]! += 1;
  return parts.map(({ style, shade }, index): Span => ({ text: (color ? '━' : shade).repeat(counts[index]!), style }));
}

const LEVELS = '▁▂▃▄▅▆▇█';

/**
 * The course of a quantity, oldest left; each cell is the mean of its stretch. Where all values are above zero the scale is
 * logarithmic: a loss falls by factors, and on a linear scale all but its beginning would be one flat line.
 */
export function sparkline(values: readonly number[], columns: number): string {
  const finite = values.filter(Number.isFinite);
  const scaled = finite.every((value) => value > 0) ? finite.map(Math.log) : finite;
  const points = stretches(scaled, columns);
  const least = Math.min(...points);
  const range = Math.max(...points) - least;
  return points.map((point) => LEVELS[range > 0 ? Math.round(((point - least) / range) * (LEVELS.length - 1)) : 0]).join('');
}

function stretches(values: readonly number[], count: number): number[] {
  if (values.length <= count) return [...values];
  return Array.from({ length: count }, (_, index) => {
    const part = values.slice(Math.floor((index * values.length) / count), Math.floor(((index + 1) * values.length) / count));
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}
