import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Checkpoints } from '../../../src/coordinator/checkpoints.ts';
import type { Manifest } from '../../../src/coordinator/ports.ts';
import type { TardigradError } from '../../../src/errors.ts';
import type { ShardOrderReply__Output } from '../../../src/transport/generated/tardigrad/v1/ShardOrderReply.ts';
import { sendOrder } from '../../../src/transport/orders.ts';
import { Cluster } from './cluster.ts';
import { exactJob, writeIntegers } from './exact-job.ts';
import { noGradients, synthetic } from './synthetic-compute.ts';

const DETECT_MS = 10_000;

/** Two cuts of a real job: cut 1 before training, and `newest` at its end (a snapshot for the evaluator had a number too). */
let cluster: Cluster;
let checkpoints: Checkpoints;
let newest: Manifest;
let manifestPath = '';

beforeAll(async () => {
  cluster = await Cluster.start({ servers: 2, detectFailureMs: DETECT_MS });
  const job = exactJob({
    name: 'flipped',
    batches: 3,
    shards: 2,
    optimizer: { name: 'adam', learningRate: 0.1 },
    detectFailureMs: DETECT_MS,
  });
  await cluster.submit(job);
  cluster.evaluator(synthetic(noGradients));
  cluster.worker('worker-0', synthetic({ gradient: writeIntegers }));
  await cluster.succeeded(job.name);
  await cluster.dismiss();
  checkpoints = new Checkpoints(join(cluster.runFolder(job.name), 'checkpoints'), 3);
  newest = (await checkpoints.newest()).manifest!;
  manifestPath = join(checkpoints.cutFolder(newest.id), 'manifest.json');
});
afterAll(() => cluster?.close());

/** Runs `check` with each byte of the file, or each `stride`-th, changed in turn, and puts the file back. */
async function withEachByteFlipped(path: string, stride: number, check: (index: number) => Promise<void>): Promise<void> {
  const whole = readFileSync(path);
  try {
    for (let index = 0; index < whole.length; index += stride) {
      const flipped = Buffer.from(whole);
      // A different bit each time, so that all eight are tried.
      flipped[index]! ^= 1 << (index % 8);
      writeFileSync(path, flipped);
      await check(index);
    }
  } finally {
    writeFileSync(path, whole);
  }
}

async function idFound(): Promise<number | undefined> {
  return (await checkpoints.newest()).manifest?.id;
}

describe('checkpoint byte-flips are all detected', () => {
  it('starts from two whole cuts', async () => {
    expect(newest.id).toBeGreaterThan(1);
    expect(newest.versions).toEqual([3, 3]);
    expect((await checkpoints.read(1))?.versions).toEqual([0, 0]);
  });

  it('in every byte of the manifest: the cut before is taken', async () => {
    await withEachByteFlipped(manifestPath, 1, async (index) => {
      if ((await idFound()) !== 1) throw new Error(`a flip of byte ${index} was not detected`);
    });
    expect(await idFound()).toBe(newest.id);
  });

  it("in every byte of a shard's file: the cut before is taken", async () => {
    for (const [shard, { file }] of newest.files.entries()) {
      await withEachByteFlipped(file, shard === 0 ? 1 : 97, async (index) => {
        if ((await idFound()) !== 1) throw new Error(`a flip of byte ${index} was not detected`);
      });
    }
    expect(await idFound()).toBe(newest.id);
  });

  it('where a file is short, long, gone, or of another cut', async () => {
    const [first, second] = newest.files as [Manifest['files'][number], Manifest['files'][number]];
    const whole = readFileSync(first.file);
    for (const content of [whole.subarray(0, -1), Buffer.alloc(0), Buffer.concat([whole, Buffer.alloc(1)]), readFileSync(second.file)]) {
      writeFileSync(first.file, content);
      expect(await idFound()).toBe(1);
    }
    renameSync(first.file, `${first.file}.away`);
    expect(await idFound()).toBe(1);
    renameSync(`${first.file}.away`, first.file);
    writeFileSync(first.file, readFileSync(join(checkpoints.cutFolder(1), 'shard-0.safetensors')));
    expect(await idFound()).toBe(1);
    writeFileSync(first.file, whole);
    const manifest = readFileSync(manifestPath);
    for (const content of [manifest.subarray(0, -1), Buffer.alloc(0), Buffer.concat([manifest, Buffer.from('\n')])]) {
      writeFileSync(manifestPath, content);
      expect(await idFound()).toBe(1);
    }
    rmSync(manifestPath);
    expect(await idFound(), 'without a manifest the cut does not exist').toBe(1);
    writeFileSync(manifestPath, manifest);
    expect(await idFound()).toBe(newest.id);
  });

  it('and with none whole nothing is taken, and the problem is named', async () => {
    const oldest = join(checkpoints.cutFolder(1), 'manifest.json');
    const [older, newer] = [readFileSync(oldest), readFileSync(manifestPath)];
    writeFileSync(oldest, older.subarray(1));
    writeFileSync(manifestPath, newer.subarray(1));
    expect(await checkpoints.newest()).toMatchObject({
      problem: expect.stringMatching(new RegExp(`no checkpoint in .* is whole \\(cut ${newest.id}: .*; cut 1: `)),
    });
    expect(await idFound()).toBeUndefined();
    writeFileSync(oldest, older);
    writeFileSync(manifestPath, newer);
  });

  it('in any byte of a file that a shard is to load: it refuses with DATA_LOSS and holds nothing', async () => {
    const config = {
      job: 'loader',
      consistency: { policy: 'asp' },
      optimizer: { name: 'adam' },
      learningRate: 0.1,
      schedule: { name: 'constant' },
      samplesPerEpoch: 1000,
      pullWaitMs: 1000,
      markTimeoutMs: 1000,
      shardIndex: 0,
    };
    const load = (): Promise<ShardOrderReply__Output> =>
      sendOrder(
        cluster.connection(0),
        {
          job: 'loader',
          epoch: 1,
          load: {
            history: 2,
            mapVersion: newest.mapVersion,
            ranges: [...newest.ranges[0]!],
            config: JSON.stringify(config),
            sources: newest.files.map(({ file, bytes, sha256 }) => ({ file, bytes, sha256 })),
            clock: newest.clock,
          },
        },
        10_000,
      );
    for (const { file } of newest.files) {
      await withEachByteFlipped(file, 7, async (index) => {
        const code = await load().then(
          () => 'loaded',
          (error: TardigradError) => error.code,
        );
        if (code !== 'DATA_LOSS') throw new Error(`with byte ${index} of ${file} flipped the answer was ${code}`);
      });
    }
    expect((await cluster.shardStatus('loader', 0)).loaded).toBe(false);
    const reply = await load();
    expect(reply, 'the whole files load, and are what the manifest says').toMatchObject({ version: 3, stateHash: newest.stateHashes[0] });
  });
});
