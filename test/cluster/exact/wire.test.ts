/**
 * A parameter server process met by a raw gRPC client that says what no right worker would say; the test is its
 * coordinator too. After everything that is refused, the state's hash is what it was.
 */
import * as grpc from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TardigradError } from '../../../src/errors.ts';
import type { PushChunk } from '../../../src/transport/generated/tardigrad/v1/PushChunk.ts';
import type { ShardOrder } from '../../../src/transport/generated/tardigrad/v1/ShardOrder.ts';
import type { Identity, PushHeader, Range } from '../../../src/transport/messages.ts';
import { sendOrder } from '../../../src/transport/orders.ts';
import { pushOnce, readWeights } from '../../../src/transport/stand-alone.ts';
import { Cluster, until } from './cluster.ts';
import { RawStream } from './raw-stream.ts';

const RANGES: readonly Range[] = [
  { start: 32, length: 16 },
  { start: 96, length: 20 },
];
const ELEMENTS = 36;
const MAP_VERSION = 4;
const HISTORY = 3;
const INCARNATION = 5;
const CALL = { deadlineMs: 10_000 };
const EPOCH = 2;

let cluster: Cluster;
let channel: grpc.Client;
let job = '';
let jobs = 0;
let open: RawStream[] = [];

beforeAll(async () => {
  cluster = await Cluster.start({ servers: 1, detectFailureMs: 10_000 });
  channel = new grpc.Client(cluster.servers[0]!.address, grpc.credentials.createInsecure());
});
beforeEach(trained);
afterEach(() => {
  for (const stream of open) stream.cancel();
  open = [];
});
afterAll(async () => {
  channel?.close();
  await cluster?.close();
});

/** A new job on the server, and three pushes of worker a. */
async function trained(): Promise<void> {
  jobs += 1;
  job = `raw-${jobs}`;
  const config = {
    job,
    consistency: { policy: 'asp' },
    optimizer: { name: 'adam' },
    learningRate: 0.1,
    schedule: { name: 'constant' },
    samplesPerEpoch: 1000,
    pullWaitMs: 1000,
    markTimeoutMs: 10_000,
    shardIndex: 0,
  };
  const ranges = [...RANGES];
  await order({ load: { history: HISTORY, mapVersion: MAP_VERSION, ranges, config: JSON.stringify(config), sources: [], clock: 0 } });
  await members([{ worker: 'a', incarnation: INCARNATION }]);
  const stream = await greeted();
  stream.push({ kind: 'initial', sequence: 0 }, values(0.5));
  expect(await stream.next('push')).toMatchObject({ push: { sequence: 0, outcome: 'APPLIED', repeated: false } });
  for (let sequence = 1; sequence <= 3; sequence += 1) {
    stream.push({ sequence, clock: sequence - 1, versionRead: sequence - 1 }, values(sequence));
    expect(await stream.next('push')).toMatchObject({
      push: { sequence, outcome: 'APPLIED', repeated: false, versionLag: 0, version: sequence },
    });
  }
}

async function order(body: Omit<ShardOrder, 'job' | 'epoch'>): Promise<void> {
  const reply = await sendOrder(cluster.connection(0), { job, epoch: EPOCH, ...body }, CALL.deadlineMs);
  expect(reply.refused, reply.why).toBe(false);
}

let lists = 0;
async function members(list: { worker: string; incarnation: number }[]): Promise<void> {
  lists += 1;
  await order({ members: { number: lists, history: HISTORY, members: list } });
}

function identity(overrides: Partial<Identity> = {}): Identity {
  return { job, history: HISTORY, worker: 'a', incarnation: INCARNATION, ...overrides };
}

function values(seed: number, elements = ELEMENTS): Float32Array {
  return Float32Array.from({ length: elements }, (_, i) => seed + i / 64);
}

function header(overrides: Partial<PushHeader> = {}): PushHeader {
  return {
    sequence: 4,
    clock: 3,
    versionRead: 3,
    versionSpread: 0,
    kind: 'gradient',
    mapVersion: MAP_VERSION,
    ranges: RANGES,
    task: 1,
    firstBatch: 7,
    batchCount: 1,
    samples: 64,
    loss: 0.5,
    ...overrides,
  };
}

let connections = 0;

function opened(): RawStream {
  const stream = new RawStream(channel, header);
  open.push(stream);
  return stream;
}

/** A stream that the shard knows. */
async function greeted(): Promise<RawStream> {
  const stream = opened();
  connections += 1;
  stream.hello(identity(), connections);
  await stream.next('hello');
  return stream;
}

/** The hash of weights, optimizer state, version, step counts and identity table, and the weights themselves. */
async function state(): Promise<{ hash: string; version: number; bits: string }> {
  const { stateHash, version } = await cluster.shardStatus(job, 0);
  const { values: x } = await readWeights(cluster.connection(0), { job, snapshot: 0 }, CALL);
  return { hash: stateHash, version, bits: Buffer.from(x.slice().buffer).toString('hex') };
}

