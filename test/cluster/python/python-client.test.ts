/**
 * A worker in another language: test/python/client.py, whose only source of ours is what grpcio-tools makes of proto/, is
 * the one worker of a real coordinator and two real parameter servers.
 */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobFromObject } from '../../../src/config/job.ts';
import type { JobStatus } from '../../../src/coordinator/status.ts';
import { findPython, INSTALL_LIMIT_MS, pythonEnvironment, type Python } from '../../python/environment.ts';
import { BOUND_MS, Cluster, until } from '../exact/cluster.ts';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../../..');
const DETECT_FAILURE_MS = 20_000;
const TASK_BATCHES = 4;
const BATCH_SIZE = 10;

/** 1.6 MB of weights on each of two shards: a push takes two whole chunks. */
const job = jobFromObject({
  name: 'python',
  model: { name: 'mlp', hidden: [1024] },
  dataset: { name: 'digits', batchSize: BATCH_SIZE },
  shards: 2,
  workers: 1,
  taskBatches: TASK_BATCHES,
  consistency: { policy: 'asp' },
  optimizer: { name: 'sgd', learningRate: 0.5 },
  checkpoint: { everySeconds: 3600 },
  evaluate: { everyUpdates: 1_000_000 },
  stop: { epochs: 1 },
  detectFailureMs: DETECT_FAILURE_MS,
});

interface Reply {
  readonly sequence: number;
  readonly outcome: string;
  readonly repeated: boolean;
  readonly versionLag: number;
  readonly version: number;
}

interface Report {
  readonly registered: { incarnation: number; elements: number[] };
  readonly initialized: { first: Reply[]; again: Reply[] };
  readonly task: { firstBatch: number; count: number };
  readonly refusals: Record<string, { code: string; message: string; unchanged: boolean }>;
  readonly pushes: {
    batch: number;
    clock: number;
    shard: number;
    way: string;
    chunks: number;
    pulledWhatWasExpected: boolean;
    clockOfWeights: number;
    first: Reply;
    again: Reply;
  }[];
  readonly idle: { members: number[]; pull: string; clockBefore: number; clockAfter: number };
  readonly final: string[];
  readonly left: { refused: boolean; pushAfter: string };
}

let python: Python = { missing: 'not looked for yet' };
let cluster: Cluster | undefined;
let report: Report | undefined;
let hashesAfter: string[] = [];
let versionsAfter: number[] = [];

beforeAll(async () => {
  python = await findPython({
    name: 'grpc',
    packages: ['grpcio', 'grpcio-tools', 'numpy'],
    modules: ['grpc', 'grpc_tools.protoc', 'numpy'],
  });
  if ('missing' in python) return;
  cluster = await Cluster.start({ servers: 2, detectFailureMs: DETECT_FAILURE_MS });
  const generated = join(cluster.folder, 'generated');
  mkdirSync(generated);
  const protos = ['tardigrad/v1/parameter_server.proto', 'tardigrad/v1/coordinator.proto'];
  const out = [`--python_out=${generated}`, `--grpc_python_out=${generated}`];
  await run('python3', ['-m', 'grpc_tools.protoc', '-I', join(ROOT, 'proto'), ...out, ...protos], { env: pythonEnvironment(python.path) });
  await cluster.submit(job);
  const client = [join(ROOT, 'test/python/client.py'), cluster.coordinator.address, 'python-0'];
  const { stdout } = await run('python3', client, { env: pythonEnvironment(generated, python.path), timeout: BOUND_MS });
  report = JSON.parse(stdout) as Report;
  const statuses = await Promise.all([0, 1].map((shard) => cluster!.shardStatus(job.name, shard)));
  hashesAfter = statuses.map(({ stateHash }) => stateHash);
  versionsAfter = statuses.map(({ version }) => version);
}, INSTALL_LIMIT_MS + BOUND_MS);

afterAll(async () => cluster?.close());

/** The client's report; skips where there is no Python. */
function told(skip: (why: string) => void): Report {
  if ('missing' in python) skip(python.missing);
  if (report === undefined) throw new Error('the client ended without a report');
  return report;
}

