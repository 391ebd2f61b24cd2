import * as grpc from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ExchangeReply__Output } from '../../src/transport/generated/tardigrad/v1/ExchangeReply.ts';
import type { ExchangeRequest } from '../../src/transport/generated/tardigrad/v1/ExchangeRequest.ts';
import type { PushChunk } from '../../src/transport/generated/tardigrad/v1/PushChunk.ts';
import type { PushHeader } from '../../src/transport/generated/tardigrad/v1/PushHeader.ts';
import { CHUNK_BYTES, LIMITS } from '../../src/transport/limits.ts';
import { parameterServer } from '../../src/transport/proto.ts';
import { upToWire } from '../../src/transport/wire.ts';
import { Cleanup, HELLO, header, openClient, sameBits, startRecorder, until, vector } from './loopback.ts';
import type { Recorder } from './loopback.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const RANGES = [
  { start: 16, length: 32 },
  { start: 160, length: 32 },
];
const GRADIENT = vector(64);
const BYTES = Buffer.from(GRADIENT.buffer);

interface RawClient {
  readonly replies: ExchangeReply__Output[];
  readonly errors: grpc.ServiceError[];
  write(request: ExchangeRequest): void;
  push(...chunks: PushChunk[]): void;
}

/** Writes protocol messages as they are, as a client in another language might. */
function openRaw(address: string): RawClient {
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = parameterServer.Exchange;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const raw = { replies: [] as ExchangeReply__Output[], errors: [] as grpc.ServiceError[] };
  call.on('data', (reply: ExchangeReply__Output) => raw.replies.push(reply));
  call.on('error', (error: grpc.ServiceError) => raw.errors.push(error));
  cleanup.add(() => {
    call.cancel();
    client.close();
  });
  return Object.assign(raw, {
    write: (request: ExchangeRequest) => void call.write(request),
    push: (...chunks: PushChunk[]) => chunks.forEach((push) => call.write({ push })),
  });
}

function wireHeader(overrides: PushHeader = {}): PushHeader {
  return { sequence: 1, clock: 4, mapVersion: 7, ranges: RANGES, kind: 'PUSH_KIND_GRADIENT', ...overrides };
}

/** A push cut at the given bytes. */
function cut(offsets: readonly number[], head: PushHeader = wireHeader()): PushChunk[] {
  const sequence = head.sequence ?? 1;
  return offsets.map((offset, i) => {
    const end = offsets[i + 1] ?? BYTES.length;
    const chunk = { sequence, offset, data: BYTES.subarray(offset, end), last: end === BYTES.length };
    return i === 0 ? { header: head, ...chunk } : chunk;
  });
}

function nonFinite(element: number, value: number): PushChunk[] {
  const bad = GRADIENT.slice();
  bad[element] = value;
  return [{ header: wireHeader(), sequence: 1, offset: 0, data: Buffer.from(bad.buffer), last: true }];
}

