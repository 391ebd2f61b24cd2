/**
 * For programs: each line of stdout is one JSON object with a `type` (starting, status, evaluation, event, summary, error);
 * rows.ts documents the rows. What is meant for people goes to stderr.
 */
import type { Job } from '../../config/job.ts';
import type { JobStatus } from '../../coordinator/status.ts';
import { errorMessage, TardigradError } from '../../errors.ts';
import type { Display, DisplayOptions } from './display.ts';
import { errorLines } from './error-text.ts';
import { NewsFeed } from './news.ts';
import { evaluationRow, eventRow, statusRow } from './rows.ts';
import { paint } from './styled.ts';
import type { RunSummary } from './summary.ts';

/** Status rows come no closer together than this; evaluations and events come at once. */
const STATUS_INTERVAL_MS = 500;

export class JsonDisplay implements Display {
  private readonly options: DisplayOptions;
  private readonly feed = new NewsFeed();
  private statusAtMs = -Infinity;
  private unwritten: JobStatus | undefined;
  private closed = false;

  constructor(options: DisplayOptions) {
    this.options = options;
  }

  starting(lines: readonly string[], job?: Job): void {
    this.write({ type: 'starting', job: job ?? null, lines });
  }

  status(status: JobStatus): void {
    const { evaluations, events } = this.feed.take(status);
    for (const event of events) this.write(eventRow(event));
    for (const evaluation of evaluations) this.write(evaluationRow(evaluation));
    this.unwritten = status;
    if (this.options.now() - this.statusAtMs >= STATUS_INTERVAL_MS) this.writeStatus();
  }

  note(line: string): void {
    if (!this.closed) this.options.stderr.write(`${line}\n`);
  }

  finished(summary: RunSummary): void {
    this.writeStatus();
    this.write({ type: 'summary', ...summary });
  }

  failed(error: unknown): void {
    this.writeStatus();
    const code = error instanceof TardigradError ? error.code : 'INTERNAL';
    const next = error instanceof TardigradError ? error.next : undefined;
    this.write({ type: 'error', code, message: errorMessage(error), next: next ?? null });
    if (!this.closed)
      this.options.stderr.write(
        `${errorLines(error)
          .map((line) => paint(line, false))
          .join('\n')}\n`,
      );
  }

  close(): void {
    this.closed = true;
  }

  private writeStatus(): void {
    const status = this.unwritten;
    if (status === undefined) return;
    this.unwritten = undefined;
    this.statusAtMs = this.options.now();
    this.write({ ...statusRow(status), members: status.workers.map(memberFields), shards: status.shards.map(shardFields) });
  }

  private write<Row extends { readonly type: string }>(row: Row): void {
    if (!this.closed) this.options.stdout.write(`${JSON.stringify(row)}\n`);
  }
}

function memberFields({ name, incarnation, evaluator, iterations, samples, samplesPerSecond, clock, time }: JobStatus['workers'][number]) {
  return { name, incarnation, evaluator, iterations, samples, samplesPerSecond, clock, time };
}

function shardFields({ server, version, pushes, refused, bytesIn, bytesOut }: JobStatus['shards'][number]) {
  return { server, version, pushes, refused, bytesIn, bytesOut };
}
