/**
 * What a run leaves behind: one folder, `runs/<job>-<YYYYMMDD-HHMMSS>[-n]/`, its time in UTC so that names sort by age.
 *
 * - `job.yaml`: the job with every default filled in; `parseJob` of it gives the same job
 * - `metrics.jsonl`: one JSON object a line; the rows of display/rows.ts (`status` at most once a second, `evaluation` and
 *   `event` as they come), each with `at`, ISO 8601
 * - `records/`: staleness records, a row for each push
 * - `logs/<role>.log`: what each process logged
 * - `checkpoints/`, `state/`: cuts and the coordinator's store; for the owner's eyes only (mode 0700)
 * - `model.safetensors`: the final weights
 * - `summary.json`: display/summary.ts, once the run is over: whole or not there
 *
 * The folder's mkdir is the lock on its name: of two starts in the same second one gets it and the other the next number.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { JobStatus } from '../coordinator/status.ts';
import { writeDurably } from '../durable-file.ts';
import { TardigradError } from '../errors.ts';
import { NewsFeed } from './display/news.ts';
import { evaluationRow, eventRow, statusRow } from './display/rows.ts';
import type { RunSummary } from './display/summary.ts';

export interface RunFolderOptions {
  /** Where runs are kept. Default: runs. */
  readonly root?: string;
  /** The job's name; it holds no dot and no slash. */
  readonly name: string;
  readonly startedAt: Date;
  /** The resolved job; written once, and left as it is in an existing folder. */
  readonly jobYaml: string;
  /** The folder of an earlier run of this job, to go on in. */
  readonly existing?: string | undefined;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** For the `at` of metrics. */
  readonly wallClock?: () => Date;
}

export interface RunFolder {
  /** Absolute, like all paths here. */
  readonly path: string;
  readonly jobFile: string;
  readonly metricsFile: string;
  readonly recordsFolder: string;
  readonly checkpointsFolder: string;
  readonly stateFolder: string;
  readonly modelFile: string;
  readonly summaryFile: string;
  /** @param role e.g. "coordinator", "ps-0", "worker-1" */
  logFile(role: string): string;
  /** Call with each status that arrives; what is written is bounded here. */
  metrics(status: JobStatus): void;
  /** Whole or not at all: written beside it, then renamed. */
  writeSummary(summary: RunSummary): Promise<void>;
  /** Writes the last status, if it was held back, and closes metrics.jsonl. Any number of times. */
  close(): void;
}

const ROOT_DEFAULT = 'runs';
const METRICS_INTERVAL_MS = 1_000;
/** As many may start in one second. */
const SAME_SECOND_MAX = 1_000;
const OWNER_ONLY = 0o700;
const FOR_EVERYBODY = 0o666;

/** @throws TardigradError NOT_FOUND where `existing` is no run's folder; the system's own error where the disk refuses. */
export async function createRunFolder(options: RunFolderOptions): Promise<RunFolder> {
  const path = options.existing === undefined ? await newFolder(options) : await existingFolder(options.existing);
  const folder = paths(path);
  for (const each of [folder.recordsFolder, join(path, 'logs')]) await mkdir(each, { recursive: true });
  for (const each of [folder.checkpointsFolder, folder.stateFolder]) await mkdir(each, { recursive: true, mode: OWNER_ONLY });
  // Last, because `latestRun` takes a folder with a job in it for a run.
  if (options.existing === undefined) await writeWhole(folder.jobFile, options.jobYaml);
  const metrics = new MetricsFile(folder.metricsFile, options.now, options.wallClock ?? (() => new Date()));
  return {
    ...folder,
    logFile: (role) => join(path, 'logs', `${role}.log`),
    metrics: (status) => metrics.add(status),
    writeSummary: (summary) => writeWhole(folder.summaryFile, `${JSON.stringify(summary, undefined, 2)}\n`),
    close: () => metrics.close(),
  };
}

function paths(path: string) {
  return {
    path,
    jobFile: join(path, 'job.yaml'),
    metricsFile: join(path, 'metrics.jsonl'),
    recordsFolder: join(path, 'records'),
    checkpointsFolder: join(path, 'checkpoints'),
    stateFolder: join(path, 'state'),
    modelFile: join(path, 'model.safetensors'),
    summaryFile: join(path, 'summary.json'),
  };
}