const MALFORMED: readonly (readonly [name: string, chunks: () => PushChunk[], says: RegExp])[] = [
  ['a hole between chunks', () => [cut([0, 100, 200])[0]!, cut([0, 100, 200])[2]!], /at byte 200 where byte 100 is next/],
  ['chunks that overlap', () => [cut([0, 128])[0]!, { ...cut([0, 128])[1]!, offset: 64 }], /at byte 64 where byte 128 is next/],
  [
    'chunks out of order',
    () => [...cut([0, 100, 200]).slice(0, 1), ...cut([0, 100, 200]).slice(2), ...cut([0, 100, 200]).slice(1, 2)],
    /at byte 200/,
  ],
  [
    'too many bytes',
    () => [...cut([0, 100]).slice(0, 1), { sequence: 1, offset: 100, data: Buffer.alloc(200), last: true }],
    /300 bytes or more: the shard holds 256/,
  ],
  ['too few bytes', () => [{ ...cut([0, 200])[0]!, last: true }], /ends after 200 bytes: the shard holds 256/],
  [
    'a chunk beyond the limit',
    () => [{ header: wireHeader(), sequence: 1, offset: 0, data: Buffer.alloc(CHUNK_BYTES + 1), last: true }],
    /at most 1048576/,
  ],
  ['NaN', () => nonFinite(40, NaN), /element 40 of the shard, 168 of the model, is NaN/],
  ['infinity in the last element', () => nonFinite(63, -Infinity), /element 63 of the shard, 191 of the model, is -Infinity/],
  ['infinity in the first element', () => nonFinite(0, Infinity), /element 0 of the shard, 16 of the model, is Infinity/],
  [
    'wrong ranges',
    () => cut([0], wireHeader({ ranges: [{ start: 0, length: 64 }] })),
    /covers elements \[0\+64\]: the shard holds elements \[16\+32 160\+32\]/,
  ],
  ['no ranges', () => cut([0], wireHeader({ ranges: [] })), /covers elements \[\]/],
  ['an older shard map', () => cut([0], wireHeader({ mapVersion: 6 })), /shard map 6: the shard has map 7/],
  ['a kind that is not known', () => cut([0], wireHeader({ kind: 99 as never })), /kind 99 is not known/],
  ['an encoding that is not known', () => cut([0], wireHeader({ encoding: 9 as never })), /encoding 9 is not known/],
  ['a first chunk without header', () => [{ ...cut([0, 64])[1]!, offset: 0 }], /no header/],
  ['a chunk of another sequence', () => [cut([0, 64])[0]!, { ...cut([0, 64])[1]!, sequence: 2 }], /names sequence 2/],
  ['a void push with data', () => cut([0], wireHeader({ kind: 'PUSH_KIND_VOID' })), /the shard holds 0|256 bytes or more/],
  ['a clock beyond exact integers', () => cut([0], wireHeader({ clock: 2 ** 60 })), /clock .* is beyond/],
];

describe('a push that is malformed', () => {
  let server: Recorder;
  beforeEach(async () => {
    server = await startRecorder(cleanup, { ranges: RANGES });
  });

  it.each(MALFORMED)('is refused whole for %s, and the stream stays usable', async (_, chunks, says) => {
    const raw = openRaw(server.address);
    raw.write(upToWire(HELLO));
    raw.push(...chunks());
    raw.push(...cut([0, 3, 97, 98], wireHeader({ sequence: 2 })));
    await until(() => server.pushes.length === 1, 'the good push');
    expect(server.pushes[0]!.header.sequence).toBe(2);
    expect(sameBits(server.pushes[0]!.gradient, GRADIENT)).toBe(true);
    await until(() => raw.replies.length > 0, 'the refusal');
    expect(raw.replies.map(({ refusal }) => refusal)).toEqual([
      expect.objectContaining({ about: 'push', code: 'INVALID_ARGUMENT', sequence: 1, message: expect.stringMatching(says) }),
    ]);
    expect(raw.replies[0]!.epoch).toBe(5);
    expect(server.service.stagedBytes).toBe(256);
    expect(raw.errors).toEqual([]);
  });

  it('is refused where another begins before it is whole, and the other counts', async () => {
    const raw = openRaw(server.address);
    raw.write(upToWire(HELLO));
    raw.push(cut([0, 64])[0]!, ...cut([0, 64], wireHeader({ sequence: 2 })));
    await until(() => server.pushes.length === 1 && raw.replies.length === 1, 'push and refusal');
    expect(raw.replies[0]!.refusal).toMatchObject({ code: 'INVALID_ARGUMENT', sequence: 1, clock: 4 });
    expect(server.pushes[0]!.header.sequence).toBe(2);
  });

  it('is refused before a hello', async () => {
    const raw = openRaw(server.address);
    raw.push(...cut([0, 64]));
    await until(() => raw.replies.length === 1, 'the refusal');
    expect(raw.replies[0]!.refusal).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('hello') });
    expect(server.messages).toEqual([]);
  });

  it('ends its call where a message is longer than any may be, and the server goes on', async () => {
    const raw = openRaw(server.address);
    raw.write(upToWire(HELLO));
    raw.push({ header: wireHeader(), sequence: 1, offset: 0, data: Buffer.alloc(LIMITS.messageBytes), last: true });
    await until(() => raw.errors.length === 1, 'the end of the call');
    expect(raw.errors[0]!.code).toBe(grpc.status.RESOURCE_EXHAUSTED);
    await until(() => server.closed.length === 1, 'the end of the stream');
    const other = openRaw(server.address);
    other.write(upToWire(HELLO));
    await until(() => server.messages.length === 2, 'the other hello');
  });
});

