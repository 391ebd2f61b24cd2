/** One line for each worker, with where its time goes, and one for each shard. */
import type { ShardStatusRow, WorkerStatus } from '../../coordinator/status.ts';
import { stackedBar, type Part } from './bars.ts';
import { NO_VALUE, bytesPerSecond, whole } from './figures.ts';
import type { View } from './frame.ts';
import { cells, clipText, padEnd, padStart, span, type Line, type Style } from './styled.ts';
import type { WorkerLife } from './workers-seen.ts';

/** In the order of a step; the bar beside the numbers has the same order. */
const ACTIVITIES = [
  { key: 'data', style: 'blue', shade: '▒', columns: 7 },
  { key: 'compute', style: 'green', shade: '█', columns: 9 },
  { key: 'exchange', style: 'magenta', shade: '▓', columns: 10 },
  { key: 'waiting', style: 'yellow', shade: '░', columns: 9 },
] as const satisfies readonly { key: keyof WorkerStatus['time']; style: Style; shade: string; columns: number }[];

const NAME_COLUMNS_MIN = 10;
const NAME_COLUMNS_MAX = 18;
const RATE_COLUMNS = 10;
const NUMBERS_COLUMNS = ACTIVITIES.reduce((sum, { columns }) => sum + columns, 0);
/** A shorter bar shows nothing. */
const BAR_COLUMNS_MIN = 8;
const BAR_COLUMNS_MAX = 40;

/** Who has not been heard of for this long is about to be missed; in shares of the job's own bound for it. */
const SILENT_SHARE = 0.6;
const DETECT_FAILURE_MS = 5_000;

export function workerTable(view: View, rowsMax: number): Line[] {
  const lives = view.course.lives();
  if (lives.length === 0 || rowsMax === 0) return [];
  const shown = mostTelling(view, lives, rowsMax);
  const names = nameColumns(
    shown.map(({ worker }) => nameOf(worker)),
    view,
  );
  const room = view.columns - 1 - names - RATE_COLUMNS - NUMBERS_COLUMNS - 2 - 1;
  const bar = room < BAR_COLUMNS_MIN ? 0 : Math.min(BAR_COLUMNS_MAX, room);
  const heading: Line = [
    span(` ${padEnd('workers', names)}${padStart('samples/s', RATE_COLUMNS)}`, 'dim'),
    ...ACTIVITIES.map(({ key, style, columns }) => span(padStart(key, columns), view.color ? style : 'dim')),
  ];
  const rest = lives.length - shown.length;
  return [heading, ...shown.map((life) => workerLine(view, life, { names, bar })), ...moreLine(rest, 'worker')];
}

/** All, or where there is no room those that are missing before those that do well, in the same order. */
function mostTelling(view: View, lives: readonly WorkerLife[], rowsMax: number): readonly WorkerLife[] {
  if (lives.length <= rowsMax) return lives;
  const isMissing = ({ worker, present }: WorkerLife): boolean => absence(view, worker, present) !== undefined;
  const chosen = new Set([...lives.filter(isMissing), ...lives.filter((life) => !isMissing(life))].slice(0, rowsMax));
  return lives.filter((life) => chosen.has(life));
}

function workerLine(view: View, { worker, present }: WorkerLife, { names, bar }: { names: number; bar: number }): Line {
  const absent = absence(view, worker, present);
  const name = span(
    ` ${padEnd(clipText(nameOf(worker), names), names)}`,
    absent !== undefined ? 'yellow' : worker.evaluator ? 'dim' : undefined,
  );
  if (absent !== undefined) return [name, span(padStart('', RATE_COLUMNS - 8)), span(absent, 'yellow')];
  const style: Style | undefined = present ? undefined : 'dim';
  const known = Object.values(worker.time).some((share) => share > 0);
  const parts: Part[] = ACTIVITIES.map(({ key, style: color, shade }) => ({ share: worker.time[key], style: color, shade }));
  return [
    name,
    span(padStart(whole(worker.samplesPerSecond), RATE_COLUMNS), present && !worker.evaluator ? 'bold' : 'dim'),
    ...ACTIVITIES.map(({ key, columns }) => span(padStart(known ? `${Math.round(worker.time[key] * 100)} %` : NO_VALUE, columns), style)),
    ...(bar === 0 ? [] : [span('  '), ...stackedBar(parts, bar, view.color)]),
  ];
}

