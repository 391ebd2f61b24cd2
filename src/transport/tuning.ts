/**
 * Channel and server options, and the one place that touches grpc-js's internals.
 *
 * Big messages crawl at HTTP/2's default windows of 64 KiB: each chunk waits for many window updates. Windows of one chunk
 * make a stream three to four times as fast; larger ones are slower again. grpc-js has an option for the client's side
 * only, so the server's settings are put into the common HTTP/2 options that it builds its listeners from, and each
 * session's own window is set when it opens. test/transport/tuning.test.ts fails when a new grpc-js moves these.
 */
/* oxlint-disable no-underscore-dangle -- the names are grpc-js's own */
import type { Socket } from 'node:net';
import { constants } from 'node:http2';
import type { Http2Server, Http2Stream, ServerHttp2Session, ServerOptions as Http2ServerOptions } from 'node:http2';
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import type { ChannelCredentials, ChannelOptions, Server, ServerOptions, ServiceError } from '@grpc/grpc-js';
import { assert } from '../errors.ts';
import { CHUNK_BYTES, LIMITS } from './limits.ts';

// What it would print reaches us as errors, and standard error is for JSON lines; its own variable turns it on again.
if (process.env['GRPC_VERBOSITY'] === undefined) setLogVerbosity(logVerbosity.NONE);

const WINDOW_BYTES = CHUNK_BYTES;

/** Two windows of a busy stream and what HTTP/2 itself holds, with room; in Node's unit, megabytes. */
const SESSION_MEMORY_MB = 128;

/** A connection of which nothing is heard is asked, and dropped when it does not answer: frees what half-open peers hold. */
const KEEPALIVE_MS = 10_000;
const KEEPALIVE_ANSWER_MS = 10_000;

/** A connection without a call goes after so long. */
const IDLE_CONNECTION_MS = 300_000;

const SHARED_OPTIONS = {
  'grpc.max_receive_message_length': LIMITS.messageBytes,
  'grpc.max_send_message_length': LIMITS.messageBytes,
  'grpc.keepalive_time_ms': KEEPALIVE_MS,
  'grpc.keepalive_timeout_ms': KEEPALIVE_ANSWER_MS,
  'grpc-node.max_session_memory': SESSION_MEMORY_MB,
  'grpc.enable_channelz': 0,
} as const;

export const CHANNEL_OPTIONS: ChannelOptions = {
  ...SHARED_OPTIONS,
  'grpc-node.flow_control_window': WINDOW_BYTES,
  // Retries keep every written message of a call; and even without them the first mebibyte is kept and acknowledged
  // before it is written, which hides a slow peer. With no room to keep anything, write() says the truth.
  'grpc.enable_retries': 0,
  'grpc.per_rpc_retry_buffer_size': 0,
  // By default all channels to one address share one connection: a hung one would be handed to its own replacement.
  'grpc.use_local_subchannel_pool': 1,
  // Traffic within a cluster never goes through the proxy that http_proxy names for the outside world.
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
};

/** @param streamsPerConnection calls at once over one connection */
export function serverOptions(streamsPerConnection: number): ServerOptions {
  return {
    ...SHARED_OPTIONS,
    'grpc.max_concurrent_streams': streamsPerConnection,
    'grpc.max_connection_idle_ms': IDLE_CONNECTION_MS,
  };
}

/**
 * A serialised message in two pieces. grpc-js never looks at a message's bytes: it takes a frame of the message's length and
 * lets it copy itself there, once, before it reports the message as written. So what looks like a Buffer need be no more
 * than that, and a chunk's numbers go from the vector into the frame without a stop.
 */
class Gathered {
  readonly #head: Uint8Array;
  readonly #data: Uint8Array;
  readonly length: number;
  readonly byteLength: number;

  constructor(head: Uint8Array, data: Uint8Array) {
    this.#head = head;
    this.#data = data;
    this.length = head.length + data.length;
    this.byteLength = this.length;
  }

