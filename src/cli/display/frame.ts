/**
 * One picture of a running job, from top to bottom: what runs and how it stands, how far it is, how well it learns, who
 * does the work, where the weights are, what happened. Pure: the same view always gives the same lines, none of them wider
 * than the view.
 */
import type { Job } from '../../config/job.ts';
import type { JobStatus } from '../../coordinator/status.ts';
import { sparkline } from './bars.ts';
import { lastEvents, type Course } from './course.ts';
import { NO_VALUE, duration, loss, mean, percent, rate, whole } from './figures.ts';
import { toneOf, type Tone } from './news.ts';
import { progressLines } from './progress.ts';
import { clipLine, fitLine, lineCells, padEnd, span, spread, type Line, type Style } from './styled.ts';
import { bestEvaluation } from './summary.ts';
import { shardTable, workerTable } from './tables.ts';

export interface View {
  readonly status: JobStatus;
  readonly course: Course;
  readonly job: Job | undefined;
  readonly columns: number;
  readonly rows: number;
  readonly color: boolean;
}

/** Beyond this, lines are longer than an eye follows. */
const COLUMNS_MAX = 120;

/** How much is left out, in turn, where a terminal is too low: nothing; blank lines; older events; rows of tables. */
const DENSITIES = [
  { blanks: true, events: 3, tableRows: Infinity },
  { blanks: false, events: 3, tableRows: Infinity },
  { blanks: false, events: 2, tableRows: 8 },
  { blanks: false, events: 1, tableRows: 4 },
  { blanks: false, events: 1, tableRows: 2 },
  { blanks: false, events: 0, tableRows: 0 },
] as const;

export function frame(view: View): Line[] {
  const columns = Math.min(view.columns, COLUMNS_MAX);
  const narrowed = { ...view, columns };
  for (const density of DENSITIES) {
    const lines = compose(narrowed, density);
    if (lines.length <= view.rows) return lines.map((line) => clipLine(line, columns));
  }
  return compose(narrowed, DENSITIES.at(-1)!)
    .slice(0, Math.max(1, view.rows))
    .map((line) => clipLine(line, columns));
}

/** What stays on the screen when the job is over; the summary follows below. */
export function lastFrame(view: View): Line[] {
  const columns = Math.min(view.columns, COLUMNS_MAX);
  const narrowed = { ...view, columns };
  return [header(narrowed), [], ...progressLines(narrowed)].map((line) => clipLine(line, columns));
}

function compose(view: View, { blanks, events, tableRows }: { blanks: boolean; events: number; tableRows: number }): Line[] {
  const sections = [
    [header(view)],
    progressLines(view),
    figures(view),
    workerTable(view, tableRows),
    shardTable(view, tableRows),
    eventLines(view, events),
  ].filter(({ length }) => length > 0);
  return sections.flatMap((lines, index) => (index > 0 && blanks ? [[], ...lines] : lines));
}

const STATES: Readonly<Record<JobStatus['state'], Style>> = {
  loading: 'cyan',
  initializing: 'cyan',
  running: 'green',
  restoring: 'yellow',
  finishing: 'cyan',
  succeeded: ['bold', 'green'],
  stopped: ['bold', 'yellow'],
  failed: ['bold', 'red'],
};

function header({ status, job, columns }: View): Line {
  const state = [span(`● ${status.state}`, STATES[status.state])];
  const policy = job === undefined ? [] : [span('  '), span(policyName(job))];
  const time = [span('  '), span(duration(status.elapsedSeconds), 'bold'), span(' ')];
  const name = [span(` ${status.job}`, 'bold')];
  const candidates = [
    { left: [span(' tardigrad ', 'dim'), ...name], right: [...state, ...policy, ...time] },
    { left: name, right: [...state, ...policy, ...time] },
    { left: name, right: [...state, ...time] },
  ];
  const fitting = candidates.find(({ left, right }) => lineCells(left) + lineCells(right) < columns);
  return fitting === undefined ? [...state, ...name] : spread(fitting.left, fitting.right, columns);
}

