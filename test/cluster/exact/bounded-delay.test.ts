import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '../../../src/config/job.ts';
import type { SampleAccounting } from '../../../src/coordinator/status.ts';
import type { StalenessRecord } from '../../../src/ps/events.ts';
import { Cluster, until } from './cluster.ts';
import { SAMPLES, exactJob, exactSum, firstDifference, replay, writeIntegers } from './exact-job.ts';
import { Gate, elementsOf, noGradients, samplesOf, synthetic } from './synthetic-compute.ts';

/** Long, so that no lease ends on a machine that is busy. */
const DETECT_MS = 10_000;
const SHARDS = 2;
const WORKERS = 4;
const BATCHES = 160;
/** Iterations of every worker process that show that nobody waits for ever. */
const ENOUGH = 40;

type WhenLate = 'refuse' | 'withhold' | 'pace';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start({ servers: SHARDS, detectFailureMs: DETECT_MS });
});
afterEach(() => cluster.dismiss());
afterAll(() => cluster?.close());

function boundedJob(name: string, whenLate: WhenLate, bound: number, epochs = 1): Job {
  return exactJob({
    name,
    batches: BATCHES,
    epochs,
    taskBatches: 8,
    shards: SHARDS,
    // Training begins when all are there.
    workers: { count: WORKERS, min: WORKERS },
    consistency: { policy: 'bounded-delay', bound, whenLate },
    detectFailureMs: DETECT_MS,
  });
}

/** Every shard's rows, once there are so many and the job is finished there. */
function recordsOf(job: Job, pushes: number): Promise<StalenessRecord[][]> {
  return Promise.all(cluster.servers.map(async (_, shard) => (await cluster.records(job.name, shard, pushes)).pushes));
}

/** What a shard did, worked out anew from the versions in its rows: in the weights up to the bound, kept out beyond it. */
function checkBound(rows: readonly StalenessRecord[], bound: number, keptOut: 'stale' | 'withheld'): void {
  let version = 0;
  for (const row of rows) {
    const lag = version - row.versionRead;
    const expected =
      lag <= bound
        ? { outcome: 'applied', versionLag: lag, versionApplied: (version += 1) }
        : { outcome: keptOut, versionLag: -1, versionApplied: -1 };
    expect(row).toMatchObject(expected);
  }
}

/** What the job's books must say of its one data epoch, or more, as it follows from all shards' rows: what became of each push, put together from its parts. */
function accountingOf(job: Job, records: readonly (readonly StalenessRecord[])[]): Partial<SampleAccounting> {
  const pushes = new Map<string, StalenessRecord[]>();
  for (const row of records.flat()) {
    const key = `${row.worker} ${row.incarnation} ${row.sequence}`;
    pushes.set(key, [...(pushes.get(key) ?? []), row]);
  }
  const books = { trained: 0, withheld: 0, partlyRefused: 0, torn: 0, refused: 0, settledBatches: 0, refusedAttempts: 0 };
  const settled = new Set<number>();
  for (const [key, parts] of pushes) {
    expect(parts, `${key} came to every shard`).toHaveLength(SHARDS);
    const outcomes = new Set(parts.map(({ outcome }) => outcome));
    const { firstBatch } = parts[0]!;
    if (outcomes.size === 1 && outcomes.has('stale')) {
      books.refusedAttempts += 1;
      continue;
    }
    expect(settled.has(firstBatch), `batch ${firstBatch} is settled twice`).toBe(false);
    settled.add(firstBatch);
    books.settledBatches += 1;
    const samples = samplesOf(job, firstBatch % BATCHES);
    if (outcomes.size > 1) books.partlyRefused += samples;
    else if (outcomes.has('applied')) books.trained += samples;
    else books.withheld += samples;
  }
  const planned = SAMPLES * job.stop.epochs!;
  return { ...books, planned, neverSeen: planned - books.trained - books.withheld - books.partlyRefused };
}

/** The versions of both shards. */
async function versions(job: Job): Promise<number[]> {
  const statuses = await Promise.all(cluster.servers.map((_, shard) => cluster.shardStatus(job.name, shard)));
  return statuses.map(({ version }) => version);
}

/**
 * Four workers of uneven speed. As many as the bound lets in compute at once before anybody pushes; then one of them holds
 * its gradient until the weights have gone on by `slowest` updates.
 */
