import { afterEach, describe, expect, it } from 'vitest';
import { TardigradError } from '../../src/errors.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { connect } from '../../src/transport/channel.ts';
import { LIMITS, overLimit } from '../../src/transport/limits.ts';
import { createShardControlService, sendOrder } from '../../src/transport/orders.ts';
import { startServer } from '../../src/transport/server.ts';
import { fromServiceError, refusalCode, toServiceError } from '../../src/transport/status.ts';
import { Cleanup, until } from './loopback.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const services = [createShardControlService(() => ({ epoch: 1 }))];

describe('a server', () => {
  it.each(['0.0.0.0:0', '[::]:0', '192.0.2.7:4000', 'tardigrad.example:0', '127.0.0.1.example:0'])(
    'refuses to listen on %s without credentials, and says why',
    async (listen) => {
      await expect(startServer({ listen, services })).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
        message: expect.stringMatching(/without credentials is refused.*Listen on 127\.0\.0\.1/),
      });
    },
  );

  it.each(['127.0.0.1', ':0', '127.0.0.1:70000', '127.0.0.1:x', '::1:0', ''])('refuses %j, which is no address', async (listen) => {
    await expect(startServer({ listen, services })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('host:port'),
    });
  });

  it.each(['127.0.0.1:0', 'localhost:0'])('listens on %s, on a free port that it names', async (listen) => {
    const server = await startServer({ listen, services });
    cleanup.add(() => server.close(100));
    expect(server.port).toBeGreaterThan(0);
    expect(server.address).toBe(listen.replace(':0', `:${server.port}`));
    const connection = connect(server.address, { connectMs: 1000 });
    cleanup.add(() => connection.close());
    expect(await sendOrder(connection, {}, 2000)).toMatchObject({ epoch: 1 });
  });

  it('says so where the port is taken', async () => {
    const first = await startServer({ listen: '127.0.0.1:0', services });
    cleanup.add(() => first.close(100));
    await expect(startServer({ listen: first.address, services })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(`Cannot listen on ${first.address}`),
    });
  });

  it('lets calls end before it closes, and cuts off those that do not', async () => {
    const held: (() => void)[] = [];
    const server = await startServer({
      listen: '127.0.0.1:0',
      services: [createShardControlService(() => new Promise((resolve) => held.push(() => resolve({ epoch: 9 }))))],
    });
    const connection = connect(server.address, { connectMs: 1000 });
    cleanup.add(() => connection.close());
    const ends = sendOrder(connection, {}, 5000);
    const hangs = sendOrder(connection, {}, 5000);
    hangs.catch(() => {});
    await until(() => held.length === 2, 'both calls');
    const startMs = performance.now();
    const closed = server.close(150);
    held[0]!();
    expect(await ends).toMatchObject({ epoch: 9 });
    await closed;
    expect(performance.now() - startMs).toBeLessThan(1000);
    await expect(hangs).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('the table of statuses', () => {
  const codes: readonly ErrorCode[] = [
    'INVALID_ARGUMENT',
    'FAILED_PRECONDITION',
    'UNAVAILABLE',
    'RESOURCE_EXHAUSTED',
    'DEADLINE_EXCEEDED',
    'NOT_FOUND',
    'ALREADY_EXISTS',
    'UNAUTHENTICATED',
    'PERMISSION_DENIED',
    'DATA_LOSS',
    'CANCELLED',
    'INTERNAL',
  ];

  it.each(codes)('carries %s there and back', (code) => {
    const error = fromServiceError(toServiceError(new TardigradError(code, 'What happened.')), {
      call: 'Register',
      address: 'a:1',
      deadlineMs: 500,
    });
    expect(error.code).toBe(code);
    expect(error.message).toMatch(
      code === 'DEADLINE_EXCEEDED' ? /Register: no answer from a:1 within 500 ms/ : /Register at a:1: What happened\./,
    );
  });

  it('answers anything that is not one of our errors with INTERNAL', () => {
    expect(fromServiceError(toServiceError(new Error('oh')), { call: 'Register', address: 'a:1' }).code).toBe('INTERNAL');
    expect(fromServiceError(new Error('oh'), { call: 'Register', address: 'a:1' }).code).toBe('INTERNAL');
  });

  it('keeps a message within what a header may hold', () => {
    expect(toServiceError(new TardigradError('INTERNAL', 'x'.repeat(100_000))).details.length).toBeLessThanOrEqual(2048);
  });

  it('gives a refusal one of the four codes that a worker acts upon', () => {
    expect(
      codes
        .map(refusalCode)
        .filter((code) => !['INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'UNAVAILABLE', 'RESOURCE_EXHAUSTED'].includes(code)),
    ).toEqual([]);
  });
});

describe('an error over a limit', () => {
  it('names the limit, the value and what to do', () => {
    const error = overLimit('jobsPerServer', 65, 'Jobs on this server');
    expect(error).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      retryable: true,
      facts: { limit: 'jobsPerServer', value: 65, allowed: LIMITS.jobsPerServer },
    });
    expect(error.message).toBe(
      'Jobs on this server: 65 is over the limit jobsPerServer = 64. Finish a job first, or add a parameter server.',
    );
  });
});
