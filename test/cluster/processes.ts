/**
 * Real processes for the tests of launcher and failures: a launcher with its roles, or roles started one by one. Whatever
 * descends from a test carries a mark in its environment, so that "no process is left" is a look into /proc and no guess.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { parseJob, type Job } from '../../src/config/job.ts';
import type { JobStatus } from '../../src/coordinator/status.ts';
import { errorMessage } from '../../src/errors.ts';
import { CoordinatorClient } from '../../src/transport/coordinator-client.ts';

export const ROOT = resolve(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'dist/cli/main.js');
/** For what must happen on a machine that may be busy: a bound, never a wait. */
export const BOUND_MS = 90_000;
const POLL_MS = 10;
const CALL_MS = 5_000;
const MARK = 'TARDIGRAD_TEST_MARK';

/** Why these tests skip, where they do: a small real data set makes them quick. */
export const DATA_MISSING = dataMissing();

function dataMissing(): string | undefined {
  const data = process.env['TARDIGRAD_DATA'];
  if (data === undefined) return 'TARDIGRAD_DATA is not set';
  return existsSync(join(data, 'a9a')) ? undefined : `there is no a9a in ${data}`;
}

export async function until<T>(probe: () => T | undefined | false, what: string | (() => string), boundMs = BOUND_MS): Promise<T> {
  const end = performance.now() + boundMs;
  for (;;) {
    const value = probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`not within ${boundMs} ms: ${typeof what === 'string' ? what : what()}`);
    await delay(POLL_MS);
  }
}

// ---- jobs

type Section = string | number | boolean | undefined | readonly Section[] | { readonly [key: string]: Section };

export const A9A_SAMPLES = 32_561;
export const BATCH = 16;
export const BATCHES_PER_EPOCH = Math.ceil(A9A_SAMPLES / BATCH);
/** Short leases, so that a test sees them end. */
export const DETECT_FAILURE_MS = 2_000;

/** Logistic regression on a9a in small batches: seconds of training, thousands of pushes. JSON is YAML too. */
export function jobText(sections: Readonly<Record<string, Section>> = {}): string {
  return JSON.stringify({
    name: 'failing',
    model: { name: 'logistic-regression' },
    dataset: { name: 'a9a', batchSize: BATCH },
    shards: 2,
    workers: 2,
    consistency: { policy: 'ssp', bound: 3 },
    optimizer: { name: 'momentum', learningRate: 0.02 },
    evaluate: { everyUpdates: 1_000_000 },
    checkpoint: { everySeconds: 3 },
    stop: { epochs: 3 },
    threads: 1,
    detectFailureMs: DETECT_FAILURE_MS,
    ...sections,
  });
}

// ---- what lives

export interface Living {
  readonly pid: number;
  /** The role's name, e.g. ps-0; train for a launcher; else what it runs. */
  readonly name: string;
}

/** Processes that descend from `mark`, at any depth and whoever their parent is by now. */
export function living(mark: string): Living[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        if (!readFileSync(`/proc/${entry}/environ`, 'utf8').split('\0').includes(`${MARK}=${mark}`)) return [];
        const args = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0');
        return [{ pid: Number(entry), name: nameOf(args) }];
      } catch {
        return []; // ended meanwhile
      }
    });
}

function nameOf(args: readonly string[]): string {
  const main = args.findIndex((arg) => arg.endsWith('main.js') || arg.endsWith('tardigrad.mjs'));
  if (main < 0) return args.join(' ').trim();
  const named = args.indexOf('--name', main);
  const role = args[main + 1] ?? '';
  return role === 'train' || role === 'coordinator' ? role : (args[named + 1] ?? role);
}

// ---- a folder for each test

const folders: string[] = [];
const marks: string[] = [];

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tardigrad-test-'));
  folders.push(folder);
  return folder;
}

export function jobFile(text: string, folder: string = temporaryFolder()): string {
  const path = join(folder, 'job.yaml');
  writeFileSync(path, text);
  return path;
}

function newMark(): string {
  const mark = randomUUID();
  marks.push(mark);
  return mark;
}

/** After each test, passed or failed: ends what it started, by process id, and removes its folders. */
export async function cleanUp(): Promise<void> {
  for (const mark of marks.splice(0)) {
    await until(() => {
      const left = living(mark);
      for (const { pid } of left) kill(pid, 'SIGKILL');
      return left.length === 0;
    }, 'the processes of a test end');
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  // 0 and below would be a whole group of processes, these tests among them.
  if (!Number.isSafeInteger(pid) || pid <= 1) throw new Error(`${pid} is no process of a test`);
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended by itself
  }
}

