/**
 * What a person or a program sees of a running job. Three ways of showing the same statuses: redrawn in place on a
 * terminal, plain lines in a log, JSON lines for programs. The launcher calls one interface and does not know which.
 *
 * The training view is the output and goes to stdout; errors go to stderr, and under --json so does everything that is
 * meant for people.
 */
import type { Job } from '../../config/job.ts';
import type { JobStatus } from '../../coordinator/status.ts';
import { JsonDisplay } from './json.ts';
import { PlainDisplay } from './plain.ts';
import type { RunSummary } from './summary.ts';
import { TerminalDisplay } from './terminal.ts';

export type DisplayMode = 'terminal' | 'plain' | 'json';

export interface Display {
  /** What will happen, in words: describeJob's lines and those of the backend's and the data set's choice. */
  starting(lines: readonly string[], job?: Job): void;
  /** Call with each status that arrives; drawing is bounded here. */
  status(status: JobStatus): void;
  /** One line for people, e.g. "Ctrl-C: draining; again to stop at once". */
  note(line: string): void;
  finished(summary: RunSummary): void;
  failed(error: unknown): void;
  /** Gives the terminal back. Any number of times; nothing is shown after it. */
  close(): void;
}

/** What of a stream is used: `process.stdout` is one. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

export interface DisplayOptions {
  readonly mode: DisplayMode;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Width to draw for; left out, that of stdout, asked at each drawing, else 80. */
  readonly columns?: number | undefined;
  /** Height to draw for; left out, that of stdout, else 24. */
  readonly rows?: number | undefined;
  /** Whether to use colours; left out, `wantsColor` decides for stdout. */
  readonly color?: boolean | undefined;
}

export function createDisplay(options: DisplayOptions): Display {
  const color = options.color ?? wantsColor({ isTTY: options.stdout.isTTY === true, env: process.env });
  switch (options.mode) {
    case 'terminal':
      return new TerminalDisplay({ ...options, color });
    case 'plain':
      return new PlainDisplay({ ...options, color });
    case 'json':
      return new JsonDisplay(options);
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** No animation off a terminal, nor on one that cannot move its cursor, nor where a CI keeps the output. */
export function displayMode({ json, isTTY, env }: { json: boolean; isTTY: boolean; env: Environment }): DisplayMode {
  if (json) return 'json';
  return isTTY && env.TERM !== 'dumb' && !isSet(env.CI) ? 'terminal' : 'plain';
}

/** FORCE_COLOR (but 0 or false) turns colours on anywhere; NO_COLOR turns them off; else a terminal has them. */
export function wantsColor({ isTTY, env }: { isTTY: boolean; env: Environment }): boolean {
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  return isTTY && !isSet(env.NO_COLOR) && env.TERM !== 'dumb';
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== 'false' && value !== '0';
}
