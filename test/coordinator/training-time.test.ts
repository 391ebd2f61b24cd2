import { expect, test } from 'vitest';
import { JobLeader } from '../../src/coordinator/leader.ts';
import type { LeaderOptions } from '../../src/coordinator/leader-options.ts';
import type { LeaderPorts, StoredJob } from '../../src/coordinator/ports.ts';
import { Ticket } from '../../src/coordinator/ticket.ts';

const options: LeaderOptions = {
  job: 'timed',
  epoch: 2,
  shape: { batchesPerEpoch: 10, batchSize: 1, samplesPerEpoch: 10 },
  totalBatches: 10,
  taskBatches: 5,
  reserveBatches: 5,
  mapVersion: 1,
  ranges: [[{ start: 0, length: 16 }]],
  leaseMs: 1_000_000,
  serverReturnMs: 1_000_000,
  evaluateEveryUpdates: undefined,
  evaluationWaitMs: 1000,
  checkpointEveryMs: undefined,
  checkpointEveryUpdates: undefined,
  workersMin: 1,
  workersMax: 4,
  stop: {},
};

const stored: StoredJob = {
  history: 1,
  restoring: false,
  evaluations: [],
  state: 'running',
  reason: '',
  members: { 'worker-0': 1 },
  incarnations: { 'worker-0': 1 },
  reserved: 0,
  settled: [],
  torn: [],
  draining: undefined,
  refusedAttempts: 0,
  redoneBatches: 0,
  redoneUpdates: 0,
  restores: 0,
  checkpoints: 1,
  mapVersion: 1,
  ranges: options.ranges,
  evaluatedUpdates: 0,
  elapsedMs: 0,
  versions: [0],
};

/** Shards and store that never answer: the job stays as it is, and only time goes by. */
const silent: LeaderPorts = {
  order: () => new Ticket(),
  store: () => new Ticket(),
  writeManifest: () => new Ticket(),
  readManifest: () => new Ticket(),
  event: () => {},
  wallClock: () => '',
};

test('training time is the time that goes by, however many requests come between two ticks', () => {
  const leader = new JobLeader(options, silent, stored, 0);
  leader.begin(0, false);
  const identity = { job: 'timed', history: 1, worker: 'worker-0', incarnation: 1 };
  for (let nowMs = 20; nowMs <= 10_000; nowMs += 20) {
    for (const atMs of [nowMs - 15, nowMs - 1]) {
      leader.request({ worker: 'worker-0', evaluator: false, identity, held: [], request: { type: 'report' } }, () => {}, atMs);
    }
    leader.tick(nowMs);
  }
  expect(leader.state).toBe('running');
  expect(leader.progress().elapsedMs).toBe(10_000);
});
