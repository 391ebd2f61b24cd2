import { afterEach, describe, expect, it } from 'vitest';
import { connect } from '../../src/transport/channel.ts';
import { LIMITS } from '../../src/transport/limits.ts';
import type { DownMessage, Weights } from '../../src/transport/messages.ts';
import { pushOnce, readWeights, shardStatus } from '../../src/transport/stand-alone.ts';
import { Cleanup, HELLO, IDENTITY, header, openClient, sameBits, startMute, startPipe, startRecorder, until, vector } from './loopback.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const SMALL = [{ start: 128, length: 64 }];
const LARGE_ELEMENTS = (5 * 1024 * 1024) / 4 + 13;
const LARGE = [
  { start: 0, length: 1000 },
  { start: 4096, length: LARGE_ELEMENTS - 1000 },
];

function weightsOf(values: Float32Array, ranges = SMALL): Weights {
  return { type: 'weights', clock: 4, version: 90, minClock: 3, mapVersion: 7, ranges, heldMs: 1.5, values };
}

describe('an exchange', () => {
  it('carries every message both ways as it was said', async () => {
    const server = await startRecorder(cleanup, { ranges: SMALL });
    const client = openClient(cleanup, server.address);
    const gradient = vector(64);
    const messages = [
      HELLO,
      { type: 'pull', clock: 2 ** 40 },
      { type: 'push', header: header({ ranges: SMALL }), gradient },
      { type: 'idle' },
    ] as const;
    for (const message of messages) client.stream.send(message);
    await until(() => server.messages.length === messages.length, 'all messages');
    expect(server.messages.map(({ message }) => message)).toEqual(messages);
    const stream = server.messages[0]!.stream;
    const answers: DownMessage[] = [
      { type: 'hello', clock: 4, version: 2 ** 41 },
      { type: 'push', sequence: 1, outcome: 'applied', repeated: false, versionLag: -1, version: 13, minClock: 4 },
      { type: 'push', sequence: 2, outcome: undefined, repeated: true, versionLag: 8, version: 14, minClock: 4 },
      { type: 'waiting', clock: 5, why: 'worker-1 is at clock 1' },
      { type: 'refusal', about: 'pull', code: 'FAILED_PRECONDITION', message: 'incarnation 3 is over', sequence: 0, clock: 5 },
      { type: 'notice', notice: 'mapChanged', value: 8 },
      { type: 'idle' },
      weightsOf(vector(64, 9)),
    ];
    for (const answer of answers) server.service.send(stream, answer, 17);
    await until(() => client.received.length === answers.length, 'all answers');
    expect(client.received).toEqual(answers.map((message) => ({ message, epoch: 17 })));
    expect(client.stream.bytesSent).toBe(256);
    expect(client.stream.bytesReceived).toBe(256);
  });

  it('moves a push and weights of several chunks bit for bit, between shared memories', async () => {
    const server = await startRecorder(cleanup, { ranges: LARGE });
    const shared = (): Float32Array => new Float32Array(new SharedArrayBuffer(LARGE_ELEMENTS * 4 + 64), 64, LARGE_ELEMENTS);
    const target = shared();
    const client = openClient(cleanup, server.address, {
      weightsTarget: ({ elements }) => (elements === target.length ? target : undefined),
    });
    const gradient = shared();
    gradient.set(vector(LARGE_ELEMENTS));
    client.stream.send(HELLO);
    client.stream.send({ type: 'push', header: header({ ranges: LARGE }), gradient });
    const push = await until(() => server.pushes[0], 'the push');
    expect(sameBits(push.gradient, gradient)).toBe(true);
    const values = vector(LARGE_ELEMENTS, 77);
    server.service.send(server.messages[0]!.stream, weightsOf(values, LARGE), 1);
    const { message } = await until(() => client.received[0], 'the weights');
    expect(message.type === 'weights' && message.values === target).toBe(true);
    expect(sameBits(target, values)).toBe(true);
  });

  it('stages nothing of a push whose stream is torn, and the next stream is as good as new', async () => {
    const server = await startRecorder(cleanup, { ranges: LARGE });
    const client = openClient(cleanup, server.address);
    client.stream.send(HELLO);
    client.stream.send({ type: 'push', header: header({ ranges: LARGE }), gradient: vector(LARGE_ELEMENTS) });
    await until(() => server.service.stagedBytes > 0, 'staging');
    client.stream.close();
    await until(() => server.closed.length === 1, 'the end of the stream');
    expect(server.service.stagedBytes).toBe(0);
    expect(server.pushes).toEqual([]);
    const again = openClient(cleanup, server.address);
    again.stream.send(HELLO);
    again.stream.send({ type: 'push', header: header({ ranges: LARGE }), gradient: vector(LARGE_ELEMENTS) });
    await until(() => server.pushes.length === 1, 'the push sent again');
    expect(again.reasons).toEqual([]);
  });

  it('gives staged bytes free with the reply', async () => {
    const server = await startRecorder(cleanup, { ranges: SMALL });
    const client = openClient(cleanup, server.address);
    client.stream.send(HELLO);
    client.stream.send({ type: 'push', header: header({ ranges: SMALL }), gradient: vector(64) });
    await until(() => server.pushes[0], 'the push');
    expect(server.service.stagedBytes).toBe(256);
    server.service.send(
      server.messages[0]!.stream,
      { type: 'push', sequence: 1, outcome: 'applied', repeated: false, versionLag: 0, version: 1, minClock: 0 },
      1,
    );
    expect(server.service.stagedBytes).toBe(0);
  });

  it('delivers nothing after close, and tells the server', async () => {
    const server = await startRecorder(cleanup, { ranges: SMALL });
    const client = openClient(cleanup, server.address);
    client.stream.send(HELLO);
    await until(() => server.messages.length === 1, 'the hello');
    server.service.send(server.messages[0]!.stream, { type: 'hello', clock: 0, version: 0 }, 1);
    client.stream.close();
    client.stream.send({ type: 'pull', clock: 1 });
    await until(() => server.closed.length === 1, 'the end of the stream');
    expect(client.received).toEqual([]);
    expect(client.reasons).toEqual([]);
    expect(server.messages).toHaveLength(1);
  });

  it('ends where the shard closes it, with the reason, and the shard hears of it once', async () => {
    const server = await startRecorder(cleanup, { ranges: SMALL });
    const client = openClient(cleanup, server.address);
    client.stream.send(HELLO);
    const { stream } = await until(() => server.messages[0], 'the hello');
    server.service.closeStream(stream, 'superseded by connection 2');
    server.service.closeStream(stream, 'superseded by connection 2');
    server.service.send(stream, { type: 'idle' }, 1);
    await until(() => client.reasons.length > 0, 'the reason');
    expect(client.reasons).toEqual([expect.stringContaining('superseded by connection 2')]);
    expect(server.closed).toEqual([stream]);
  });

  it('ends a stream that met a bug with INTERNAL, reports the bug and serves the others', async () => {
    const server = await startRecorder(cleanup, {
      ranges: SMALL,
      onMessage: (_, __, message) => {
        if (message.type === 'idle') throw new Error('assertion failed: a bug');
      },
    });
    const [bad, good] = [openClient(cleanup, server.address), openClient(cleanup, server.address)];
    bad.stream.send({ type: 'idle' });
    await until(() => bad.reasons.length === 1, 'the end of the stream');
    expect(bad.reasons[0]).toContain('bug');
    expect(server.errors).toEqual([new Error('assertion failed: a bug')]);
    good.stream.send(HELLO);
    await until(() => server.messages.some(({ message }) => message.type === 'hello'), 'the other stream');
  });
});