  copy(target: Uint8Array, targetStart: number): number {
    target.set(this.#head, targetStart);
    target.set(this.#data, targetStart + this.#head.length);
    return this.length;
  }
}

/** @param data read when the message is framed: it must stay as it is until the message is written */
export function gathered(head: Uint8Array, data: Uint8Array): Buffer {
  return new Gathered(head, data) as unknown as Buffer;
}

/** What we know of grpc-js's Server beyond its types. */
interface ServerInternals {
  readonly commonServerOptions?: Http2ServerOptions;
  readonly http2Servers?: Map<Http2Server, unknown>;
}

/** Wider stream windows and frames. Before the server binds. */
export function tuneSettings(server: Server): void {
  const { commonServerOptions } = server as unknown as ServerInternals;
  assert(typeof commonServerOptions === 'object', 'grpc-js builds its HTTP/2 servers from Server.commonServerOptions');
  commonServerOptions.settings = { ...commonServerOptions.settings, initialWindowSize: WINDOW_BYTES, maxFrameSize: WINDOW_BYTES };
}

/**
 * Wider windows of whole connections. Once the server is bound, before it can have accepted anybody: in the same tick.
 * @returns what destroys all connections: grpc-js's own forceShutdown knows of none when channelz is off
 */
export function tuneSessions(server: Server): () => void {
  const { http2Servers } = server as unknown as ServerInternals;
  assert(http2Servers instanceof Map && http2Servers.size > 0, 'grpc-js keeps its bound HTTP/2 servers in Server.http2Servers');
  const sessions = new Set<ServerHttp2Session>();
  for (const http2Server of http2Servers.keys()) {
    http2Server.on('session', (session: ServerHttp2Session) => {
      session.setLocalWindowSize(WINDOW_BYTES);
      sessions.add(session);
      session.once('close', () => sessions.delete(session));
    });
  }
  return () => {
    for (const session of sessions) session.destroy();
  };
}

/** What we know of credentials beyond their types: they turn each TCP connection of a channel into a secure one. */
interface CredentialsInternals {
  _createSecureConnector(...parameters: unknown[]): { connect(socket: Socket): Promise<unknown> };
}

/**
 * Lets go of a channel's connections by force. A channel that is closed while it connects forgets the connection but leaves
 * it open, for ever where the peer is mute; and one with unsent data waits for the peer to take it.
 * @returns the same credentials, to be used by one channel, and what destroys that channel's connections
 */
export function severable(credentials: ChannelCredentials): { readonly credentials: ChannelCredentials; sever(): void } {
  const inner = credentials as unknown as CredentialsInternals;
  assert(typeof inner._createSecureConnector === 'function', 'grpc-js makes connections through ChannelCredentials._createSecureConnector');
  const sockets = new Set<Socket>();
  let severed = false;
  const outer = Object.create(credentials) as CredentialsInternals;
  outer._createSecureConnector = (...parameters) => {
    const connector = inner._createSecureConnector(...parameters);
    const watched = Object.create(connector) as typeof connector;
    watched.connect = (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      if (severed) socket.destroy();
      return connector.connect(socket);
    };
    return watched;
  };
  return {
    credentials: outer as unknown as ChannelCredentials,
    sever: () => {
      severed = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Until a peer must have taken the end of a call that it was told of. */
const END_CALL_MS = 1000;

interface ServerCall {
  emit(event: 'error', error: ServiceError): boolean;
  once(event: 'cancelled', listener: () => void): unknown;
}

/**
 * Ends a streaming call with an error, and resets it when the peer does not take that: a status waits behind what was
 * written, so a peer that reads nothing would hold it, and the written chunks, for ever. grpc-js has no reset for servers.
 */
export function endCall(call: ServerCall, error: ServiceError): void {
  const stream = (call as unknown as { call?: { stream?: Http2Stream } }).call?.stream;
  assert(stream !== undefined, "grpc-js keeps a server call's HTTP/2 stream in call.call.stream");
  const timer = setTimeout(() => {
    if (!stream.destroyed) stream.close(constants.NGHTTP2_CANCEL);
  }, END_CALL_MS);
  timer.unref();
  call.once('cancelled', () => clearTimeout(timer));
  call.emit('error', error);
}
