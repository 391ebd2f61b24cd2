/**
 * Keeps the processes of a local cluster alive: starts each role as a process of its own, waits until it says that it is
 * ready, and starts it anew when it dies; what will never run ends in an error: at once where it says so itself, and else
 * within two minutes. Each child's standard input is a pipe from here: when this process is gone, by whatever means, the
 * pipe closes and every child ends by itself.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { TardigradError } from '../errors.ts';
import { EXIT } from './exit-codes.ts';
import { ALLOCATOR_ENVIRONMENT } from './process-memory.ts';

export interface RoleProcess {
  /** e.g. "ps-0": names the log too. */
  readonly name: string;
  /** Of the command line, for each start anew: a restarted coordinator keeps its port. */
  readonly args: () => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly logFile: string;
  /**
   * "worker": it may end by itself with code 0, and its start is confirmed when it says that it works; by then it has
   * loaded its data. "server": it never ends by itself, and its start is confirmed when it is ready.
   */
  readonly kind: 'server' | 'worker';
  readonly onReady?: (ready: ReadyLine) => void;
  /** It died, and is started again unless that is hopeless. */
  readonly onExit?: (how: string) => void;
  /** It has done its work and stays away. */
  readonly onLeft?: () => void;
}

/** What a role prints on its standard output once it runs. */
export interface ReadyLine {
  readonly ready: true;
  readonly address?: string;
  readonly pid: number;
}

/** A process that ends by itself before its start is confirmed, so often in a row, will never run. */
const START_TRIES = 3;
/**
 * Other deaths (by a signal, or after a confirmed start) within the window, beyond which something is wrong that restarting
 * does not mend. The waits between them are short enough for the window to fill: else it would go on for ever.
 */
const RESTARTS_MAX = 20;
const RESTART_WINDOW_MS = 120_000;
const RESTART_FIRST_MS = 100;
const RESTART_MAX_MS = 2_000;
/** Last lines of a log shown when its process cannot be kept alive. */
const TAIL_LINES = 5;

interface Child {
  readonly role: RoleProcess;
  process: ChildProcess | undefined;
  log: WriteStream;
  tail: string[];
  confirmed: boolean;
  done: boolean;
  failedStarts: number;
  deathsMs: number[];
  timer: NodeJS.Timeout | undefined;
}

export class Supervisor {
  private readonly entry: string;
  private readonly onHopeless: (error: TardigradError) => void;
  private readonly children = new Map<string, Child>();
  private stopping = false;

  /** @param entry the compiled command line. */
  constructor(entry: string, onHopeless: (error: TardigradError) => void) {
    this.entry = entry;
    this.onHopeless = onHopeless;
  }

  start(role: RoleProcess): void {
    if (this.stopping) return;
    const child: Child = {
      role,
      process: undefined,
      log: createWriteStream(role.logFile, { flags: 'a' }),
      tail: [],
      confirmed: false,
      done: false,
      failedStarts: 0,
      deathsMs: [],
      timer: undefined,
    };
    // A full disk ends the log, not the launcher.
    child.log.on('error', (error) => child.tail.push(`its log cannot be written: ${error.message}`));
    this.children.set(role.name, child);
    this.launch(child);
  }

  /** Names and process ids of what runs now. */
  running(): { name: string; pid: number }[] {
    return [...this.children.values()].flatMap(({ role, process: child }) =>
      child?.pid === undefined ? [] : [{ name: role.name, pid: child.pid }],
    );
  }

  /** No more restarts; what ends now stays away. */
  standDown(): void {
    this.stopping = true;
    for (const child of this.children.values()) clearTimeout(child.timer);
  }

  signal(signal: NodeJS.Signals, of: (name: string) => boolean = () => true): void {
    for (const { role, process: child } of this.children.values()) if (child && of(role.name)) child.kill(signal);
  }