function policyName({ consistency }: Job): string {
  switch (consistency.policy) {
    case 'asp':
      return 'asp';
    case 'bsp':
      return `bsp, ${consistency.aggregate}`;
    case 'ssp':
      return `ssp, bound ${consistency.bound}`;
    case 'bounded-delay':
      return `bounded-delay ${consistency.bound}, ${consistency.whenLate}`;
  }
}

const LABEL_COLUMNS = { left: 15, right: 14 } as const;
/** Below this, the figures stand in one column. */
const TWO_COLUMNS_FROM = 76;

function figures(view: View): Line[] {
  const { columns } = view;
  const half = Math.floor((columns - 4) / 2);
  if (columns < TWO_COLUMNS_FROM)
    return [...learning(view, columns - 2), ...speed(view, LABEL_COLUMNS.left)].map((line) => [span(' '), ...line]);
  const beside = speed(view, LABEL_COLUMNS.right);
  return learning(view, half).map((line, index) => [span(' '), ...fitLine(line, half), span('  '), ...(beside[index] ?? [])]);
}

/** How well it learns, and what is safe of it. */
function learning({ status, course }: View, columns: number): Line[] {
  const { checkpoint } = status;
  const label = (text: string): string => padEnd(text, LABEL_COLUMNS.left);
  const last = status.evaluations.at(-1);
  const best = bestEvaluation(status.evaluations);
  const sparkColumns = Math.max(0, Math.min(24, columns - LABEL_COLUMNS.left - 10));
  const isBroken = status.loss !== undefined && !Number.isFinite(status.loss);
  return [
    figure(label('loss'), loss(status.loss), isBroken ? ['bold', 'red'] : 'bold', [span(sparkline(course.losses(), sparkColumns), 'cyan')]),
    figure(
      label('test accuracy'),
      percent(last?.accuracy),
      ['bold', 'green'],
      best === undefined ? [] : [span('best ', 'dim'), span(percent(best.accuracy))],
    ),
    figure(label('time left'), duration(status.secondsLeft), 'bold'),
    figure(
      label('checkpoint'),
      checkpoint === undefined ? NO_VALUE : String(checkpoint.id),
      'bold',
      checkpoint === undefined ? [] : [span(`at ${whole(checkpoint.updates)}`, 'dim')],
    ),
  ];
}

/** How fast it goes, and how far apart. */
function speed({ status: { updates, updatesPerSecond, samplesPerSecond, lag, clockSpread } }: View, labelColumns: number): Line[] {
  const label = (text: string): string => padEnd(text, labelColumns);
  const lags: Line = [
    span('mean ', 'dim'),
    span(mean(lag.mean), 'bold'),
    span('  p99 ', 'dim'),
    span(whole(lag.p99)),
    span('  max ', 'dim'),
    span(whole(lag.max)),
  ];
  return [
    figure(label('updates'), whole(updates), 'bold', [span(`${rate(updatesPerSecond)} /s`)]),
    figure(label('samples'), `${whole(samplesPerSecond)} /s`, 'bold'),
    [span(label('version lag'), 'dim'), ...lags],
    figure(label('clock spread'), whole(clockSpread), 'bold'),
  ];
}

/** Asides of one column begin below each other. */
const VALUE_COLUMNS = 7;

function figure(label: string, value: string, style: Style, aside: Line = []): Line {
  const head = span(label, 'dim');
  return aside.length === 0 ? [head, span(value, style)] : [head, span(padEnd(value, VALUE_COLUMNS), style), span('  '), ...aside];
}

const MARKS: Readonly<Record<Tone, { mark: string; style: Style }>> = {
  trouble: { mark: '▲', style: 'yellow' },
  recovery: { mark: '●', style: 'cyan' },
  good: { mark: '●', style: 'green' },
  plain: { mark: '·', style: 'dim' },
};

function eventLines({ status }: View, count: number): Line[] {
  if (count === 0) return [];
  return lastEvents(status, count).map((event) => {
    const { mark, style } = MARKS[toneOf(event)];
    return [span(` ${mark} `, style), span(`${clockTime(event.at)}  `, 'dim'), span(event.message, style)];
  });
}

/** 14:03:11, where the reader is. */
function clockTime(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : date.toTimeString().slice(0, 8);
}
