import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '../../../src/config/job.ts';
import { deadlines } from '../../../src/config/deadlines.ts';
import { Random } from '../../../src/random.ts';
import { Cluster, until, type LocalWorker } from './cluster.ts';
import { startRelay, type CoordinatorRelay } from './coordinator-relay.ts';
import { SAMPLES, batchesOf, countTo, exactJob, exactSum, firstDifference, writeIntegers, type ExactJob } from './exact-job.ts';
import { FaultProxy } from './fault-proxy.ts';
import { elementsOf, noGradients, synthetic, type GradientCall } from './synthetic-compute.ts';

/** Long, so that no lease ends on a machine that is busy. */
const DETECT_MS = 10_000;
/** Short, so that a mute peer is soon given up. */
const MUTE_DETECT_MS = 4_000;
const SHARDS = 2;
const { connectMs } = deadlines(MUTE_DETECT_MS);

let cluster: Cluster;
let proxies: FaultProxy[] = [];
let relay: CoordinatorRelay;

beforeAll(async () => {
  cluster = await Cluster.start({ servers: SHARDS, detectFailureMs: DETECT_MS });
});
afterEach(async () => {
  await cluster.dismiss();
  await Promise.all(proxies.map((proxy) => proxy.close()));
  await relay?.close();
});
afterAll(() => cluster?.close());

/** A proxy in front of every shard, and a relay that tells workers so. */
async function between(): Promise<void> {
  proxies = await Promise.all(cluster.servers.map(({ address }) => FaultProxy.start(address, { tap: true })));
  relay = await startRelay(
    cluster.coordinator.address,
    new Map(cluster.servers.map(({ address }, shard) => [address, proxies[shard]!.address])),
  );
}

async function submit(options: Pick<ExactJob, 'name' | 'batches'> & Partial<ExactJob>): Promise<Job> {
  const job = exactJob({
    shards: SHARDS,
    taskBatches: 5,
    consistency: { policy: 'asp' },
    optimizer: { name: 'sgd', learningRate: 1 },
    detectFailureMs: DETECT_MS,
    ...options,
  });
  await cluster.submit(job);
  cluster.evaluator(synthetic(noGradients));
  return job;
}

/** Whole numbers, with something done while the worker holds its gradient and every weight has come. */
function worker(
  beforePush: (call: GradientCall) => void | Promise<void>,
  address = relay.address,
  detectFailureMs = DETECT_MS,
): LocalWorker {
  return cluster.worker(
    'worker-0',
    synthetic({
      gradient: async (call) => {
        writeIntegers(call);
        await beforePush(call);
      },
    }),
    address,
    detectFailureMs,
  );
}

/** The end weights are the exact sum, updates = batches, and every shard decided each batch once. */
async function checkExact(job: Job, batches: number): Promise<void> {
  const status = await cluster.succeeded(job.name);
  expect(status).toMatchObject({
    state: 'succeeded',
    updates: batches,
    accounting: { trained: SAMPLES, partlyRefused: 0, torn: 0, refused: 0, neverSeen: 0, settledBatches: batches, restores: 0 },
  });
  const elements = elementsOf(job);
  const sum = exactSum(elements, batches);
  expect(firstDifference(await cluster.weights(job, elements), sum)).toBeUndefined();
  expect(firstDifference((await cluster.lastCheckpoint(job, elements)).flat, sum)).toBeUndefined();
  for (let shard = 0; shard < SHARDS; shard += 1) {
    const { pushes } = await cluster.records(job.name, shard, batches);
    expect(batchesOf(pushes)).toEqual(countTo(batches));
    expect(pushes.map(({ versionApplied }) => versionApplied)).toEqual(countTo(batches).map((before) => before + 1));
  }
}

