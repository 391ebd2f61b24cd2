import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { JobStatus } from '../../../src/coordinator/status.ts';
import type { Job } from '../../../src/config/job.ts';
import type { StalenessRecord } from '../../../src/ps/events.ts';
import { Cluster, until } from './cluster.ts';
import { SAMPLES, batchesOf, countTo, exactJob, exactSum, replay, writeIntegers } from './exact-job.ts';
import { Gate, elementsOf, noGradients, synthetic } from './synthetic-compute.ts';

const DETECT_MS = 10_000;
const SHARDS = 2;

const POLICIES: [string, Record<string, unknown>][] = [
  ['asp', { policy: 'asp' }],
  ['ssp bound 0', { policy: 'ssp', bound: 0 }],
  ['ssp bound 1', { policy: 'ssp', bound: 1 }],
  ['ssp bound 3', { policy: 'ssp', bound: 3 }],
  ['bsp mean', { policy: 'bsp', aggregate: 'mean' }],
  ['bsp sum', { policy: 'bsp', aggregate: 'sum' }],
];
/** Paced: refusing may take one part of a gradient and leave another, which no whole sum would show. */
const paced = (bound: number): [string, Record<string, unknown>] => [
  `bounded-delay paced at ${bound}`,
  { policy: 'bounded-delay', bound, whenLate: 'pace' },
];

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start({ servers: SHARDS, detectFailureMs: DETECT_MS });
});
afterEach(() => cluster.dismiss());
afterAll(() => cluster?.close());

/** Every batch is in the weights once: by the accounting, by both shards' records, and by the weights themselves. */
async function checkOnce(job: Job, batches: number, status: JobStatus): Promise<StalenessRecord[][]> {
  expect(status).toMatchObject({
    state: 'succeeded',
    accounting: {
      planned: SAMPLES,
      trained: SAMPLES,
      withheld: 0,
      partlyRefused: 0,
      torn: 0,
      refused: 0,
      neverSeen: 0,
      settledBatches: batches,
    },
  });
  const records: StalenessRecord[][] = [];
  for (let shard = 0; shard < SHARDS; shard += 1) {
    const { pushes } = await cluster.records(job.name, shard, batches);
    const applied = pushes.filter(({ versionApplied }) => versionApplied >= 0);
    expect(batchesOf(applied)).toEqual(countTo(batches));
    records.push(applied);
  }
  const weights = await cluster.weights(job, elementsOf(job));
  expect(weights).toEqual(replay(job, records, 1));
  // Whole numbers: whatever the order, the sum is exact; a mean halves some of it.
  if (job.consistency.policy !== 'bsp' || job.consistency.aggregate === 'sum') expect(weights).toEqual(exactSum(elementsOf(job), batches));
  expect((await cluster.lastCheckpoint(job, elementsOf(job))).flat).toEqual(weights);
  return records;
}

/** One member counts on every shard: others are idle. */
async function aloneOn(job: Job): Promise<boolean> {
  const statuses = await Promise.all(cluster.servers.map((_, shard) => cluster.shardStatus(job.name, shard)));
  return statuses.every(({ members }) => members === 1);
}

describe('a run whose data ends at different times for different workers ends, under every policy', () => {
  it.each([...POLICIES, paced(1)])('%s', async (title, consistency) => {
    // Three tasks for two workers: one of them has nothing left while the other still trains.
    const batches = 17;
    const job = exactJob({
      name: `ends-${nameOf(title)}`,
      batches,
      taskBatches: 7,
      shards: SHARDS,
      workers: 2,
      consistency,
      detectFailureMs: DETECT_MS,
    });
    await cluster.submit(job);
    cluster.evaluator(synthetic(noGradients));
    const bothTrain = new Gate();
    const arrived = new Set<string>();
    const join = (name: string, slowMs: number): void => {
      cluster.worker(
        name,
        synthetic({
          gradient: async ({ batch, out, iteration }) => {
            writeIntegers({ batch, out });
            arrived.add(name);
            if (arrived.size === 2) bothTrain.release();
            if (iteration === 0) await bothTrain.opened;
            if (slowMs > 0) await new Promise((done) => setTimeout(done, slowMs));
            // The very last batch is pushed when the other has long had nothing left to do.
            if (batch === batches - 1) await until(() => aloneOn(job), 'the other worker to be idle');
          },
        }),
      );
    };
    join('fast', 0);
    join('slow', 20);
    const status = await cluster.succeeded(job.name);
    for (const records of await checkOnce(job, batches, status)) {
      expect([...new Set(records.map(({ worker }) => worker))].toSorted()).toEqual(['fast', 'slow']);
    }
  });
});

