/**
 * For logs: one whole line at a time, nothing redrawn. A line of progress at each tenth of an epoch, but no oftener than
 * every two seconds and no rarer than every ten; evaluations and events when they happen.
 */
import type { Job } from '../../config/job.ts';
import type { EvaluationRow, JobEvent, JobStatus } from '../../coordinator/status.ts';
import type { Display, DisplayOptions } from './display.ts';
import { errorLines } from './error-text.ts';
import { duration, loss, mean, percent, rate, whole } from './figures.ts';
import { NewsFeed, toneOf, type Tone } from './news.ts';
import { padStart, paint, span, type Line, type Style } from './styled.ts';
import type { RunSummary } from './summary.ts';
import { summaryLines } from './summary-text.ts';

const INTERVAL_MIN_MS = 2_000;
const INTERVAL_MAX_MS = 10_000;
const TIME_COLUMNS = 8;

const TONES: Readonly<Record<Tone, Style | undefined>> = { trouble: 'yellow', recovery: 'cyan', good: 'green', plain: undefined };

export class PlainDisplay implements Display {
  private readonly options: DisplayOptions & { readonly color: boolean };
  private readonly feed = new NewsFeed();
  private lineAtMs = -Infinity;
  private tenthsShown = -1;
  private unwritten: JobStatus | undefined;
  private closed = false;

  constructor(options: DisplayOptions & { readonly color: boolean }) {
    this.options = options;
  }

  starting(lines: readonly string[], _job?: Job): void {
    for (const line of lines) this.write([span(line)]);
  }

  status(status: JobStatus): void {
    const { evaluations, events } = this.feed.take(status);
    for (const event of events) if (event.kind !== 'evaluated') this.write(eventLine(event, status));
    for (const evaluation of evaluations) this.write(evaluationLine(evaluation));
    // Nothing moves before training begins, and the events tell how far it is.
    if (status.updates === 0) return;
    this.unwritten = status;
    if (this.isDue(status)) this.writeProgress();
  }

  note(line: string): void {
    this.write([span(line)]);
  }

  finished(summary: RunSummary): void {
    this.writeProgress();
    for (const line of [[], ...summaryLines(summary)]) this.write(line);
  }

  failed(error: unknown): void {
    this.writeProgress();
    if (this.closed) return;
    for (const line of errorLines(error)) this.options.stderr.write(`${paint(line, this.options.color)}\n`);
  }

  close(): void {
    this.closed = true;
  }

  private isDue(status: JobStatus): boolean {
    const quietMs = this.options.now() - this.lineAtMs;
    return quietMs >= INTERVAL_MAX_MS || (quietMs >= INTERVAL_MIN_MS && tenthsOf(status) !== this.tenthsShown);
  }

  private writeProgress(): void {
    const status = this.unwritten;
    if (status === undefined) return;
    this.unwritten = undefined;
    this.lineAtMs = this.options.now();
    this.tenthsShown = tenthsOf(status);
    this.write(progressLine(status));
  }

  private write(line: Line): void {
    if (!this.closed) this.options.stdout.write(`${paint(line, this.options.color)}\n`);
  }
}

function tenthsOf({ epochs }: JobStatus): number {
  return Math.floor(epochs * 10);
}

function progressLine(status: JobStatus): Line {
  const { lag } = status;
  const isRunning = status.state === 'running';
  const total = status.totalEpochs === undefined ? '' : ` of ${whole(status.totalEpochs)}`;
  const parts = [
    `epoch ${status.epochs.toFixed(2)}${total}`,
    `loss ${loss(status.loss)}`,
    `${whole(status.updates)} updates`,
    ...(isRunning ? [`${rate(status.updatesPerSecond)} /s`, `${whole(status.samplesPerSecond)} samples/s`] : []),
    `lag mean ${mean(lag.mean)} p99 ${whole(lag.p99)} max ${whole(lag.max)}`,
    ...(isRunning && status.secondsLeft !== undefined ? [`${duration(status.secondsLeft)} left`] : []),
  ];
  return [time(status.elapsedSeconds), span(parts.join('  '))];
}

function evaluationLine({ atSeconds, accuracy, loss: testLoss, updates }: EvaluationRow): Line {
  return [
    time(atSeconds),
    span(`test accuracy ${percent(accuracy)}`, 'bold'),
    span(`  test loss ${loss(testLoss)}  after ${whole(updates)} updates`),
  ];
}

function eventLine(event: JobEvent, { elapsedSeconds }: JobStatus): Line {
  const tone = toneOf(event);
  return [time(elapsedSeconds), span(tone === 'trouble' ? `! ${event.message}` : event.message, TONES[tone])];
}

function time(elapsedSeconds: number): Line[number] {
  return span(`${padStart(duration(elapsedSeconds), TIME_COLUMNS)}  `, 'dim');
}
