/**
 * Staleness records on disk, one JSON line each, in batches: what was flushed is readable after a kill, and pandas or
 * DuckDB read it as it is. Rows of pushes have `outcome`; rows of what else changes decisions have `event`.
 */
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';
import type { ShardEventRecord, StalenessRecord } from './events.ts';

/** Rows that wait in memory before they are written at the latest. */
const ROWS_PER_BATCH = 1024;

export class RecordFile {
  private readonly path: string;
  private lines: string[] = [];
  private stream: WriteStream | undefined;

  constructor(path: string) {
    this.path = path;
  }

  add(record: StalenessRecord | ShardEventRecord): void {
    this.lines.push(JSON.stringify(record));
    if (this.lines.length >= ROWS_PER_BATCH) this.flush();
  }

  flush(): void {
    if (this.lines.length === 0) return;
    if (!this.stream) {
      mkdirSync(dirname(this.path), { recursive: true });
      this.stream = createWriteStream(this.path, { flags: 'a' });
    }
    this.stream.write(`${this.lines.join('\n')}\n`);
    this.lines = [];
  }

  async close(): Promise<void> {
    this.flush();
    const { stream } = this;
    if (stream) await new Promise<void>((resolve) => stream.end(resolve));
  }
}