function crowd(job: Job, atOnce: number, slowest: number): void {
  const first = new Set<string>();
  const allIn = new Gate();
  let slow: string | undefined;
  for (let index = 0; index < WORKERS; index += 1) {
    const name = `worker-${index}`;
    cluster.worker(
      name,
      synthetic({
        gradient: async ({ batch, out, iteration }) => {
          writeIntegers({ batch, out });
          if (first.add(name).size >= atOnce) allIn.release();
          await allIn.opened;
          slow ??= name;
          if (name === slow && iteration === 0)
            await until(async () => (await versions(job)).every((version) => version >= slowest), 'the others to go on');
          await new Promise((done) => setTimeout(done, (batch * 7 + index * 3) % 5));
        },
      }),
    );
  }
}

describe('bounded delay with four workers on two shards', () => {
  it.each([0, 3])('paced at bound %i never locks, and applies everything within the bound', async (bound) => {
    const job = boundedJob(`paced-${bound}`, 'pace', bound);
    await cluster.submit(job);
    cluster.evaluator(synthetic(noGradients));
    // The slow one's gradient comes at the very bound: the others cannot pass it.
    crowd(job, bound + 1, bound);
    const status = await cluster.succeeded(job.name);
    const records = await recordsOf(job, BATCHES);
    for (const rows of records) {
      checkBound(rows, bound, 'stale');
      expect(rows.every(({ outcome }) => outcome === 'applied')).toBe(true);
      expect(Math.max(...rows.map(({ versionLag }) => versionLag)), 'the bound is reached').toBe(bound);
      expect(new Set(rows.map(({ worker }) => worker)).size).toBe(WORKERS);
    }
    expect(status.accounting).toMatchObject({ ...accountingOf(job, records), trained: SAMPLES, neverSeen: 0 });
    const weights = await cluster.weights(job, elementsOf(job));
    expect(firstDifference(weights, exactSum(elementsOf(job), BATCHES))).toBeUndefined();
  });

  it.each([
    ['refuse', 'stale'],
    ['withhold', 'withheld'],
  ] as const)('set to %s at bound 3 keeps everything later out of the weights', async (whenLate, keptOut) => {
    const bound = 3;
    const job = boundedJob(`late-${whenLate}`, whenLate, bound);
    await cluster.submit(job);
    cluster.evaluator(synthetic(noGradients));
    crowd(job, WORKERS, bound + 1);
    const status = await cluster.succeeded(job.name);
    const records = await recordsOf(job, BATCHES);
    for (const rows of records) {
      checkBound(rows, bound, keptOut);
      expect(rows.some(({ outcome }) => outcome === keptOut)).toBe(true);
    }
    const books = accountingOf(job, records);
    expect(status.accounting).toMatchObject({ ...books, neverSeen: 0 });
    expect(whenLate === 'refuse' ? books.refusedAttempts : books.withheld).toBeGreaterThan(0);
    const applied = records.map((rows) => rows.filter(({ outcome }) => outcome === 'applied'));
    expect(firstDifference(await cluster.weights(job, elementsOf(job)), replay(job, applied, 1))).toBeUndefined();
  });

  it.for([0, 3])('paced at bound %i goes on for as long as four worker processes train', async (bound, context) => {
    if (process.env['TARDIGRAD_DATA'] === undefined)
      return context.skip('a9a is not here: TARDIGRAD_DATA does not name a folder that holds it');
    const job = boundedJob(`processes-${bound}`, 'pace', bound, 1_000);
    await cluster.submit(job);
    cluster.evaluator(synthetic(noGradients));
    const names = Array.from({ length: WORKERS }, (_, index) => `worker-${index}`);
    const started = names.map((name) =>
      cluster.role(
        name,
        `worker --name ${name} --coordinator ${cluster.coordinator.address} --backend cpu --detect-failure-ms ${DETECT_MS}`.split(' '),
      ),
    );
    const workers = await Promise.all(started);
    await until(
      async () => {
        const status = await cluster.status(job.name);
        return names.every((name) => (status.workers.find((worker) => worker.name === name)?.iterations ?? 0) >= ENOUGH);
      },
      () => `${ENOUGH} iterations of each worker\n${cluster.logs()}`,
    );
    await cluster.client.stop({ job: job.name });
    const status = await cluster.ended(job.name);
    expect(status.state).toBe('stopped');
    expect(await Promise.all(workers.map(({ exited }) => exited))).toEqual([0, 0, 0, 0]);
    const records = await recordsOf(job, WORKERS * ENOUGH);
    for (const rows of records) {
      checkBound(rows, bound, 'stale');
      expect(rows.every(({ outcome }) => outcome === 'applied')).toBe(true);
    }
    expect(status.accounting).toMatchObject(accountingOf(job, records));
  });
});
