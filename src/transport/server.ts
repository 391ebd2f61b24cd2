/**
 * A gRPC server on one address. Handlers are wrapped once, here: whatever one throws becomes its caller's status and never
 * ends the process. Every stream is acknowledged at once, because clients tell a mute server by the missing acknowledgement.
 */
import * as grpc from '@grpc/grpc-js';
import { TardigradError, errorMessage } from '../errors.ts';
import { LIMITS } from './limits.ts';
import { toServiceError } from './status.ts';
import { serverOptions, tuneSessions, tuneSettings } from './tuning.ts';

/** A service and what does it. */
export interface ServiceEntry {
  readonly definition: grpc.ServiceDefinition;
  readonly implementation: grpc.UntypedServiceImplementation;
}

export interface ServerSettings {
  /** host:port; port 0 takes a free one. */
  readonly listen: string;
  readonly services: readonly ServiceEntry[];
  /** Without credentials the server speaks plaintext, on loopback only. */
  readonly credentials?: grpc.ServerCredentials;
  /** What handlers threw that is no TardigradError: our own bugs, for the log. */
  readonly onError?: (error: unknown, method: string) => void;
  readonly streamsPerConnection?: number;
}

export interface RunningServer {
  /** host:port, with the port that was bound. */
  readonly address: string;
  readonly port: number;
  /** Lets calls end by themselves, and cuts off those that have not within `deadlineMs`. */
  close(deadlineMs: number): Promise<void>;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

function parseListen(listen: string): { host: string; port: number } {
  const match = /^(?<host>\[[0-9a-fA-F:]+\]|[^:[\]/]+):(?<port>\d{1,5})$/.exec(listen);
  const port = Number(match?.groups?.['port']);
  const host = match?.groups?.['host'];
  if (host === undefined || !(port <= 65_535)) {
    throw new TardigradError('INVALID_ARGUMENT', `listen is ${JSON.stringify(listen)}: it must be host:port, with a port up to 65535.`, {
      next: 'For example 127.0.0.1:0 for any free port.',
    });
  }
  return { host, port };
}

/**
 * @throws {TardigradError} INVALID_ARGUMENT for an address that is none, PERMISSION_DENIED for plaintext beyond loopback,
 * UNAVAILABLE where the address cannot be bound
 */
export async function startServer(settings: ServerSettings): Promise<RunningServer> {
  const { listen, services, credentials } = settings;
  const { host } = parseListen(listen);
  if (credentials === undefined && !LOOPBACK.test(host)) {
    throw new TardigradError(
      'PERMISSION_DENIED',
      `Listening on ${listen} without credentials is refused: whoever reaches it could read the weights and push into them.`,
      { facts: { listen }, next: 'Listen on 127.0.0.1, or give the server credentials.' },
    );
  }
  const server = new grpc.Server(serverOptions(settings.streamsPerConnection ?? LIMITS.streamsPerServer));
  for (const { definition, implementation } of services) {
    server.addService(definition, wrapped(definition, implementation, settings.onError ?? (() => {})));
  }
  tuneSettings(server);
  let destroySessions = (): void => {};
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(listen, credentials ?? grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) {
        destroySessions = tuneSessions(server);
        return resolve(bound);
      }
      server.forceShutdown();
      reject(
        new TardigradError('UNAVAILABLE', `Cannot listen on ${listen}: ${errorMessage(error)}.`, {
          facts: { listen },
          next: 'Choose another address, or port 0 for any free port.',
          cause: error,
        }),
      );
    });
  });
  return { address: `${host}:${port}`, port, close: (deadlineMs) => close(server, destroySessions, deadlineMs) };
}

function close(server: grpc.Server, destroySessions: () => void, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      destroySessions();
    }, deadlineMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

type AnyCall = { sendMetadata(metadata: grpc.Metadata): void; emit(event: 'error', error: grpc.ServiceError): boolean };
type AnyHandler = (call: AnyCall, callback?: grpc.sendUnaryData<unknown>) => unknown;

function wrapped(
  definition: grpc.ServiceDefinition,
  implementation: grpc.UntypedServiceImplementation,
  onError: (error: unknown, method: string) => void,
): grpc.UntypedServiceImplementation {
  const result: grpc.UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(definition)) {
    const handler = implementation[name] as unknown as AnyHandler | undefined;
    if (handler === undefined) continue;
    const streaming = method.requestStream || method.responseStream;
    const guarded: AnyHandler = (call, callback) => {
      const fail = (error: unknown): void => {
        if (!(error instanceof TardigradError)) onError(error, name);
        const answer = toServiceError(error);
        if (callback === undefined) call.emit('error', answer);
        else callback(answer);
      };
      try {
        if (streaming) call.sendMetadata(new grpc.Metadata());
        const outcome = handler(call, callback);
        if (outcome instanceof Promise) outcome.catch(fail);
      } catch (error) {
        fail(error);
      }
    };
    result[name] = guarded as unknown as grpc.UntypedHandleCall;
  }
  return result;
}

/** A unary handler as an async function: what it throws is the caller's status. */
export function unary<Request, Reply>(handle: (request: Request) => Promise<Reply> | Reply): grpc.handleUnaryCall<Request, Reply> {
  const handler = async (call: grpc.ServerUnaryCall<Request, Reply>, callback: grpc.sendUnaryData<Reply>): Promise<void> => {
    callback(null, await handle(call.request));
  };
  return handler as grpc.handleUnaryCall<Request, Reply>;
}
