/**
 * The live view: one frame, redrawn in place. Everything said before it stays above it in the scrollback, and when the job
 * is over its bars and the summary stay.
 */
import { createLogUpdate } from 'log-update';
import type { Job } from '../../config/job.ts';
import type { JobStatus } from '../../coordinator/status.ts';
import { Course } from './course.ts';
import type { Display, DisplayOptions, Output } from './display.ts';
import { errorLines } from './error-text.ts';
import { frame, lastFrame, type View } from './frame.ts';
import { paint, span, wrapText, type Line } from './styled.ts';
import { summaryLines } from './summary-text.ts';
import type { RunSummary } from './summary.ts';

/** Ten pictures a second look alive; more would only flicker and burn a core that trains. */
const REDRAW_INTERVAL_MS = 100;
const COLUMNS_DEFAULT = 80;
const ROWS_DEFAULT = 24;

const HIDE_CURSOR = '\u001B[?25l';
const SHOW_CURSOR = '\u001B[?25h';

export class TerminalDisplay implements Display {
  private readonly options: DisplayOptions & { readonly color: boolean };
  private readonly live: ReturnType<typeof createLogUpdate>;
  private readonly course = new Course();
  private job: Job | undefined;
  private latest: JobStatus | undefined;
  private drawnAtMs = -Infinity;
  private hidden = false;
  private closed = false;
  private readonly showCursor = (): void => {
    if (this.hidden) this.options.stdout.write(SHOW_CURSOR);
    this.hidden = false;
  };

  constructor(options: DisplayOptions & { readonly color: boolean }) {
    this.options = options;
    // The cursor is hidden and shown here: log-update would do it on the process's own stderr, whatever our stream is.
    this.live = createLogUpdate(streamOf(options), { showCursor: true, defaultWidth: COLUMNS_DEFAULT, defaultHeight: ROWS_DEFAULT });
  }

  starting(lines: readonly string[], job?: Job): void {
    this.job = job;
    for (const line of lines) for (const part of wrapText(line, this.columns() - 1)) this.write([span(' '), ...sentence(part)]);
    this.write([]);
  }

  status(status: JobStatus): void {
    if (this.closed) return;
    this.latest = status;
    this.course.see(status, this.options.now());
    if (this.options.now() - this.drawnAtMs >= REDRAW_INTERVAL_MS) this.draw();
  }

  note(line: string): void {
    if (this.closed) return;
    this.live.clear();
    for (const part of wrapText(line, this.columns() - 1)) this.write([span(` ${part}`, 'yellow')]);
    this.write([]);
    this.draw();
  }

  finished(summary: RunSummary): void {
    if (this.closed) return;
    this.live.clear();
    if (this.latest !== undefined) for (const line of [...lastFrame(this.view(this.latest)), []]) this.write(line);
    for (const line of summaryLines(summary)) this.write(line);
    this.latest = undefined;
  }

  failed(error: unknown): void {
    if (this.closed) return;
    // The last picture stays: it shows how it stood.
    this.draw();
    this.live.done();
    this.latest = undefined;
    this.showCursor();
    for (const line of errorLines(error)) this.options.stderr.write(`${paint(line, this.options.color)}\n`);
  }

  close(): void {
    if (this.closed) return;
    this.draw();
    this.live.done();
    this.closed = true;
    this.showCursor();
    process.off('exit', this.showCursor);
  }

  private draw(): void {
    if (this.latest === undefined) return;
    this.drawnAtMs = this.options.now();
    if (!this.hidden) {
      this.options.stdout.write(HIDE_CURSOR);
      this.hidden = true;
      process.once('exit', this.showCursor);
    }
    const lines = frame(this.view(this.latest)).map((line) => paint(line, this.options.color));
    this.live(lines.join('\n'));
  }

  private view(status: JobStatus): View {
    const { color } = this.options;
    // A frame ends with the line that the cursor waits on.
    return { status, course: this.course, job: this.job, columns: this.columns(), rows: this.rows() - 1, color };
  }

  private columns(): number {
    return this.options.columns ?? this.options.stdout.columns ?? COLUMNS_DEFAULT;
  }

  private rows(): number {
    return this.options.rows ?? this.options.stdout.rows ?? ROWS_DEFAULT;
  }

  private write(line: Line): void {
    if (!this.closed) this.options.stdout.write(`${paint(line, this.options.color)}\n`);
  }
}

/** With its first word set off, so that the eye finds "Waiting:" and "Ends"; the rest of a longer sentence is as it is. */
function sentence(text: string): Line {
  const match = /^([A-Z]\S*)(.*)$/.exec(text);
  return match === null ? [span(text)] : [span(match[1]!, 'bold'), span(match[2]!)];
}

/** log-update asks the stream for its size at each drawing; a fixed size has to be its size too. */
function streamOf({ stdout, columns, rows }: DisplayOptions): NodeJS.WritableStream {
  const output: Output = {
    write: (text) => stdout.write(text),
    isTTY: stdout.isTTY,
    get columns() {
      return columns ?? stdout.columns;
    },
    get rows() {
      return rows ?? stdout.rows;
    },
  };
  return output as unknown as NodeJS.WritableStream;
}
