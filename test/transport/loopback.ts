/** Real servers on loopback for the transport's tests: a parameter server whose role only writes down, and mute peers. */
import { gradientPool } from '../../src/tensor/vector-pool.ts';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { TardigradError } from '../../src/errors.ts';
import { openExchange } from '../../src/transport/exchange-client.ts';
import type { ExchangeOptions, ExchangeStream } from '../../src/transport/exchange-client.ts';
import { createParameterServerService } from '../../src/transport/exchange-server.ts';
import type { ParameterServerHandlers, ParameterServerOptions, ParameterServerService } from '../../src/transport/exchange-server.ts';
import type { DownMessage, Hello, Identity, Push, PushHeader, Range, UpMessage } from '../../src/transport/messages.ts';
import { startServer } from '../../src/transport/server.ts';

export const IDENTITY: Identity = { job: 'job', history: 1, worker: 'worker-0', incarnation: 3 };

export const HELLO: Hello = { type: 'hello', identity: IDENTITY, connection: 1, enter: true };

/** Polls until a value is there. */
export async function until<T>(probe: () => T | undefined | false, what: string, boundMs = 5000): Promise<T> {
  const end = performance.now() + boundMs;
  for (;;) {
    const value = probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`not within ${boundMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export class Cleanup {
  readonly #steps: (() => Promise<void> | void)[] = [];

  add(step: () => Promise<void> | void): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    for (const step of this.#steps.splice(0).toReversed()) await step();
  }
}

export interface Recorder {
  readonly service: ParameterServerService;
  readonly address: string;
  readonly ranges: readonly Range[];
  readonly messages: { readonly stream: number; readonly message: UpMessage }[];
  readonly closed: number[];
  readonly errors: unknown[];
  readonly pushes: Push[];
}

export interface RecorderOptions extends Omit<ParameterServerOptions, 'onError'> {
  readonly ranges: readonly Range[];
  readonly handlers?: Partial<ParameterServerHandlers>;
  /** Called with each message; answers through the service. */
  readonly onMessage?: (service: ParameterServerService, stream: number, message: UpMessage) => void;
}

/** A parameter server that serves `ranges` under map 7, and answers nothing of its own accord. */
export async function startRecorder(cleanup: Cleanup, options: RecorderOptions): Promise<Recorder> {
  const { ranges } = options;
  const gradients = gradientPool();
  const recorder = {
    ranges,
    messages: [] as { stream: number; message: UpMessage }[],
    closed: [] as number[],
    errors: [] as unknown[],
    get pushes(): Push[] {
      return this.messages.flatMap(({ message }) => (message.type === 'push' ? [message] : []));
    },
  };
  const handlers: ParameterServerHandlers = {
    expected: ({ job }) =>
      job === IDENTITY.job
        ? { mapVersion: 7, ranges, elements: ranges.reduce((sum, { length }) => sum + length, 0), gradients }
        : new TardigradError('UNAVAILABLE', `Nothing of job ${job} is loaded here.`),
    closed: (stream) => void recorder.closed.push(stream),
    message: (stream, message) => {
      recorder.messages.push({ stream, message });
      options.onMessage?.(service, stream, message);
    },
    read: (job) => new TardigradError('NOT_FOUND', `Nothing of job ${job} to read.`),
    status: () => ({ loaded: true }),
    epoch: () => 5,
    ...options.handlers,
  };
  const service: ParameterServerService = createParameterServerService(handlers, {
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    onError: (error) => recorder.errors.push(error),
  });
  const server = await startServer({ listen: '127.0.0.1:0', services: [service] });
  cleanup.add(async () => {
    service.closeAll('the test is over');
    await server.close(200);
  });
  return Object.assign(recorder, { service, address: server.address });
}

export interface Client {
  readonly stream: ExchangeStream;
  readonly received: { readonly message: DownMessage; readonly epoch: number }[];
  readonly reasons: string[];
}

export function openClient(cleanup: Cleanup, address: string, options: Partial<ExchangeOptions> = {}): Client {
  const client = { received: [] as { message: DownMessage; epoch: number }[], reasons: [] as string[] };
  const stream = openExchange({
    address,
    connectMs: 2000,
    silenceMs: 10_000,
    onMessage: (message, epoch) => void client.received.push({ message, epoch }),
    onClosed: (reason) => void client.reasons.push(reason),
    ...options,
  });
  cleanup.add(() => stream.close());
  return Object.assign(client, { stream });
}

export function header(overrides: Partial<PushHeader> = {}): PushHeader {
  return {
    sequence: 1,
    clock: 4,
    versionRead: 12,
    versionSpread: 2,
    kind: 'gradient',
    mapVersion: 7,
    ranges: [],
    task: 3,
    firstBatch: 40,
    batchCount: 1,
    samples: 64,
    loss: 0.5,
    ...overrides,
  };
}

/** Every bit pattern that is finite may come; deterministic. */
export function vector(elements: number, seed = 1): Float32Array {
  const values = new Float32Array(elements);
  let state = seed >>> 0;
  for (let i = 0; i < elements; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = (state / 2 ** 31 - 1) * 2 ** ((state & 63) - 32);
  }
  return values;
}

export function sameBits(a: Float32Array, b: Float32Array): boolean {
  return (
    a.length === b.length &&
    Buffer.from(a.buffer as ArrayBuffer, a.byteOffset, a.byteLength).equals(
      Buffer.from(b.buffer as ArrayBuffer, b.byteOffset, b.byteLength),
    )
  );
}

export interface MutePeer {
  readonly address: string;
  readonly sockets: Set<Socket>;
  connections: number;
}

/** Accepts, and then says nothing for ever. */
export async function startMute(cleanup: Cleanup): Promise<MutePeer> {
  const peer = { address: '', sockets: new Set<Socket>(), connections: 0 };
  const server = createServer((socket) => {
    peer.connections += 1;
    peer.sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => peer.sockets.delete(socket));
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  peer.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  cleanup.add(() => {
    for (const socket of peer.sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return peer;
}

export interface Pipe {
  readonly address: string;
  connections: number;
  /** From now on nothing passes, and nothing is closed: what a stopped or half-open peer looks like. */
  freeze(): void;
  thaw(): void;
  /** Cuts every connection. */
  cut(): void;
}

/** A TCP relay to a real server. */
export async function startPipe(cleanup: Cleanup, target: string): Promise<Pipe> {
  const [host = '', port = ''] = target.split(':');
  const { connect } = await import('node:net');
  const sockets = new Set<Socket>();
  let frozen = false;
  const pipe = {
    address: '',
    connections: 0,
    freeze: () => {
      frozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw: () => {
      frozen = false;
      for (const socket of sockets) socket.resume();
    },
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
  const relay = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.on('data', (data) => {
      if (!to.write(data)) from.pause();
    });
    to.on('drain', () => {
      if (!frozen) from.resume();
    });
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    if (frozen) from.pause();
  };
  const server = createServer((inner) => {
    pipe.connections += 1;
    const outer = connect(Number(port), host);
    relay(inner, outer);
    relay(outer, inner);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  pipe.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  cleanup.add(() => {
    pipe.cut();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return pipe;
}