describe('exactly once', () => {
  it('holds when the stream is cut after apply and before reply, at every push of a run', async () => {
    await between();
    const batches = 20;
    const job = await submit({ name: 'cut-before-reply', batches });
    const cutting: Promise<void>[] = [];
    worker(({ iteration }) => {
      for (const [shard, proxy] of proxies.entries()) {
        proxy.withhold();
        cutting.push(
          until(
            async () => (await cluster.shardStatus(job.name, shard)).version === iteration + 1,
            `push ${iteration + 1} on shard ${shard}`,
          ).then(() => proxy.cut()),
        );
      }
    });
    await checkExact(job, batches);
    await Promise.all(cutting);
    for (const { delivered, sent } of proxies) {
      const replies = delivered.flatMap(({ push }) => (push && push.sequence > 0 ? [push] : []));
      expect(replies.map(({ sequence }) => sequence)).toEqual(countTo(batches).map((before) => before + 1));
      for (const reply of replies)
        expect(reply).toMatchObject({ repeated: true, outcome: 'APPLIED', outcomeForgotten: false, versionLag: 0 });
      const whole = sent.flatMap(({ push }) => (push?.last && push.sequence > 0 ? [push.sequence] : []));
      expect(whole, 'each push was sent twice').toEqual(countTo(2 * batches).map((half) => Math.floor(half / 2) + 1));
    }
  });

  it.each([
    ['of one chunk', { name: 'logistic-regression' }, 300],
    ['of several chunks', { name: 'mlp', hidden: [4700] }, 1_180_000],
  ])('holds when the stream is cut in the middle of pushes %s, after any number of bytes', async (title, model, bytesMax) => {
    await between();
    const batches = bytesMax > 1_000_000 ? 7 : 25;
    const job = await submit({ name: `torn-${title.replaceAll(' ', '-')}`, batches, model });
    const random = new Random({ seed: batches, stream: 'fault' });
    worker(() => {
      for (const proxy of proxies) proxy.cutAfter(1 + Math.floor(random.uniform() * bytesMax));
    });
    await checkExact(job, batches);
    expect(
      proxies.reduce((sum, { cuts }) => sum + cuts, 0),
      'every push was cut',
    ).toBeGreaterThanOrEqual(SHARDS * batches);
  });
});

describe('a mute server', () => {
  /** Connections of one address in a row, each given up for the next. */
  function gaps(acceptedMs: readonly number[], from: number, count: number): number[] {
    return countTo(count).map((index) => acceptedMs[from + index + 1]! - acceptedMs[from + index]!);
  }

  it("on a shard's address is given up within the connect deadline, tried again, and the run ends right", async () => {
    await between();
    const batches = 12;
    const [first, second] = proxies as [FaultProxy, FaultProxy];
    first.muteNext = 3;
    const job = await submit({ name: 'mute-shard', batches, detectFailureMs: MUTE_DETECT_MS });
    let midRun = 0;
    const { logs } = worker(({ iteration }) => {
      if (iteration !== 6) return;
      midRun = second.acceptedMs.length;
      second.muteNext = 2;
      second.cut();
    });
    await checkExact(job, batches);
    const tries = [...gaps(first.acceptedMs, 0, 3), ...gaps(second.acceptedMs, midRun, 2)];
    for (const gap of tries) {
      expect(gap, 'not sooner than the deadline').toBeGreaterThan(connectMs * 0.9);
      expect(gap, 'and not much later, on a machine that may be busy').toBeLessThan(connectMs * 20);
    }
    const reasons = logs.flatMap(({ event, facts }) => (event === 'streamClosed' ? [String(facts['reason'])] : []));
    expect(reasons.filter((reason) => reason.includes(`within ${connectMs} ms`))).toHaveLength(5);
  });

  it("on the coordinator's address is given up within the connect deadline, tried again, and the run ends right", async () => {
    await between();
    const batches = 12;
    const door = await FaultProxy.start(relay.address);
    proxies.push(door);
    door.muteNext = 3;
    const job = await submit({ name: 'mute-coordinator', batches, taskBatches: 4 });
    let midRun = 0;
    const { logs } = worker(
      ({ iteration }) => {
        if (iteration !== 6) return;
        midRun = door.acceptedMs.length;
        door.muteNext = 2;
        door.cut();
      },
      door.address,
      MUTE_DETECT_MS,
    );
    await checkExact(job, batches);
    for (const gap of [...gaps(door.acceptedMs, 0, 3), ...gaps(door.acceptedMs, midRun, 2)]) {
      expect(gap).toBeGreaterThan(connectMs * 0.9);
      expect(gap).toBeLessThan(connectMs * 20);
    }
    const failures = logs.filter(({ event, facts }) => event === 'askFailed' && String(facts['error']).includes(`within ${connectMs} ms`));
    expect(failures.length).toBeGreaterThanOrEqual(5);
  });
});
