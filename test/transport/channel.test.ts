import { createServer } from 'node:net';
import * as grpc from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { callUnary, connect } from '../../src/transport/channel.ts';
import type { Connection } from '../../src/transport/channel.ts';
import { CoordinatorClient } from '../../src/transport/coordinator-client.ts';
import type { CoordinatorHandlers } from '../../src/transport/generated/tardigrad/v1/Coordinator.ts';
import { createShardControlService, sendOrder } from '../../src/transport/orders.ts';
import { coordinator, shardControl } from '../../src/transport/proto.ts';
import { startServer, unary } from '../../src/transport/server.ts';
import type { RunningServer, ServiceEntry } from '../../src/transport/server.ts';
import { pushOnce, readWeights } from '../../src/transport/stand-alone.ts';
import { TardigradError } from '../../src/errors.ts';
import { Cleanup, IDENTITY, header, startMute, startPipe, until, vector } from './loopback.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function start(service: ServiceEntry, listen = '127.0.0.1:0'): Promise<RunningServer> {
  const server = await startServer({ listen, services: [service] });
  cleanup.add(() => server.close(100));
  return server;
}

function open(address: string, connectMs = 500): Connection {
  const connection = connect(address, { connectMs });
  cleanup.add(() => connection.close());
  return connection;
}

const answering = createShardControlService((order) => ({ epoch: order.epoch, why: order.order ?? '' }));
const ORDER = { job: 'job', epoch: 2 ** 33, mark: { id: 7 } };