// ---- a launcher

export interface Row {
  readonly type: string;
  readonly [key: string]: unknown;
}

export interface EventRow {
  readonly kind: string;
  readonly message: string;
  readonly facts: Readonly<Record<string, string | number>>;
  readonly at: string;
}

export interface StartOptions {
  /** Default: the compiled command line. */
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export class Launcher {
  readonly mark = newMark();
  readonly process: ChildProcess;
  readonly lines: string[] = [];
  stderr = '';
  /** Exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  private how: number | string | undefined;

  /** @param args after `train` */
  constructor(args: readonly string[], { command = [process.execPath, MAIN, 'train'], env = {} }: StartOptions = {}) {
    const [program = '', ...first] = command;
    this.process = spawn(program, [...first, ...args], { cwd: ROOT, env: { ...process.env, ...env, [MARK]: this.mark } });
    createInterface({ input: this.process.stdout! }).on('line', (line) => this.lines.push(line));
    this.process.stderr!.on('data', (text: Buffer) => (this.stderr += text.toString()));
    this.exited = new Promise((done) => {
      // `close`: what it wrote has been read to the end.
      this.process.on('close', (code, signal) => {
        this.how = code ?? signal ?? 'unknown';
        done(this.how);
      });
    });
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** Under --json; throws at a line that is no JSON. */
  rows(type: string): Row[] {
    return this.lines.map((line) => JSON.parse(line) as Row).filter((row) => row.type === type);
  }

  events(kind: string): EventRow[] {
    return (this.rows('event') as unknown as EventRow[]).filter((event) => event.kind === kind);
  }

  get updates(): number {
    return (this.rows('status').at(-1)?.['updates'] as number | undefined) ?? 0;
  }

  /** Undefined while it does not run. */
  pidNow(name: string): number | undefined {
    return living(this.mark).find((process) => process.name === name)?.pid;
  }

  pidOf(name: string): Promise<number> {
    return this.until(() => this.pidNow(name), `${name} runs`);
  }

  /** Fails as soon as the launcher has ended without it. */
  until<T>(probe: () => T | undefined | false, what: string, boundMs?: number): Promise<T> {
    const tell = (): string => `${what}; the launcher said:\n${this.lines.slice(-3).join('\n')}\n${this.stderr.slice(-2_000)}`;
    return until(
      () => {
        const value = probe();
        if ((value === undefined || value === false) && this.how !== undefined)
          throw new Error(`ended with ${this.how} before this: ${tell()}`);
        return value;
      },
      tell,
      boundMs,
    );
  }

  /** kill -9 of a role; resolves with its pid when another process has taken its place. */
  async killRole(name: string): Promise<number> {
    const pid = await this.pidOf(name);
    kill(pid, 'SIGKILL');
    await this.until(() => {
      const now = this.pidNow(name);
      return now !== undefined && now !== pid;
    }, `${name} is started again`);
    return pid;
  }

  /** Waits for its end; names what it said where that is another than expected. */
  async ended(code: number | string, boundMs = BOUND_MS): Promise<void> {
    await until(
      () => this.how !== undefined,
      () => `the launcher ends; ${this.stderr.slice(-2_000)}`,
      boundMs,
    );
    if (this.how !== code)
      throw new Error(`ended with ${this.how}, not ${code}:\n${this.lines.slice(-3).join('\n')}\n${this.stderr.slice(-3_000)}`);
  }

  async nothingLeft(boundMs: number): Promise<void> {
    await until(
      () => living(this.mark).length === 0,
      () => `no process is left; there are ${JSON.stringify(living(this.mark))}`,
      boundMs,
    );
  }
}

/** The one run in a folder of runs. */
export function onlyRun(runs: string): string {
  const found = readdirSync(runs);
  if (found.length !== 1) throw new Error(`one run was expected in ${runs}, there are ${found.length}`);
  return join(runs, found[0]!);
}

// ---- roles started one by one: nobody starts them again

export interface Role {
  readonly name: string;
  readonly pid: number;
  readonly process: ChildProcess;
  readonly address: string;
  readonly exited: Promise<number | string>;
}

/** Roles that nobody supervises. */
export class Roles {
  readonly folder = temporaryFolder();
  readonly runFolder = join(this.folder, 'run');
  readonly job: Job;
  readonly mark = newMark();
  coordinator: Role | undefined;
  readonly servers: Role[] = [];
  last: JobStatus | undefined;
  readonly logs = new Map<string, string>();
  private watching = false;

  constructor(text: string) {
    this.job = parseJob(text, 'test');
  }

  /** Coordinator, parameter servers and workers of the job, submitted. */
  async start(workers = this.job.workers.count): Promise<void> {
    await this.startCoordinator();
    for (let index = 0; index < this.job.shards; index += 1) this.servers.push(await this.startServer(`ps-${index}`));
    for (let index = 0; index < workers; index += 1) await this.startWorker(`worker-${index}`);
    const client = this.client();
    try {
      await client.submit({ jobSpec: JSON.stringify(this.job), runFolder: this.runFolder, resume: false });
    } finally {
      client.close();
    }
    void this.watch();
  }

  /** Again on the port of the one before. */
  async startCoordinator(): Promise<void> {
    const listen = this.coordinator?.address ?? '127.0.0.1:0';
    this.coordinator = await this.spawn('coordinator', [
      'coordinator',
      '--listen',
      listen,
      '--state-dir',
      join(this.folder, 'state'),
      '--detect-failure-ms',
      String(this.job.detectFailureMs),
    ]);
  }

  startServer(name: string): Promise<Role> {
    return this.spawn(name, ['ps', '--name', name, ...this.common()]);
  }

  startWorker(name: string): Promise<Role> {
    return this.spawn(name, ['worker', '--name', name, '--threads', '1', ...this.common()]);
  }

  client(): CoordinatorClient {
    return new CoordinatorClient({ address: this.coordinator?.address ?? '', connectMs: CALL_MS, callMs: CALL_MS });
  }

  pidOf(name: string): number {
    const found = living(this.mark).find((process) => process.name === name);
    if (!found) throw new Error(`${name} does not run`);
    return found.pid;
  }

  get updates(): number {
    return this.last?.updates ?? 0;
  }

  events(kind: string): JobStatus['events'] {
    return this.last?.events.filter((event) => event.kind === kind) ?? [];
  }

  get over(): boolean {
    return ['succeeded', 'stopped', 'failed'].includes(this.last?.state ?? '');
  }

  until<T>(probe: () => T | undefined | false, what: string, boundMs?: number): Promise<T> {
    return until(
      probe,
      () => {
        const tails = [...this.logs].map(([name, log]) => `${name}: …${log.slice(-600)}`);
        return `${what}; state ${this.last?.state}, ${this.last?.updates} updates\n${tails.join('\n')}`;
      },
      boundMs,
    );
  }

  /** Goes on through every restart of the coordinator until the job is over. */
  private async watch(): Promise<void> {
    if (this.watching) return;
    this.watching = true;
    while (!this.over && marks.includes(this.mark)) {
      const client = this.client();
      try {
        for await (const text of client.watch(this.job.name, { silenceMs: this.job.detectFailureMs }))
          this.last = JSON.parse(text) as JobStatus;
      } catch (error) {
        this.logs.set('watch', errorMessage(error));
      } finally {
        client.close();
      }
      await delay(POLL_MS);
    }
  }

  private common(): string[] {
    return ['--coordinator', this.coordinator?.address ?? '', '--detect-failure-ms', String(this.job.detectFailureMs)];
  }

  private async spawn(name: string, args: readonly string[]): Promise<Role> {
    const env = { ...process.env, [MARK]: this.mark, TARDIGRAD_EXIT_WITH_STDIN: '1', OMP_NUM_THREADS: '1', TF_CPP_MIN_LOG_LEVEL: '2' };
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['pipe', 'pipe', 'pipe'], env });
    child.stderr.on('data', (text: Buffer) => this.logs.set(name, (this.logs.get(name) ?? '') + text.toString()));
    const exited = new Promise<number | string>((done) => child.on('exit', (code, signal) => done(code ?? signal ?? 'unknown')));
    let ready: { address?: string } | undefined;
    let ended: number | string | undefined;
    void exited.then((how) => (ended = how));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{"ready"')) ready = JSON.parse(line) as { address?: string };
    });
    const { address = '' } = await this.until(() => {
      if (ended !== undefined && !ready) throw new Error(`${name} ended with ${ended}: ${this.logs.get(name)}`);
      return ready;
    }, `${name} is ready`);
    return { name, pid: child.pid ?? 0, process: child, address, exited };
  }
}
