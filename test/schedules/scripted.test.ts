/** Schedules that once broke a promise, each forced by a script's hand and run from several seeds. */
import { expect, test } from 'vitest';
import { Mark } from '../../src/ps/mark.ts';
import type { DownMessage, Hello, PushHeader, UpMessage } from '../../src/transport/messages.ts';
import type { WorkerRequest } from '../../src/transport/requests.ts';
import { WorkerSession } from '../../src/worker/session.ts';
import { runSchedule, type ScheduleOptions } from './schedule.ts';
import type { World } from './world.ts';

const SEEDS = Array.from({ length: 12 }, (_, seed) => seed);

/** Lets `act` happen once, when `when` first holds. */
function once(when: (world: World) => boolean, act: (world: World) => void): (world: World) => void {
  let done = false;
  return (world) => {
    if (done || !world.latest.alive || !when(world)) return;
    done = true;
    act(world);
  };
}

function expectAll(options: () => ScheduleOptions): void {
  for (const seed of SEEDS) {
    const { over, ...rest } = options();
    const result = runSchedule(seed, { over: { faults: {}, workers: 2, shards: 2, ...over }, ...rest });
    expect([seed, result.violation]).toEqual([seed, undefined]);
  }
}

const running = (world: World): boolean => world.latest.leader.state === 'running' && world.latest.leader.accounting().settledBatches >= 2;

test('a leader that takes over while the job is finishing finishes it', () => {
  expectAll(() => ({
    interfere: once(
      (world) => world.store.record?.state === 'finishing',
      (world) => (world.latest.alive = false),
    ),
  }));
});

test('a job that was told to stop stops under the next leader too', () => {
  expectAll(() => {
    const stop = once(running, (world) => world.latest.leader.stop('told to', world.now));
    const kill = once(
      (world) => world.store.record?.draining !== undefined,
      (world) => (world.latest.alive = false),
    );
    return {
      ends: 'stopped',
      over: { taskBatches: 2, batchesPerEpoch: 14, epochs: 1 },
      interfere: (world) => {
        stop(world);
        kill(world);
      },
    };
  });
});

test('a shard that holds nothing makes the job restore though nobody said that its server restarted', () => {
  expectAll(() => ({
    over: { checkpoints: 0 },
    interfere: once(running, (world) => {
      world.killServer(0);
      world.restartServer(0);
      world.messages = world.messages.filter(({ label }) => !label.endsWith('registers'));
      world.latest.leader.checkpointNow(() => undefined);
    }),
  }));
});

test('a server that is away during the last checkpoint does not fail the job', () => {
  expectAll(() => ({
    interfere: once(
      (world) => world.latest.leader.state === 'finishing' && world.latest.leader.progress().cutting,
      (world) => world.killServer(0),
    ),
  }));
});

test('a leader that finds the shards cut in another way goes back to the last checkpoint', () => {
  expectAll(() => ({
    interfere: once(running, (world) => {
      world.latest.alive = false;
      world.recut(1, false);
      world.newCoordinator(false, true);
    }),
  }));
});

test('a repeat of a held push takes a new place in the order', () => {
  const mark = new Mark(1, {}, 0);
  const hold = (sequence: number, stream: number): void =>
    mark.hold({ worker: 'w', incarnation: 1, push: { stream, header: { sequence } as PushHeader, gradient: new Float32Array() } });
  hold(2, 1); // ahead of a malformed 1
  hold(1, 1);
  hold(2, 1);
  expect(mark.release().map(({ push }) => push.header.sequence)).toEqual([1, 2]);
});

test("only the reply to a stream's last hello says where a worker enters", () => {
  const sent: UpMessage[] = [];
  const hellos: Hello[] = [];
  const asked: WorkerRequest[] = [];
  const session = new WorkerSession(
    {
      open: (_shard, hello) => hellos.push(hello),
      send: (_shard, message) => sent.push(message),
      push: () => undefined,
      ask: (request) => asked.push(request),
      compute: () => undefined,
      initialize: () => undefined,
      weights: () => undefined,
      joined: () => undefined,
      log: () => undefined,
    },
    { pipelining: 0, pullsInOrder: false, accumulate: 1, retryMs: 1, retryMaxMs: 1, idlePollMs: 1, reportMs: 1000, batchAttempts: 1 },
  );
  let now = 0;
  const answer = (value: Parameters<WorkerSession['answered']>[1]): void =>
    session.answered(asked.at(-1) as WorkerRequest, value, 1, (now += 1));
  const hear = (message: DownMessage): void => session.message(0, message, 1, (now += 1));
  const tick = (): void => session.tick((now += 10));
  tick();
  answer({
    type: 'registered',
    identity: { job: 'j', history: 1, worker: 'w', incarnation: 1 },
    mapVersion: 1,
    shards: [{ server: '', address: '' }],
  });
  hear({ type: 'hello', clock: 0, version: 0 });
  answer({ type: 'none' });
  hear({ type: 'idle' });
  session.streamClosed(0, (now += 1));
  tick(); // a new stream, idle
  expect(hellos.map(({ enter }) => enter)).toEqual([true, false]);
  tick();
  answer({ type: 'task', task: { task: 1, kind: 'train', firstBatch: 0, count: 1 } }); // and at once it enters, on the same stream
  expect(sent.at(-1)).toMatchObject({ type: 'hello', enter: true });
  hear({ type: 'hello', clock: 3, version: 0 }); // what it was when the stream opened
  hear({ type: 'hello', clock: 5, version: 0 });
  expect(sent.at(-1)).toEqual({ type: 'pull', clock: 5 });
});