describe('an exchange with a peer that is mute', () => {
  it('is given up within the connect deadline, several times in a row, and leaves no connection behind', async () => {
    const mute = await startMute(cleanup);
    for (let round = 1; round <= 3; round++) {
      const startMs = performance.now();
      const client = openClient(cleanup, mute.address, { connectMs: 60 });
      client.stream.send(HELLO);
      await until(() => client.reasons.length === 1, 'giving up', 1000);
      expect(performance.now() - startMs).toBeLessThan(500);
      expect(client.reasons[0]).toContain(`No connection to ${mute.address} within 60 ms`);
      expect(mute.connections).toBe(round);
    }
    await until(() => mute.sockets.size === 0, 'the connections to be closed');
  });

  it('is given up when silence outlasts its deadline with something unanswered, once', async () => {
    const server = await startRecorder(cleanup, { ranges: SMALL });
    const pipe = await startPipe(cleanup, server.address);
    const client = openClient(cleanup, pipe.address, { silenceMs: 60 });
    client.stream.send(HELLO);
    await until(() => server.messages.length === 1, 'the hello');
    server.service.send(server.messages[0]!.stream, { type: 'hello', clock: 0, version: 0 }, 1);
    await until(() => client.received.length === 1, 'the answer');
    pipe.freeze();
    // Nothing is unanswered: silence is no fault.
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(client.reasons).toEqual([]);
    client.stream.send({ type: 'pull', clock: 0 });
    await until(() => client.reasons.length === 1, 'giving up');
    expect(client.reasons[0]).toMatch(/nothing came from .* first: pull 0/);
    expect(client.stream.closed).toBe(true);
    pipe.thaw();
    await until(() => server.closed.length === 1, 'the server to hear of it');
    expect(client.reasons).toHaveLength(1);
  });

  it('lives on while a held pull is answered by still waiting', async () => {
    const server = await startRecorder(cleanup, { ranges: SMALL });
    const client = openClient(cleanup, server.address, { silenceMs: 100 });
    client.stream.send(HELLO);
    await until(() => server.messages.length === 1, 'the hello');
    const stream = server.messages[0]!.stream;
    const timer = setInterval(() => server.service.send(stream, { type: 'waiting', clock: 1, why: 'held' }, 1), 25);
    cleanup.add(() => clearInterval(timer));
    await until(() => client.received.length >= 8, 'several answers');
    expect(client.reasons).toEqual([]);
  });
});