describe('a push that is fine', () => {
  it('may come in chunks of any size, also ones that cut numbers in two', async () => {
    const server = await startRecorder(cleanup, { ranges: RANGES });
    const raw = openRaw(server.address);
    raw.write(upToWire(HELLO));
    raw.push(...cut(Array.from({ length: BYTES.length }, (_, i) => i)));
    const push = await until(() => server.pushes[0], 'the push');
    expect(sameBits(push.gradient, GRADIENT)).toBe(true);
  });

  it('of kind void carries nothing and needs no ranges', async () => {
    const server = await startRecorder(cleanup, { ranges: RANGES });
    const client = openClient(cleanup, server.address);
    client.stream.send(HELLO);
    client.stream.send({ type: 'push', header: header({ kind: 'void', mapVersion: 0 }), gradient: new Float32Array(0) });
    const push = await until(() => server.pushes[0], 'the push');
    expect(push.gradient).toHaveLength(0);
    expect(push.header.kind).toBe('void');
  });
});

describe('the named limits', () => {
  async function refusedBy(
    limits: Partial<typeof LIMITS>,
    requests: (raw: RawClient) => void,
  ): Promise<{ raw: RawClient; server: Recorder }> {
    const server = await startRecorder(cleanup, { ranges: RANGES, limits: { ...LIMITS, ...limits } });
    const raw = openRaw(server.address);
    raw.write(upToWire(HELLO));
    requests(raw);
    await until(() => raw.replies.length + raw.errors.length > 0, 'a refusal or an end');
    return { raw, server };
  }

  it.each([
    ['stagedBytesPerStream', 255],
    ['stagedBytesPerServer', 255],
    ['chunksPerPush', 1],
  ] as const)('refuse a push over %s and name it, and the stream stays usable', async (limit, value) => {
    const { raw, server } = await refusedBy({ [limit]: value }, (client) => client.push(...cut([0, 64])));
    expect(raw.replies[0]!.refusal).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      message: expect.stringContaining(`over the limit ${limit} = ${value}`),
      sequence: 1,
    });
    expect(server.service.stagedBytes).toBe(0);
    raw.write(upToWire({ type: 'idle' }));
    await until(() => server.messages.length === 2, 'the next message');
  });

  it('end a stream with too many unanswered messages', async () => {
    const { raw } = await refusedBy({ unansweredPerStream: 4 }, (client) => {
      for (let clock = 0; clock < 5; clock++) client.write(upToWire({ type: 'pull', clock }));
    });
    expect(raw.errors[0]).toMatchObject({
      code: grpc.status.RESOURCE_EXHAUSTED,
      details: expect.stringContaining('unansweredPerStream = 4'),
    });
  });

  it('refuse a stream over streamsPerServer, until another has ended', async () => {
    const server = await startRecorder(cleanup, { ranges: RANGES, limits: { ...LIMITS, streamsPerServer: 1 } });
    const first = openClient(cleanup, server.address);
    await until(() => server.service.openStreams === 1, 'the first stream');
    const second = openClient(cleanup, server.address);
    await until(() => second.reasons.length === 1, 'the refusal');
    expect(second.reasons[0]).toContain('over the limit streamsPerServer = 1');
    first.stream.close();
    await until(() => server.closed.length === 1, 'the end of the first');
    openClient(cleanup, server.address);
    await until(() => server.service.openStreams === 1, 'the third stream');
  });

  it('refuse a push that stalls', async () => {
    const { raw, server } = await refusedBy({ stalledPushMs: 50 }, (client) => client.push(cut([0, 64])[0]!));
    expect(raw.replies[0]!.refusal).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      sequence: 1,
      message: expect.stringContaining('stalledPushMs'),
    });
    expect(server.service.stagedBytes).toBe(0);
  });
});