  /** Resolves with whether every process that `of` names has ended within `limitMs`. */
  async ended(limitMs: number, of: (name: string) => boolean = () => true): Promise<boolean> {
    const exits = [...this.children.values()].flatMap(({ role, process: child }) =>
      child && of(role.name) ? [new Promise<void>((resolve) => child.once('exit', () => resolve()))] : [],
    );
    if (exits.length === 0) return true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), limitMs);
    });
    const result = await Promise.race([Promise.all(exits).then(() => true), late]);
    clearTimeout(timer);
    return result;
  }

  /** Asks all to end, then makes them. */
  async stop(politeMs: number): Promise<void> {
    this.standDown();
    this.signal('SIGTERM');
    if (!(await this.ended(politeMs))) {
      this.signal('SIGKILL');
      await this.ended(politeMs);
    }
    for (const child of this.children.values()) child.log.end();
  }

  private launch(child: Child): void {
    const { role } = child;
    child.confirmed = false;
    const running = spawn(process.execPath, [this.entry, ...role.args()], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...ALLOCATOR_ENVIRONMENT, ...process.env, ...role.env, TARDIGRAD_EXIT_WITH_STDIN: '1' },
      // A group of its own: Ctrl-C reaches the launcher alone, which ends the others in good order.
      detached: true,
    });
    child.process = running;
    running.stderr.pipe(child.log, { end: false });
    createInterface({ input: running.stderr }).on('line', (line) => {
      child.tail.push(line);
      if (child.tail.length > TAIL_LINES) child.tail.shift();
    });
    createInterface({ input: running.stdout }).on('line', (line) => this.onLine(child, line));
    running.on('error', (error) => child.tail.push(error.message));
    running.on('exit', (code, signal) => this.onExit(child, running, code, signal));
  }

  private onLine(child: Child, line: string): void {
    const ready = line.startsWith('{"ready":');
    if (line.startsWith(child.role.kind === 'server' ? '{"ready":' : '{"working":')) {
      child.confirmed = true;
      child.failedStarts = 0;
    }
    if (ready) child.role.onReady?.(JSON.parse(line) as ReadyLine);
  }

  private onExit(child: Child, running: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (child.process !== running) return;
    child.process = undefined;
    if (this.stopping) return;
    if (code === EXIT.done && child.role.kind === 'worker') {
      child.done = true;
      child.role.onLeft?.();
      return;
    }
    if (code === EXIT.unfit) {
      // Its last line says why, and has been read when its pipes are closed.
      running.once('close', () => this.onHopeless(this.unfit(child)));
      return;
    }
    // Before it works it looks at no limit: so this cannot go round in a circle without any work done.
    if (code === EXIT.memoryLimit && child.confirmed) {
      child.role.onExit?.('has reached its memory limit and left');
      this.launch(child);
      return;
    }
    const how = signal === null ? `ended with code ${code}` : `was killed (${signal})`;
    child.role.onExit?.(how);
    const nowMs = performance.now();
    const failedStart = !child.confirmed && signal === null;
    if (failedStart) child.failedStarts += 1;
    else child.deathsMs = [...child.deathsMs.filter((at) => nowMs - at < RESTART_WINDOW_MS), nowMs];
    if (child.failedStarts >= START_TRIES || child.deathsMs.length > RESTARTS_MAX) {
      const often =
        child.failedStarts >= START_TRIES
          ? `${child.failedStarts} times in a row before it worked`
          : `more than ${RESTARTS_MAX} times within ${RESTART_WINDOW_MS / 1000} s`;
      this.onHopeless(this.hopeless(child, how, often));
      return;
    }
    const recent = failedStart ? child.failedStarts : child.deathsMs.length;
    const waitMs = Math.min(RESTART_FIRST_MS * 2 ** (recent - 1), RESTART_MAX_MS);
    child.timer = setTimeout(() => this.launch(child), waitMs);
  }

  private unfit({ role, tail }: Child): TardigradError {
    return new TardigradError('FAILED_PRECONDITION', `${role.name} can never do its work here. ${tail.at(-1) ?? 'It did not say why.'}`, {
      facts: { role: role.name },
    });
  }

  private hopeless({ role, tail }: Child, how: string, often: string): TardigradError {
    return new TardigradError('UNAVAILABLE', `${role.name} ${how}, ${often}. Its last words:\n${tail.join('\n')}\n`, {
      facts: { role: role.name },
      next: `See ${role.logFile}.`,
    });
  }
}