describe('a peer that reads too slowly', () => {
  it('is closed at the named queue, and memory stays within it', async () => {
    const elements = 256 * 1024;
    const ranges = [{ start: 0, length: elements }];
    const limits = { ...LIMITS, queuedBytesPerStream: 8 * 1024 * 1024 };
    const server = await startRecorder(cleanup, { ranges, limits });
    const pipe = await startPipe(cleanup, server.address);
    const client = openClient(cleanup, pipe.address);
    client.stream.send(HELLO);
    const { stream } = await until(() => server.messages[0], 'the hello');
    pipe.freeze();
    const values = vector(elements);
    let greatest = 0;
    for (let sent = 0; sent < 100; sent++) {
      server.service.send(stream, weightsOf(values, ranges), 1);
      greatest = Math.max(greatest, server.service.queuedBytes);
    }
    expect(greatest).toBe(8 * 1024 * 1024);
    expect(server.service.queuedBytes).toBe(0);
    await until(() => server.closed.includes(stream), 'the end of the stream');
  });

  it('is closed when it takes nothing for the named time, though it keeps its connection', async () => {
    const elements = 4 * 1024 * 1024;
    const ranges = [{ start: 0, length: elements }];
    const server = await startRecorder(cleanup, { ranges, limits: { ...LIMITS, slowReaderMs: 100 } });
    const pipe = await startPipe(cleanup, server.address);
    const client = openClient(cleanup, pipe.address);
    client.stream.send(HELLO);
    const { stream } = await until(() => server.messages[0], 'the hello');
    pipe.freeze();
    server.service.send(stream, weightsOf(vector(elements), ranges), 1);
    await until(() => server.closed.includes(stream), 'the end of the stream');
    expect(server.service.queuedBytes).toBe(0);
  });

  it('gets all of it when it only pauses', async () => {
    const elements = 4 * 1024 * 1024;
    const ranges = [{ start: 0, length: elements }];
    const server = await startRecorder(cleanup, { ranges });
    const pipe = await startPipe(cleanup, server.address);
    const client = openClient(cleanup, pipe.address);
    client.stream.send(HELLO);
    const { stream } = await until(() => server.messages[0], 'the hello');
    const values = vector(elements);
    pipe.freeze();
    server.service.send(stream, weightsOf(values, ranges), 1);
    expect(server.service.queuedBytes).toBe(values.byteLength);
    pipe.thaw();
    const { message } = await until(() => client.received[0], 'the weights');
    expect(message.type === 'weights' && sameBits(message.values, values)).toBe(true);
    expect(server.service.queuedBytes).toBe(0);
  });
});

