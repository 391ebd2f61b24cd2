/** The findings as lines for a person: a mark, a topic, what is there; below it, how to get what is not. */
import { cells, padEnd, padStart, paint, span, wrapText, type Line, type Style } from '../display/styled.ts';
import type { Finding, FindingStatus } from './finding.ts';
import type { StepTimes } from './step-times.ts';

const MARKS: Readonly<Record<FindingStatus, { mark: string; style: Style }>> = {
  ok: { mark: 'OK', style: 'green' },
  limited: { mark: 'limited', style: 'yellow' },
  optional: { mark: '–', style: 'dim' },
  missing: { mark: 'missing', style: 'red' },
};
const MARK_COLUMNS = 9;
const GAP = 2;
const HOW = 'get it: ';

export function findingLines(findings: readonly Finding[], columns: number): Line[] {
  const topics = Math.max(...findings.map(({ topic }) => cells(topic))) + GAP;
  const indent = MARK_COLUMNS + topics;
  const room = Math.max(20, columns - indent);
  return findings.flatMap(({ topic, status, text, note, how }) => {
    const { mark, style } = MARKS[status];
    const [first = '', ...rest] = wrapped(text, room);
    const asides = [note, how && HOW + how].flatMap((aside) => (aside === undefined ? [] : wrapped(aside, room)));
    return [
      [span(padEnd(` ${mark}`, MARK_COLUMNS), style), span(padEnd(topic, topics), 'bold'), span(first)],
      ...rest.map((line): Line => [span(' '.repeat(indent)), span(line)]),
      ...asides.map((line): Line => [span(' '.repeat(indent)), span(line, 'dim')]),
    ];
  });
}

/** Flush from the second line on: the column itself is the indent. */
function wrapped(text: string, room: number): string[] {
  return wrapText(text, room).map((line) => line.trimStart());
}

const NAME_COLUMNS = 14;
const TIME_COLUMNS = 11;

/** Milliseconds of one step: a line for each backend, eager and captured for each model. */
export function stepTable(times: readonly StepTimes[], columns: number): Line[] {
  const models = [...new Map(times.map(({ model, title }) => [model, title]))];
  const backends = [...new Set(times.map(({ backend }) => backend))];
  const head: Line[] = [
    [span(' '.repeat(NAME_COLUMNS)), ...models.map(([, title]) => span(padStart(title, 2 * TIME_COLUMNS), 'bold'))],
    [
      span(' '.repeat(NAME_COLUMNS)),
      ...models.map(() => span(padStart('eager', TIME_COLUMNS) + padStart('captured', TIME_COLUMNS), 'dim')),
    ],
  ];
  const rows = backends.map((backend): Line => {
    const cellsOf = models.map(([model]) => {
      const found = times.find((time) => time.backend === backend && time.model === model);
      return span(padStart(milliseconds(found?.eagerMs), TIME_COLUMNS) + padStart(milliseconds(found?.capturedMs), TIME_COLUMNS));
    });
    return [span(padEnd(` ${backend}`, NAME_COLUMNS), 'bold'), ...cellsOf];
  });
  const notes = times.flatMap(({ backend, title, note }) => {
    if (note === undefined) return [];
    return wrapText(`${backend}, ${title}: ${note}`, columns - 2).map((line): Line => [span(` ${line}`, 'dim')]);
  });
  return [...head, ...rows, ...notes];
}

function milliseconds(value: number | undefined): string {
  if (value === undefined) return '–';
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}

export function painted(lines: readonly Line[], color: boolean): string {
  return lines.map((line) => `${paint(line, color)}\n`).join('');
}
