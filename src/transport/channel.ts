/**
 * A connection to one address, for calls with one answer. It has a connect deadline of our own: against a peer that
 * accepts and then says nothing (stopped, half-open, a wrong port) a grpc-js channel stays connecting for ever and never
 * tries again. So a call that finds no ready channel within `connectMs` fails with UNAVAILABLE, the channel is closed, and
 * the next call opens a new one. A channel whose call ran out of time is replaced too: its peer may have died without a
 * word, and only a new connection shows whether another stands in its place.
 */
import * as grpc from '@grpc/grpc-js';
import { TardigradError, assert } from '../errors.ts';
import { fromServiceError } from './status.ts';
import { CHANNEL_OPTIONS, severable } from './tuning.ts';

export interface ConnectOptions {
  /** Until a channel must be usable, in ms. */
  readonly connectMs: number;
  /** Plaintext by default. */
  readonly credentials?: grpc.ChannelCredentials;
}

export interface CallOptions {
  /** Until the answer, connecting included, in ms. */
  readonly deadlineMs: number;
}

/** What a call needs of a generated method definition. */
export interface CallMethod<Request, Reply> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Reply;
}

/** Until the goodbyes of a channel that is closed must be on their way. */
const GOODBYE_MS = 500;

/** One grpc-js channel with one connection, which nobody shares. */
export class Channel {
  readonly client: grpc.Client;
  readonly #sever: () => void;

  constructor(address: string, credentials: grpc.ChannelCredentials = grpc.credentials.createInsecure()) {
    const own = severable(credentials);
    this.#sever = own.sever;
    this.client = new grpc.Client(address, own.credentials, CHANNEL_OPTIONS);
  }

  get ready(): boolean {
    return this.client.getChannel().getConnectivityState(false) === grpc.connectivityState.READY;
  }

  /** Takes no more calls; those under way go on. */
  retire(): void {
    const connecting = !this.ready;
    this.client.close();
    if (connecting) this.#sever();
  }

  /** Ends calls that were cancelled, and then the connection. */
  close(): void {
    this.retire();
    setTimeout(this.#sever, GOODBYE_MS).unref();
  }

  /** Drops the connection of a peer that is not thought to listen. */
  cut(): void {
    this.client.close();
    this.#sever();
  }
}

export class Connection {
  readonly address: string;
  readonly connectMs: number;
  readonly #credentials: grpc.ChannelCredentials | undefined;
  #channel: Channel | undefined;
  #closed = false;

  constructor(address: string, options: ConnectOptions) {
    this.address = address;
    this.connectMs = options.connectMs;
    this.#credentials = options.credentials;
  }

  /** The channel of the next call. */
  channel(): Channel {
    if (this.#closed) throw new TardigradError('CANCELLED', `The connection to ${this.address} is closed.`);
    return (this.#channel ??= new Channel(this.address, this.#credentials));
  }

  /** Gives up a channel that did not do: the next call opens another. */
  replace(channel: Channel): void {
    if (this.#channel !== channel) return;
    this.#channel = undefined;
    channel.retire();
  }

  /** A call failed so: is its channel still good? */
  failed(channel: Channel, failure: TardigradError): void {
    if (failure.code === 'DEADLINE_EXCEEDED' || (failure.code === 'UNAVAILABLE' && !channel.ready)) this.replace(channel);
  }

  close(): void {
    this.#closed = true;
    this.#channel?.close();
    this.#channel = undefined;
  }
}

export function connect(address: string, options: ConnectOptions): Connection {
  return new Connection(address, options);
}

export function noConnection(address: string, connectMs: number): TardigradError {
  return new TardigradError('UNAVAILABLE', `No connection to ${address} within ${Math.round(connectMs)} ms.`, {
    facts: { address, connectMs },
    next: 'Try again; if it stays so, see whether the process there runs and answers.',
  });
}

/**
 * Calls `onLate` once when the channel is not ready within `connectMs`. Judged one turn of the event loop after the timer,
 * so that a process that was itself stopped reads what waits in its sockets first.
 * @returns stops watching
 */
export function watchConnecting(ready: () => boolean, connectMs: number, onLate: () => void): () => void {
  let watching = true;
  const timer = setTimeout(() => {
    if (ready()) return;
    setImmediate(() => {
      if (watching && !ready()) onLate();
    });
  }, connectMs);
  return () => {
    watching = false;
    clearTimeout(timer);
  };
}

/**
 * One request, one answer.
 * @throws {TardigradError} UNAVAILABLE where no connection comes about within the connect deadline or it breaks;
 * DEADLINE_EXCEEDED; else what the handler answered
 */
export function callUnary<Request, Reply>(
  connection: Connection,
  method: CallMethod<Request, Reply>,
  request: Request,
  { deadlineMs }: CallOptions,
): Promise<Reply> {
  const { address, connectMs } = connection;
  return new Promise((resolve, reject) => {
    const channel = connection.channel();
    let late = false;
    const call = channel.client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      new grpc.Metadata(),
      { deadline: Date.now() + deadlineMs },
      (error, reply) => {
        stopWatching();
        if (error === null) {
          assert(reply !== undefined, 'a unary call without an error has a reply');
          return resolve(reply);
        }
        if (late) return reject(noConnection(address, connectMs));
        const failure = fromServiceError(error, { call: methodName(method), address, deadlineMs });
        connection.failed(channel, failure);
        reject(failure);
      },
    );
    const stopWatching = watchConnecting(
      () => channel.ready,
      Math.min(connectMs, deadlineMs),
      () => {
        late = true;
        connection.replace(channel);
        call.cancel();
      },
    );
  });
}

/** `LeaseTask` of `/tardigrad.v1.Coordinator/LeaseTask`. */
export function methodName(method: { readonly path: string }): string {
  return method.path.slice(method.path.lastIndexOf('/') + 1);
}

/** A stream that the server does not acknowledge within the connect deadline has a mute peer. @returns stops watching */
export function watchAcknowledgement(
  connection: Connection,
  channel: Channel,
  call: { on(event: 'metadata', listener: () => void): unknown; cancel(): void },
  deadlineMs: number,
  onMute: (error: TardigradError) => void,
): () => void {
  let acknowledged = false;
  const stop = watchConnecting(
    () => acknowledged,
    Math.min(connection.connectMs, deadlineMs),
    () => {
      connection.replace(channel);
      onMute(noConnection(connection.address, connection.connectMs));
      call.cancel();
    },
  );
  call.on('metadata', () => {
    acknowledged = true;
    stop();
  });
  return stop;
}