describe('joining in mid-run under every policy', () => {
  // A tighter pace would hold the third until the second has pushed, which here waits for the third.
  it.each([...POLICIES, paced(40)])('%s', async (title, consistency) => {
    const batches = 29;
    const job = exactJob({
      name: `joins-${nameOf(title)}`,
      batches,
      taskBatches: 3,
      shards: SHARDS,
      workers: 3,
      consistency,
      detectFailureMs: DETECT_MS,
    });
    await cluster.submit(job);
    cluster.evaluator(synthetic(noGradients));
    const secondIn = new Gate();
    const thirdIn = new Gate();
    let secondStarted = false;
    let thirdStarted = false;
    const start = (name: string, gradient: (iteration: number) => Promise<void>): void => {
      cluster.worker(
        name,
        synthetic({
          gradient: async ({ batch, out, iteration }) => {
            writeIntegers({ batch, out });
            await gradient(iteration);
          },
        }),
      );
    };
    const joinThird = (): Promise<void> => {
      if (!thirdStarted) start('third', async () => thirdIn.release());
      thirdStarted = true;
      return thirdIn.opened;
    };
    const joinSecond = (): Promise<void> => {
      if (!secondStarted) {
        start('second', async (iteration) => {
          secondIn.release();
          if (iteration === 2) await joinThird();
        });
      }
      secondStarted = true;
      return secondIn.opened;
    };
    start('first', async (iteration) => {
      // It computes at clock 4, and pushes that only when the second computes too.
      if (iteration === 4) await joinSecond();
    });
    const status = await cluster.succeeded(job.name);
    const records = await checkOnce(job, batches, status);
    for (const rows of records) {
      const firstClock = (name: string): number => Math.min(...rows.filter(({ worker }) => worker === name).map(({ clock }) => clock));
      expect(firstClock('first')).toBe(0);
      expect(firstClock('second'), 'a worker that joins starts at the min clock').toBe(4);
      expect(firstClock('third')).toBeGreaterThanOrEqual(4);
    }
    await until(async () => (await cluster.status(job.name)).state === 'succeeded', 'the end');
  });
});

describe('ssp with bound 0', () => {
  it("equals bsp (sum) through gRPC, with 2 workers and integer gradients, where each round's pulls come before its pushes", async () => {
    const rounds = 8;
    const batches = 2 * rounds;
    const rate = 0.25;
    const run = async (
      consistency: Record<string, unknown>,
    ): Promise<{ x: Float32Array; reads: Float32Array[][]; versions: readonly number[] }> => {
      const job = exactJob({
        name: `equal-${String(consistency['policy'])}`,
        batches,
        taskBatches: rounds,
        shards: SHARDS,
        workers: 2,
        consistency,
        optimizer: { name: 'sgd', learningRate: rate },
        detectFailureMs: DETECT_MS,
      });
      await cluster.submit(job);
      cluster.evaluator(synthetic(noGradients));
      // A round's gradients are let go when both workers have pulled for it.
      const gates = Array.from({ length: rounds }, () => new Gate());
      const reads: Float32Array[][] = Array.from({ length: rounds }, () => []);
      for (const [index, name] of ['worker-0', 'worker-1'].entries()) {
        cluster.worker(
          name,
          synthetic({
            gradient: async ({ iteration, weights, out }) => {
              const round = reads[iteration]!;
              round.push(weights.slice());
              for (let i = 0; i < out.length; i += 1) out[i] = gradientAt(weights[i]!, iteration, index, i);
              if (round.length === 2) gates[iteration]!.release();
              await gates[iteration]!.opened;
            },
          }),
        );
      }
      const status = await cluster.succeeded(job.name);
      expect(status).toMatchObject({ state: 'succeeded', accounting: { trained: SAMPLES, neverSeen: 0 } });
      const x = await cluster.weights(job, elementsOf(job));
      const shards = await Promise.all(cluster.servers.map((_, shard) => cluster.shardStatus(job.name, shard)));
      return { x, reads, versions: shards.map(({ version }) => version) };
    };
    const ssp = await run({ policy: 'ssp', bound: 0 });
    const bsp = await run({ policy: 'bsp', aggregate: 'sum' });
    const x = new Float32Array(ssp.x.length);
    for (let round = 0; round < rounds; round += 1) {
      for (const reads of [ssp.reads[round]!, bsp.reads[round]!]) expect(reads).toEqual([x, x]);
      const sums = x.map((weight, i) => gradientAt(weight, round, 0, i) + gradientAt(weight, round, 1, i));
      for (let i = 0; i < x.length; i += 1) x[i] = x[i]! - rate * sums[i]!;
    }
    expect(ssp.x).toEqual(x);
    expect(bsp.x).toEqual(x);
    expect(ssp.versions).toEqual([batches, batches]);
    expect(bsp.versions).toEqual([rounds, rounds]);
  });
});

/** Whole numbers that depend on what was read: a wrong read would show. */
function gradientAt(weight: number, iteration: number, worker: number, element: number): number {
  return ((iteration * 5 + worker * 11 + element * 3) % 9) - 4 + (Number.isInteger(weight) ? 1 : -1);
}

function nameOf(title: string): string {
  return title.replaceAll(/[^a-z0-9]+/g, '-');
}