describe('stand-alone calls', () => {
  it('push over the same state machine, with the identity in the header', async () => {
    const server = await startRecorder(cleanup, {
      ranges: LARGE,
      onMessage: (service, stream, message) => {
        if (message.type !== 'push') return;
        service.send(stream, { type: 'push', sequence: 9, outcome: 'stale', repeated: false, versionLag: 4, version: 50, minClock: 2 }, 6);
      },
    });
    const connection = connect(server.address, { connectMs: 1000 });
    cleanup.add(() => connection.close());
    const push = { identity: IDENTITY, header: header({ sequence: 9, ranges: LARGE }), gradient: vector(LARGE_ELEMENTS) };
    const { reply, epoch } = await pushOnce(connection, push, { deadlineMs: 5000 });
    expect(reply).toEqual({ type: 'push', sequence: 9, outcome: 'stale', repeated: false, versionLag: 4, version: 50, minClock: 2 });
    expect(epoch).toBe(6);
    expect(server.pushes[0]).toMatchObject({ identity: IDENTITY, header: push.header });
    expect(sameBits(server.pushes[0]!.gradient, push.gradient)).toBe(true);
    await until(() => server.closed.length === 1, 'the end of the stream');
  });

  it('refuse a bad push by a status with the reason', async () => {
    const server = await startRecorder(cleanup, { ranges: SMALL });
    const connection = connect(server.address, { connectMs: 1000 });
    cleanup.add(() => connection.close());
    const gradient = vector(64);
    gradient[7] = NaN;
    const push = { identity: IDENTITY, header: header({ ranges: SMALL }), gradient };
    await expect(pushOnce(connection, push, { deadlineMs: 5000 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('element 7 of the shard, 135 of the model, is NaN'),
    });
    await expect(pushOnce(connection, { ...push, identity: { ...IDENTITY, job: 'other' } }, { deadlineMs: 5000 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    expect(server.messages).toEqual([]);
    await until(() => server.closed.length === 2, 'the end of the streams');
  });

  it('read the newest weights or a cut, and say what is not there', async () => {
    const values = vector(LARGE_ELEMENTS);
    const server = await startRecorder(cleanup, {
      ranges: LARGE,
      handlers: {
        ...(await import('../../src/errors.ts').then(({ TardigradError }) => ({
          read: (job: string, snapshot: number) =>
            snapshot === 3
              ? { version: 8, minClock: 2, mapVersion: 7, ranges: LARGE, values }
              : new TardigradError('NOT_FOUND', `Job ${job} has no cut ${snapshot} here.`),
          status: (job: string, wantHash: boolean) => ({
            loaded: job === 'job',
            elements: LARGE_ELEMENTS,
            stateHash: wantHash ? 'abc' : '',
          }),
        }))),
      },
    });
    const connection = connect(server.address, { connectMs: 1000 });
    cleanup.add(() => connection.close());
    const weights = await readWeights(connection, { job: 'job', snapshot: 3 }, { deadlineMs: 5000 });
    expect(sameBits(weights.values, values)).toBe(true);
    expect({ ...weights, values: undefined }).toEqual({
      type: 'weights',
      clock: 0,
      version: 8,
      minClock: 2,
      mapVersion: 7,
      ranges: LARGE,
      heldMs: 0,
      values: undefined,
    });
    await expect(readWeights(connection, { job: 'job', snapshot: 4 }, { deadlineMs: 5000 })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('no cut 4'),
    });
    expect(await shardStatus(connection, 'job', true, { deadlineMs: 5000 })).toMatchObject({
      loaded: true,
      stateHash: 'abc',
      elements: LARGE_ELEMENTS,
    });
    expect(server.service.openStreams).toBe(0);
  });
});
