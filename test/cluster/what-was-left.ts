/** What a run left behind, as the launcher's tests and those of failures read it. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { RunSummary } from '../../src/cli/display/summary.ts';
import type { StalenessRecord } from '../../src/ps/events.ts';
import { A9A_SAMPLES } from './processes.ts';

export function readSummary(run: string): RunSummary {
  return JSON.parse(readFileSync(join(run, 'summary.json'), 'utf8')) as RunSummary;
}

/** Every sample of every epoch is in the books, once, and none was left out. */
export function expectAllSamplesSettled({ samples }: Pick<RunSummary, 'samples'>, epochs: number): void {
  const { planned, trained, withheld, partlyRefused, torn, refused, neverSeen, complete } = samples;
  expect(planned).toBe(epochs * A9A_SAMPLES);
  expect(trained + withheld + partlyRefused + torn + refused).toBe(planned);
  expect(neverSeen).toBe(0);
  expect(complete).toBe(true);
}

/** Rows of pushes of one shard. A process that was killed may have left half a row at the end of what it wrote. */
export function pushRecords(run: string, shard: number): StalenessRecord[] {
  const text = readFileSync(join(run, 'records', `shard-${shard}.jsonl`), 'utf8');
  const rows: StalenessRecord[] = [];
  for (const line of text.split('\n')) {
    try {
      const row = JSON.parse(line) as StalenessRecord | { event: string };
      if ('outcome' in row) rows.push(row);
    } catch {
      // half a row
    }
  }
  return rows;
}

export function shardsWithRecords(run: string): number {
  return readdirSync(join(run, 'records')).length;
}

/**
 * The shards' own word, where no shard was lost: how often each batch went into the weights. Never twice; and on every
 * shard, or else it is torn.
 * @returns batches that are on some shards only
 */
export function expectNoBatchTwice(run: string, batches: number): number {
  const onShards = Array.from({ length: batches }, () => 0);
  const shards = shardsWithRecords(run);
  for (let shard = 0; shard < shards; shard += 1) {
    const seen = new Set<number>();
    for (const { firstBatch, outcome } of pushRecords(run, shard)) {
      if (outcome !== 'applied' && outcome !== 'buffered') continue;
      expect(seen.has(firstBatch), `batch ${firstBatch} went into shard ${shard} once`).toBe(false);
      seen.add(firstBatch);
      onShards[firstBatch] = (onShards[firstBatch] ?? 0) + 1;
    }
  }
  expect(onShards.filter((count) => count === 0).length, 'batches that are on no shard').toBe(0);
  return onShards.filter((count) => count < shards).length;
}