async function refused(
  attempt: (stream: RawStream) => void | Promise<void>,
  expected: { about?: string; code: string; message: RegExp },
): Promise<RawStream> {
  const before = await state();
  const stream = await greeted();
  await attempt(stream);
  const { refusal } = await stream.next('refusal');
  expect(refusal).toMatchObject({ about: 'push', ...expected, message: expect.stringMatching(expected.message) });
  expect(await state()).toEqual(before);
  return stream;
}

/** The push that was refused is no gap: sent right, it is taken. */
async function takenNow(stream: RawStream): Promise<void> {
  stream.push({}, values(4));
  expect(await stream.next('push')).toMatchObject({ push: { sequence: 4, outcome: 'APPLIED', repeated: false, version: 4 } });
}

describe('over the wire', () => {
  it('answers a duplicate push with the first outcome and repeated: true, on any stream, with the hash as it was', async () => {
    const before = await state();
    const stream = await greeted();
    for (const sequence of [3, 1, 2, 3]) {
      stream.push({ sequence, clock: sequence - 1, versionRead: 0 }, values(1000));
      expect(await stream.next('push')).toMatchObject({
        push: { sequence, outcome: 'APPLIED', repeated: true, outcomeForgotten: false, versionLag: 0, version: sequence },
      });
    }
    const { reply } = await pushOnce(
      cluster.connection(0),
      { identity: identity(), header: header({ sequence: 3 }), gradient: values(9) },
      CALL,
    );
    expect(reply).toMatchObject({ sequence: 3, outcome: 'applied', repeated: true, version: 3 });
    expect(await state()).toEqual(before);
  });

  it('says of a push decided long ago that its outcome is forgotten', async () => {
    const stream = await greeted();
    stream.push({}, values(4));
    await stream.next('push');
    const before = await state();
    stream.push({ sequence: 1, clock: 0 }, values(1));
    expect(await stream.next('push')).toMatchObject({
      push: { sequence: 1, repeated: true, outcomeForgotten: true, outcome: 'OUTCOME_UNSPECIFIED' },
    });
    expect(await state()).toEqual(before);
  });

  it('forgets a push whose stream is torn before its last chunk, and takes it whole on the next', async () => {
    const before = await state();
    const stream = await greeted();
    const [whole] = stream.chunks({}, values(4)) as [PushChunk];
    const data = whole.data as Buffer;
    stream.write({ push: { ...whole, data: data.subarray(0, 100), last: false } });
    stream.write({ push: { sequence: 4, offset: 100, data: data.subarray(100, 130), last: false } });
    // Served behind the chunks: so those have arrived.
    stream.write({ pull: { clock: 3 } });
    await stream.next('weights');
    stream.cancel();
    await until(() => stream.ended, 'the end of the torn stream');
    expect(await state()).toEqual(before);
    const next = await greeted();
    next.push({ sequence: 5, clock: 4 }, values(5));
    expect(await next.next('refusal')).toMatchObject({ refusal: { code: 'OUT_OF_RANGE', sequence: 5 } });
    expect(await state()).toEqual(before);
    await takenNow(next);
  });

  it.each([
    ['NaN', NaN],
    ['Infinity', Infinity],
    ['-Infinity', -Infinity],
  ])('refuses %s anywhere, and names the element', async (_name, bad) => {
    for (const [index, element] of [
      [0, 32],
      [16, 96],
      [35, 115],
    ] as const) {
      const gradient = values(4);
      gradient[index] = bad;
      const message = new RegExp(`element ${index} of the shard, ${element} of the model, is ${bad}`);
      const stream = await refused((raw) => raw.push({}, gradient), { code: 'INVALID_ARGUMENT', message });
      stream.cancel();
    }
    await takenNow(await greeted());
  });

  it.each([
    ['one element too few', ELEMENTS - 1, /ends after 140 bytes: the shard holds 144/],
    ['one element too many', ELEMENTS + 1, /has 148 bytes or more: the shard holds 144/],
    ['nothing', 0, /ends after 0 bytes/],
  ])('refuses a gradient of the wrong size: %s', async (_name, elements, message) => {
    await takenNow(await refused((raw) => raw.push({}, values(4, elements)), { code: 'INVALID_ARGUMENT', message }));
  });

  it.each<[string, Partial<PushHeader>, RegExp]>([
    [
      'one run of the same size',
      { ranges: [{ start: 32, length: 36 }] },
      /covers elements \[32\+36\]: the shard holds elements \[32\+16 96\+20\]/,
    ],
    ['another start', { ranges: [{ start: 16, length: 16 }, RANGES[1]!] }, /covers elements \[16\+16/],
    ['another order', { ranges: RANGES.toReversed() }, /covers elements \[96\+20 32\+16\]/],
    ['no ranges', { ranges: [] }, /covers elements \[\]/],
    ['an older shard map', { mapVersion: 3 }, /shard map 3: the shard has map 4/],
    ['a newer shard map', { mapVersion: 5 }, /shard map 5: the shard has map 4/],
  ])('refuses a gradient that was cut for %s', async (_name, overrides, message) => {
    await takenNow(await refused((raw) => raw.push(overrides, values(4)), { code: 'INVALID_ARGUMENT', message }));
  });

  it.each<[string, (chunk: PushChunk) => PushChunk[], RegExp]>([
    ['a hole', (chunk) => [part(chunk, 0, 48), part(chunk, 52, 144)], /at byte 52 where byte 48 is next/],
    ['an overlap', (chunk) => [part(chunk, 0, 48), part(chunk, 44, 144)], /at byte 44 where byte 48 is next/],
    ['another sequence half-way', (chunk) => [part(chunk, 0, 48), { ...part(chunk, 48, 144), sequence: 9 }], /a chunk names sequence 9/],
  ])('refuses chunks with %s', async (_name, cut, message) => {
    const stream = await refused(
      (raw) => {
        for (const chunk of cut(raw.chunks({}, values(4))[0]!)) raw.write({ push: chunk });
      },
      { code: 'INVALID_ARGUMENT', message },
    );
    await takenNow(stream);
  });

  it('refuses a push ahead of one that is missing', async () => {
    await takenNow(
      await refused((raw) => raw.push({ sequence: 6, clock: 5 }, values(6)), { code: 'OUT_OF_RANGE', message: /the next is 4/ }),
    );
  });

  it('consumes the sequence of a void push, and changes no weight', async () => {
    const before = await state();
    const stream = await greeted();
    stream.push({ kind: 'void' }, new Float32Array());
    expect(await stream.next('push')).toMatchObject({ push: { sequence: 4, outcome: 'VOID', version: 3 } });
    const after = await state();
    expect({ bits: after.bits, version: after.version }).toEqual({ bits: before.bits, version: before.version });
    expect(after.hash, 'the identity table has moved').not.toBe(before.hash);
  });

  it.each<[string, Partial<Identity>, string, RegExp]>([
    ['an older history', { history: HISTORY - 1 }, 'FAILED_PRECONDITION', /history 2 is over \(3 now\)/],
    ['an older incarnation', { incarnation: INCARNATION - 1 }, 'FAILED_PRECONDITION', /incarnation 4 of a is over/],
    ['a newer incarnation', { incarnation: INCARNATION + 1 }, 'UNAVAILABLE', /not on this shard's member list yet/],
    ['a newer history', { history: HISTORY + 1 }, 'UNAVAILABLE', /not loaded here yet/],
    ['another job', { job: 'nobody-knows-it' }, 'UNAVAILABLE', /nothing of job nobody-knows-it is here/],
  ])('refuses the hello and the stand-alone push of %s', async (_name, overrides, code, message) => {
    const before = await state();
    const stream = opened();
    stream.hello(identity(overrides), 1000);
    expect(await stream.next('refusal')).toMatchObject({ refusal: { about: 'hello', code, message: expect.stringMatching(message) } });
    const alone = pushOnce(cluster.connection(0), { identity: identity(overrides), header: header(), gradient: values(4) }, CALL);
    await expect(alone).rejects.toSatisfy((error: TardigradError) => error.code === code);
    expect(await state()).toEqual(before);
    await takenNow(await greeted());
  });

  it('fences a stream that is open when its incarnation ends', async () => {
    const stream = await greeted();
    await members([{ worker: 'a', incarnation: INCARNATION + 1 }]);
    const before = await state();
    stream.push({}, values(4));
    expect(await stream.next('refusal')).toMatchObject({ refusal: { about: 'push', code: 'FAILED_PRECONDITION', sequence: 4 } });
    expect(await state()).toEqual(before);
  });

  it('refuses a push whose call ends before it is whole', async () => {
    const before = await state();
    const stream = await greeted();
    const [whole] = stream.chunks({}, values(4)) as [PushChunk];
    stream.write({ push: { ...whole, data: (whole.data as Buffer).subarray(0, 100), last: false } });
    stream.halfClose();
    await until(() => stream.ended, 'the end of the stream');
    expect(stream.received.filter(({ push }) => push)).toEqual([]);
    expect(await state()).toEqual(before);
    await takenNow(await greeted());
  });
});

/** Some bytes of a push's only chunk, as a chunk. */
function part(chunk: PushChunk, from: number, to: number): PushChunk {
  const data = (chunk.data as Buffer).subarray(from, to);
  const { header: first, sequence } = chunk;
  return { ...(from === 0 && first ? { header: first } : {}), sequence: sequence ?? 0, offset: from, data, last: to === 144 };
}