/** Why a worker's numbers say nothing now; undefined where they do. */
function absence({ status, job }: View, worker: WorkerStatus, present: boolean): string | undefined {
  const isOver = status.state !== 'running' && status.state !== 'restoring';
  if (!present) return isOver ? undefined : `gone, after ${whole(worker.samples)} samples`;
  return silence(worker.lastHeardMs, job?.detectFailureMs);
}

/** @param sinceMs milliseconds since it was last heard of; below 0 it is not there. */
function silence(sinceMs: number, detectFailureMs = DETECT_FAILURE_MS): string | undefined {
  if (sinceMs < 0) return 'not there';
  return sinceMs > SILENT_SHARE * detectFailureMs ? `not heard of for ${(sinceMs / 1000).toFixed(1)} s` : undefined;
}

/** A second life is marked: "worker-1 ↻2". */
function nameOf({ name, incarnation }: WorkerStatus): string {
  return incarnation > 1 ? `${name} ↻${incarnation}` : name;
}

interface ShardColumns {
  readonly version: number;
  readonly pushes: number;
  readonly refused: number;
  readonly in: number;
  readonly out: number;
}

const SHARD_COLUMNS: ShardColumns = { version: 10, pushes: 10, refused: 9, in: 12, out: 12 };
const NARROW_SHARD_COLUMNS: ShardColumns = { version: 9, pushes: 9, refused: 8, in: 10, out: 10 };
const NARROW_BELOW = 72;

export function shardTable(view: View, rowsMax: number): Line[] {
  const { shards } = view.status;
  if (shards.length === 0 || rowsMax === 0) return [];
  const shown = shards.slice(0, rowsMax);
  const names = nameColumns(
    shown.map(({ server }) => server),
    view,
  );
  const widths = view.columns < NARROW_BELOW ? NARROW_SHARD_COLUMNS : SHARD_COLUMNS;
  const headings = Object.entries(widths).map(([key, columns]: [string, number]) => padStart(key, columns));
  return [
    [span(` ${padEnd('shards', names)}${headings.join('')}`, 'dim')],
    ...shown.map((shard) => shardLine(view, shard, { names, widths })),
    ...moreLine(shards.length - shown.length, 'shard'),
  ];
}

function shardLine({ course, job, status }: View, shard: ShardStatusRow, { names, widths }: { names: number; widths: ShardColumns }): Line {
  const { server, version, pushes, refused } = shard;
  const silent = status.state === 'running' || status.state === 'restoring' ? silence(shard.lastHeardMs, job?.detectFailureMs) : undefined;
  const name = span(` ${padEnd(clipText(server, names), names)}`, silent === undefined ? undefined : 'yellow');
  if (silent !== undefined) return [name, span('  '), span(silent, 'yellow')];
  const traffic = course.traffic(server);
  return [
    name,
    span(padStart(whole(version), widths.version), 'bold'),
    span(padStart(whole(pushes), widths.pushes)),
    span(padStart(whole(refused), widths.refused), refused > 0 ? 'yellow' : 'dim'),
    span(padStart(bytesPerSecond(traffic?.inPerSecond), widths.in)),
    span(padStart(bytesPerSecond(traffic?.outPerSecond), widths.out)),
  ];
}

function nameColumns(names: readonly string[], { columns }: View): number {
  const max = columns < NARROW_BELOW ? NAME_COLUMNS_MIN + 2 : NAME_COLUMNS_MAX;
  return Math.min(max, Math.max(NAME_COLUMNS_MIN, ...names.map(cells)));
}

function moreLine(count: number, noun: string): Line[] {
  return count > 0 ? [[span(` and ${count} more ${noun}${count === 1 ? '' : 's'}`, 'dim')]] : [];
}
