/**
 * Text that knows how wide it is. A line is made of spans, each with its style beside it, so that fitting, padding and
 * clipping count cells and never cut through an escape sequence; colours are painted last.
 */
import { styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

export interface Span {
  readonly text: string;
  readonly style?: Style;
}

export type Line = readonly Span[];

/** Characters that take two cells: East Asian wide forms and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const NO_WIDTH = /\p{Mark}/u;
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** @param text from anywhere: control characters are replaced, since they would move the cursor. */
export function span(text: string, style?: Style): Span {
  const plain = text.replaceAll(CONTROL, '\uFFFD');
  return style === undefined ? { text: plain } : { text: plain, style };
}

/** Cells that a text takes on a terminal. */
export function cells(text: string): number {
  let count = 0;
  for (const character of text) count += cellsOf(character);
  return count;
}

function cellsOf(character: string): number {
  if (WIDE.test(character)) return 2;
  return NO_WIDTH.test(character) ? 0 : 1;
}

export function lineCells(line: Line): number {
  return line.reduce((sum, { text }) => sum + cells(text), 0);
}

/** The text itself where it fits, else its beginning and an ellipsis. */
export function clipText(text: string, columns: number): string {
  if (cells(text) <= columns) return text;
  let room = columns - 1;
  let kept = '';
  for (const character of text) {
    room -= cellsOf(character);
    if (room < 0) break;
    kept += character;
  }
  return columns <= 0 ? '' : `${kept}…`;
}

export function clipLine(line: Line, columns: number): Line {
  if (lineCells(line) <= columns) return line;
  const kept: Span[] = [];
  let room = columns;
  for (const part of line) {
    if (cells(part.text) >= room) return [...kept, { ...part, text: clipText(part.text + ' ', room) }];
    kept.push(part);
    room -= cells(part.text);
  }
  return kept;
}

/** Clipped or filled with spaces to exactly `columns` cells. */
export function fitLine(line: Line, columns: number): Line {
  const clipped = clipLine(line, columns);
  return [...clipped, { text: ' '.repeat(columns - lineCells(clipped)) }];
}

/** `left` from the left edge and `right` at the right one; `right` goes first where both do not fit. */
export function spread(left: Line, right: Line, columns: number): Line {
  const room = columns - lineCells(left) - lineCells(right);
  return room < 1 ? clipLine(left, columns) : [...left, { text: ' '.repeat(room) }, ...right];
}

export function padStart(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - cells(text))) + text;
}

export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - cells(text)));
}

/** The line as it is written: with escape sequences, or as plain text. Never ends in spaces. */
export function paint(line: Line, color: boolean): string {
  let end = line.length;
  while (end > 0 && line[end - 1]!.text.trim() === '') end -= 1;
  return line
    .slice(0, end)
    .map(({ text, style }, index) => {
      const shown = index === end - 1 ? text.trimEnd() : text;
      // Whether colours are wanted was decided once, for our stream; styleText would look at the process's own.
      return color && style !== undefined ? styleText(style, shown, { validateStream: false }) : shown;
    })
    .join('');
}

/** Broken between words to lines of at most `columns`, those after the first set in by two; one long word is not broken. */
export function wrapText(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line.trim() !== '' && cells(longer) > columns) {
      lines.push(line);
      line = `  ${word}`;
    } else line = longer;
  }
  return [...lines, line];
}