async function newFolder({ root = ROOT_DEFAULT, name, startedAt }: RunFolderOptions): Promise<string> {
  await mkdir(root, { recursive: true });
  const stem = resolve(root, `${name}-${timestamp(startedAt)}`);
  for (let n = 1; n <= SAME_SECOND_MAX; n++) {
    const path = n === 1 ? stem : `${stem}-${n}`;
    try {
      await mkdir(path);
      return path;
    } catch (error) {
      if (!isExisting(error)) throw error;
    }
  }
  throw new TardigradError('RESOURCE_EXHAUSTED', `${SAME_SECOND_MAX} runs began in the same second (${stem}-n).`, {
    next: 'Try again, or use another folder for runs.',
  });
}

async function existingFolder(existing: string): Promise<string> {
  const path = resolve(existing);
  if (await isFile(join(path, 'job.yaml'))) return path;
  throw new TardigradError('NOT_FOUND', `${existing} holds no run: there is no job.yaml in it.`, {
    next: 'Name the folder of a run, such as runs/mnist-cnn-20260131-140509, or leave it out for the newest one.',
  });
}

/** 20260131-140509, in UTC. */
function timestamp(date: Date): string {
  return date.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
}

const RUN_NAME = /^(?<name>.+)-(?<time>\d{8}-\d{6})(?:-(?<n>\d+))?$/;

/**
 * The folder of the newest run, by its name and not by the disk's times, which copying changes.
 * @param name only runs of this job
 * @param accepts only such folders, e.g. those with a checkpoint
 * @returns an absolute path; undefined where there is none
 */
export async function latestRun(
  root: string = ROOT_DEFAULT,
  name?: string,
  accepts: (folder: string) => boolean | Promise<boolean> = () => true,
): Promise<string | undefined> {
  const entries = await readdir(root, { withFileTypes: true }).catch(noFolder);
  const runs = entries
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => {
      const groups = RUN_NAME.exec(entry.name)?.groups;
      if (groups === undefined || (name !== undefined && groups.name !== name)) return [];
      return [{ path: resolve(root, entry.name), time: groups.time!, n: Number(groups.n ?? 1) }];
    })
    .sort((a, b) => (a.time === b.time ? b.n - a.n : a.time < b.time ? 1 : -1));
  for (const { path } of runs) if ((await isFile(join(path, 'job.yaml'))) && (await accepts(path))) return path;
  return undefined;
}

function noFolder(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

function isExisting(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EEXIST';
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function writeWhole(path: string, text: string): Promise<void> {
  await writeDurably(path, [Buffer.from(text)], FOR_EVERYBODY);
}

/** Appends rows. Each is one write, so that a killed launcher leaves whole lines, and little enough to write at once. */
class MetricsFile {
  private readonly descriptor: number;
  private readonly now: () => number;
  private readonly wallClock: () => Date;
  private readonly feed = new NewsFeed();
  private statusAtMs = -Infinity;
  private unwritten: JobStatus | undefined;
  private closed = false;

  constructor(path: string, now: () => number, wallClock: () => Date) {
    this.now = now;
    this.wallClock = wallClock;
    this.descriptor = openSync(path, 'a+');
    // A machine that went down may have left half a line: it stays the only bad one.
    if (!endsWithNewline(this.descriptor)) writeSync(this.descriptor, '\n');
  }

  add(status: JobStatus): void {
    if (this.closed) return;
    const { evaluations, events } = this.feed.take(status);
    const at = this.wallClock().toISOString();
    for (const event of events) this.write(eventRow(event));
    for (const evaluation of evaluations) this.write({ ...evaluationRow(evaluation), at });
    this.unwritten = status;
    if (this.now() - this.statusAtMs >= METRICS_INTERVAL_MS) this.writeStatus();
  }

  close(): void {
    if (this.closed) return;
    this.writeStatus();
    this.closed = true;
    closeSync(this.descriptor);
  }

  private writeStatus(): void {
    if (this.unwritten === undefined) return;
    this.write({ ...statusRow(this.unwritten), at: this.wallClock().toISOString() });
    this.unwritten = undefined;
    this.statusAtMs = this.now();
  }

  private write(row: object): void {
    writeSync(this.descriptor, `${JSON.stringify(row)}\n`);
  }
}

function endsWithNewline(descriptor: number): boolean {
  const { size } = fstatSync(descriptor);
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  readSync(descriptor, last, 0, 1, size - 1);
  return last[0] === 0x0a;
}