describe('a connection', () => {
  it('carries an order and its reply', async () => {
    const { address } = await start(answering);
    expect(await sendOrder(open(address), ORDER, 2000)).toMatchObject({ epoch: 2 ** 33, why: 'mark', refused: false, heldMs: 0 });
  });

  it('gives up a mute peer within its connect deadline, each time by a new connection, and leaves none behind', async () => {
    const mute = await startMute(cleanup);
    const connection = open(mute.address, 60);
    for (let round = 1; round <= 3; round++) {
      const startMs = performance.now();
      await expect(sendOrder(connection, ORDER, 5000)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        retryable: true,
        message: expect.stringContaining(`No connection to ${mute.address} within 60 ms`),
      });
      expect(performance.now() - startMs).toBeLessThan(500);
      expect(mute.connections).toBe(round);
    }
    await until(() => mute.sockets.size === 0, 'the connections to be closed');
  });

  it('counts connecting within a shorter deadline of the call', async () => {
    const mute = await startMute(cleanup);
    const startMs = performance.now();
    await expect(sendOrder(open(mute.address, 5000), ORDER, 60)).rejects.toMatchObject({ retryable: true });
    expect(performance.now() - startMs).toBeLessThan(500);
    await until(() => mute.sockets.size === 0, 'the connection to be closed');
  });

  it('gives up mute peers of stand-alone streams too', async () => {
    const mute = await startMute(cleanup);
    const connection = open(mute.address, 50);
    await expect(readWeights(connection, { job: 'job', snapshot: 0 }, { deadlineMs: 5000 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const push = { identity: IDENTITY, header: header(), gradient: vector(64) };
    await expect(pushOnce(connection, push, { deadlineMs: 5000 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await until(() => mute.sockets.size === 0, 'the connections to be closed');
    expect(mute.connections).toBe(2);
  });

  it('tries a new connection when an established one falls silent, and is well as soon as its peer is', async () => {
    const server = await start(answering);
    const pipe = await startPipe(cleanup, server.address);
    const connection = open(pipe.address, 60);
    await sendOrder(connection, ORDER, 2000);
    pipe.freeze();
    await expect(sendOrder(connection, ORDER, 100)).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: expect.stringMatching(/Order: no answer from .* within 100 ms/),
    });
    await expect(sendOrder(connection, ORDER, 2000)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(sendOrder(connection, ORDER, 2000)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(pipe.connections).toBe(3);
    pipe.thaw();
    expect(await sendOrder(connection, ORDER, 2000)).toMatchObject({ why: 'mark' });
  });

  it('leaves calls under way alone when another call replaces its channel', async () => {
    const held: (() => void)[] = [];
    const server = await start(
      createShardControlService((order) =>
        order.job === 'slow' ? new Promise((resolve) => held.push(() => resolve({ epoch: 1 }))) : { epoch: 2 },
      ),
    );
    const connection = open(server.address);
    const slow = sendOrder(connection, { ...ORDER, job: 'slow' }, 5000);
    await until(() => held.length === 1, 'the slow order');
    await expect(sendOrder(connection, { ...ORDER, job: 'slow' }, 50)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(await sendOrder(connection, ORDER, 2000)).toMatchObject({ epoch: 2 });
    held[0]!();
    expect(await slow).toMatchObject({ epoch: 1 });
    held[1]!();
  });

  it('fails at once where nobody listens, and works as soon as somebody does', async () => {
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const { port } = probe.address() as { port: number };
    await new Promise<void>((resolve) => probe.close(() => resolve()));
    const connection = open(`127.0.0.1:${port}`, 2000);
    for (let round = 0; round < 2; round++) {
      const startMs = performance.now();
      await expect(sendOrder(connection, ORDER, 4000)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringContaining('ECONNREFUSED'),
      });
      expect(performance.now() - startMs).toBeLessThan(1000);
    }
    await start(answering, `127.0.0.1:${port}`);
    expect(await sendOrder(connection, ORDER, 2000)).toMatchObject({ why: 'mark' });
  });

  it('refuses calls once it is closed', async () => {
    const connection = open('127.0.0.1:1');
    connection.close();
    await expect(sendOrder(connection, ORDER, 100)).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('what a handler throws', () => {
  it('becomes the status of its call with code and message, and the server goes on', async () => {
    const errors: unknown[] = [];
    const service = createShardControlService((order) => {
      if (order.job === 'bug') throw new Error('assertion failed: a bug');
      if (order.job === 'late') return Promise.reject(new Error('assertion failed: a later bug'));
      if (order.job === 'fault') throw new TardigradError('FAILED_PRECONDITION', 'Epoch 3 is over: 4 leads – ünïcode \ud800.');
      return { epoch: 1 };
    });
    const server = await startServer({ listen: '127.0.0.1:0', services: [service], onError: (error) => errors.push(error) });
    cleanup.add(() => server.close(100));
    const connection = open(server.address);
    const order = (job: string): Promise<unknown> => sendOrder(connection, { ...ORDER, job }, 2000);
    await expect(order('fault')).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      retryable: false,
      message: expect.stringMatching(/Order at .*: Epoch 3 is over: 4 leads – ünïcode \?\./),
    });
    expect(errors).toEqual([]);
    await expect(order('bug')).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(order('late')).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(errors.map(String)).toEqual(['Error: assertion failed: a bug', 'Error: assertion failed: a later bug']);
    expect(await order('fine')).toMatchObject({ epoch: 1 });
  });
});

describe('the coordinator client', () => {
  function service(handlers: Partial<CoordinatorHandlers>): ServiceEntry {
    return { definition: coordinator, implementation: handlers as CoordinatorHandlers };
  }

  function client(address: string, options: { connectMs?: number; callMs?: number } = {}): CoordinatorClient {
    const made = new CoordinatorClient({ address, connectMs: 500, callMs: 2000, ...options });
    cleanup.add(() => made.close());
    return made;
  }

  it('calls by name, and follows the coordinator to another address', async () => {
    const at = (name: string): ServiceEntry =>
      service({
        LeaseTask: unary((request) => ({ task: { task: request.identity?.incarnation ?? 0, kind: 'INITIALIZE' as const }, why: name })),
        Heartbeat: unary(() => new Promise(() => {})),
      });
    const [a, b] = [await start(at('a')), await start(at('b'))];
    const made = client(a.address);
    expect(await made.leaseTask({ identity: IDENTITY })).toMatchObject({ task: { task: 3, kind: 'INITIALIZE', firstBatch: 0 }, why: 'a' });
    made.setAddress(b.address);
    expect(made.address).toBe(b.address);
    expect(await made.leaseTask({ identity: IDENTITY })).toMatchObject({ why: 'b' });
    await expect(made.heartbeat({}, 50)).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: expect.stringContaining('Heartbeat'),
    });
  });

  it('watches until the coordinator ends the stream, or throws what broke it', async () => {
    const left: string[] = [];
    const server = await start(
      service({
        Watch: (call) => {
          call.write({ json: '{"n":1}' });
          call.write({ json: '{"n":2}' });
          call.on('cancelled', () => left.push(call.request.job));
          if (call.request.job === 'ends') call.end();
          if (call.request.job === 'unknown') throw new TardigradError('NOT_FOUND', 'No job unknown.');
        },
      }),
    );
    const pipe = await startPipe(cleanup, server.address);
    const made = client(pipe.address);
    const seen: string[] = [];
    for await (const json of made.watch('ends')) seen.push(json);
    expect(seen).toEqual(['{"n":1}', '{"n":2}']);
    for await (const _ of made.watch('left')) break;
    await until(() => left.includes('left'), 'the cancelled call');
    const all = async (job: string, silenceMs?: number): Promise<void> => {
      for await (const _ of made.watch(job, silenceMs === undefined ? {} : { silenceMs })) if (job === 'cut') pipe.cut();
    };
    await expect(all('unknown')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(all('silent', 60)).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('nothing came') });
    await expect(all('cut')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('gives up a mute coordinator, also when watching', async () => {
    const mute = await startMute(cleanup);
    const made = client(mute.address, { connectMs: 50 });
    await expect(made.heartbeat({})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(made.watch('job').next()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('No connection'),
    });
    await until(() => mute.sockets.size === 0, 'the connections to be closed');
  });
});

describe('a method that a server lacks', () => {
  it('is an error with the name of the call', async () => {
    const server = await start({ definition: shardControl, implementation: { Order: unary(() => ({})) } });
    const connection = open(server.address);
    await expect(callUnary(connection, coordinator.Heartbeat, {}, { deadlineMs: 1000 })).rejects.toMatchObject({
      code: 'INTERNAL',
      facts: { call: 'Heartbeat', address: server.address, deadlineMs: 1000, status: grpc.status.UNIMPLEMENTED },
    });
  });
});