describe('a worker in Python, made from proto/ alone', () => {
  test('registers, enters at both shards, and gives the job its initial weights', ({ skip }) => {
    const { registered, initialized } = told(skip);
    expect(registered.incarnation).toBe(1);
    expect(registered.elements.reduce((sum, count) => sum + count)).toBe(784 * 1024 + 1024 + 1024 * 10 + 10);
    expect(initialized.first).toEqual([0, 1].map(() => ({ sequence: 0, outcome: 'APPLIED', repeated: false, versionLag: 0, version: 0 })));
    expect(initialized.again).toEqual(initialized.first.map((reply) => ({ ...reply, repeated: true })));
  });

  test('pushes over Push and over Exchange in several chunks, and pulls exactly the weights that follow', ({ skip }) => {
    const { pushes, task } = told(skip);
    expect(task).toEqual({ firstBatch: 0, count: TASK_BATCHES });
    expect(pushes).toHaveLength(2 * (TASK_BATCHES + 1));
    expect(new Set(pushes.map(({ shard, way }) => `${shard} ${way}`)).size).toBe(4);
    for (const { batch, clock, chunks, clockOfWeights, pulledWhatWasExpected, first } of pushes) {
      expect(pulledWhatWasExpected).toBe(true);
      expect(clockOfWeights).toBe(clock);
      expect(chunks).toBe(2);
      expect(first).toEqual({ sequence: batch + 1, outcome: 'APPLIED', repeated: false, versionLag: 0, version: batch + 1 });
    }
  });

  test('gets the first outcome again for a repeated push, also on the other way', ({ skip }) => {
    for (const { first, again } of told(skip).pushes) expect(again).toEqual({ ...first, repeated: true });
  });

  test('is refused with the documented codes, and nothing changes', ({ skip }) => {
    const { refusals } = told(skip);
    expect(Object.fromEntries(Object.entries(refusals).map(([name, { code }]) => [name, code]))).toEqual({
      'nan by Exchange': 'INVALID_ARGUMENT',
      'nan by Push': 'INVALID_ARGUMENT',
      'infinity by Exchange': 'INVALID_ARGUMENT',
      'too short by Exchange': 'INVALID_ARGUMENT',
      'too short by Push': 'INVALID_ARGUMENT',
      'too long by Exchange': 'INVALID_ARGUMENT',
      'too long by Push': 'INVALID_ARGUMENT',
      "another shard's ranges": 'INVALID_ARGUMENT',
      'a hole between chunks': 'INVALID_ARGUMENT',
      'a chunk over the limit': 'INVALID_ARGUMENT',
      'a gap in the sequence': 'OUT_OF_RANGE',
      'a life that is over': 'FAILED_PRECONDITION',
      'a life that is not known yet': 'UNAVAILABLE',
      'a job that is not here': 'UNAVAILABLE',
    });
    expect(Object.values(refusals).map(({ unchanged }) => unchanged)).not.toContain(false);
    expect(refusals['nan by Push']?.message).toContain('all must be finite');
  });

  test('goes idle, is waited for by nobody, and comes back', ({ skip }) => {
    const { idle } = told(skip);
    expect(idle).toEqual({ members: [0, 0], pull: 'INVALID_ARGUMENT', clockBefore: TASK_BATCHES, clockAfter: TASK_BATCHES });
  });

  test('leaves: its life is over at every shard, and what it pushed stays', ({ skip }) => {
    const { left, final } = told(skip);
    expect(left).toEqual({ refused: false, pushAfter: 'FAILED_PRECONDITION' });
    expect(hashesAfter).toEqual(final);
    expect(versionsAfter).toEqual([TASK_BATCHES + 1, TASK_BATCHES + 1]);
  });

  test('is accounted for by the coordinator, batch by batch, also those of the task that it left', async ({ skip }) => {
    told(skip);
    const settled = (status: JobStatus): boolean => status.accounting.settledBatches === TASK_BATCHES + 1 && status.workers.length === 0;
    const status = await until(async () => {
      const now = await cluster!.status(job.name);
      return settled(now) && now;
    }, 'the batches that the client pushed to be settled');
    expect(status.accounting).toMatchObject({ trained: (TASK_BATCHES + 1) * BATCH_SIZE, torn: 0, refused: 0, refusedAttempts: 0 });
    expect(status.events.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['joined', 'left']));
  });
});
