/**
 * The ParameterServer service over a shard's state machine: streams in, whole valid messages out. What is malformed is
 * answered here and never reaches the shard; nothing here decides about weights, members or orders.
 *
 * That a stream is over is told once, by `closed`. A stand-alone push is a stream of its own with one message.
 */
import { performance } from 'node:perf_hooks';
import type { ServerDuplexStream, ServerReadableStream, ServerUnaryCall, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js';
import { TardigradError } from '../errors.ts';
import type { VectorPool } from '../tensor/vector-pool.ts';
import { weightsChunks } from './chunks.ts';
import type { ExchangeReply } from './generated/tardigrad/v1/ExchangeReply.ts';
import type { ExchangeRequest__Output } from './generated/tardigrad/v1/ExchangeRequest.ts';
import type { ParameterServerHandlers as Implementation } from './generated/tardigrad/v1/ParameterServer.ts';
import type { PullRequest__Output } from './generated/tardigrad/v1/PullRequest.ts';
import type { PushChunk__Output } from './generated/tardigrad/v1/PushChunk.ts';
import type { PushReply as WirePushReply } from './generated/tardigrad/v1/PushReply.ts';
import type { ShardStatus } from './generated/tardigrad/v1/ShardStatus.ts';
import type { ShardStatusRequest__Output } from './generated/tardigrad/v1/ShardStatusRequest.ts';
import type { WeightsChunk } from './generated/tardigrad/v1/WeightsChunk.ts';
import { LIMITS, overLimit, sweepMs } from './limits.ts';
import type { TransportLimits } from './limits.ts';
import type { DownMessage, Identity, UpMessage, Weights } from './messages.ts';
import { Outbox } from './outbox.ts';
import { parameterServer } from './proto.ts';
import { sendWeights } from './read-server.ts';
import { PushStaging, StagedBytes } from './staging.ts';
import type { ExpectedPush } from './staging.ts';
import { toServiceError } from './status.ts';
import type { ServiceEntry } from './server.ts';
import { endCall } from './tuning.ts';
import { Unanswered } from './unanswered.ts';
import { downToWire, identityFromWire, pushReplyToWire, upFromWire } from './wire.ts';

/** Weights that no worker's clock asked for. */
export type WeightsRead = Omit<Weights, 'type' | 'clock' | 'heldMs'>;

/** What the parameter server's role does for the transport. None of these waits, but `read` and `status` may. */
export interface ParameterServerHandlers {
  /**
   * What a push of this identity must hold, for staging only: all else is judged when the push is whole. An error where it
   * cannot be said: UNAVAILABLE where nothing of the job is loaded, FAILED_PRECONDITION for an older history.
   */
  expected(identity: Identity): ExpectedPush | TardigradError;
  /**
   * A whole message. The gradient of a push is the callee's until it answers; after that only where it answered `buffered`,
   * for then the gradient still waits to be applied.
   */
  message(stream: number, message: UpMessage): void;
  /** The stream is over, also where `closeStream` ended it; nothing sent to it arrives any more. */
  closed(stream: number): void;
  /** The newest weights (snapshot 0) or those of a cut, as a vector that is never written again. */
  read(job: string, snapshot: number): Promise<WeightsRead | TardigradError> | WeightsRead | TardigradError;
  status(job: string, wantHash: boolean): Promise<ShardStatus | TardigradError> | ShardStatus | TardigradError;
  /** The highest epoch that the job's shard has seen: told with what is answered without it. */
  epoch(job: string): number;
}

export interface ParameterServerOptions {
  /** Where weights go back to once they are sent. */
  readonly vectors?: VectorPool;
  readonly limits?: TransportLimits;
  /** Our own bugs, thrown by the handlers. The stream or call that met one ends with INTERNAL. */
  readonly onError?: (error: unknown) => void;
}

export interface ParameterServerService extends ServiceEntry {
  /** Answers, or tells of the shard's own accord. Does nothing where the stream is over. */
  send(stream: number, message: DownMessage, epoch: number): void;
  /** Ends a stream and drops what it staged; nothing of it is delivered any more. */
  closeStream(stream: number, reason: string): void;
  /** Ends all streams: before a server stops. */
  closeAll(reason: string): void;
  readonly openStreams: number;
  /** Bytes of pushes staged or unanswered. */
  readonly stagedBytes: number;
  /** Bytes of messages that peers have not taken yet. */
  readonly queuedBytes: number;
}

/** One open stream: an Exchange, or a stand-alone Push. */
interface Stream {
  readonly id: number;
  readonly staging: PushStaging;
  /** Undefined for a stand-alone push, whose identity comes with its header. */
  identity: Identity | undefined;
  /** Given to the shard and not answered. */
  readonly unanswered: Unanswered;
  /** When the last request came, or the client's half closed. */
  heardMs: number;
  halfClosed: boolean;
  readonly waitingBytes: () => number;
  readonly send: (message: DownMessage, epoch: number) => void;
  /** The limit that the stream has met with time. */
  readonly overdue: () => TardigradError | undefined;
  readonly end: (error: TardigradError | undefined) => void;
}

class Service implements ParameterServerService {
  readonly definition = parameterServer;
  readonly implementation: Implementation;
  readonly #handlers: ParameterServerHandlers;
  readonly #limits: TransportLimits;
  readonly #onError: (error: unknown) => void;
  readonly #streams = new Map<number, Stream>();
  readonly #staged = new StagedBytes();
  readonly #vectors: VectorPool | undefined;
  #reads = 0;
  #nextStream = 1;
  #sweeper: NodeJS.Timeout | undefined;

  constructor(handlers: ParameterServerHandlers, options: ParameterServerOptions) {
    this.#handlers = handlers;
    this.#limits = options.limits ?? LIMITS;
    this.#onError = options.onError ?? (() => {});
    this.#vectors = options.vectors;
    this.implementation = {
      Exchange: (call) => this.#exchange(call),
      Pull: (call) => void this.#pull(call),
      Push: (call, callback) => this.#push(call, callback),
      Status: (call, callback) => void this.#status(call, callback),
    };
  }

  get openStreams(): number {
    return this.#streams.size + this.#reads;
  }

  get stagedBytes(): number {
    return this.#staged.used;
  }

  get queuedBytes(): number {
    let bytes = 0;
    for (const stream of this.#streams.values()) bytes += stream.waitingBytes();
    return bytes;
  }

  send(id: number, message: DownMessage, epoch: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    if (message.type === 'push') stream.staging.answered(message.sequence, message.outcome === 'buffered');
    if (message.type === 'refusal' && message.about === 'push') stream.staging.answered(message.sequence, false);
    stream.unanswered.answered(message);
    stream.send(message, epoch);
    this.#endIfDone(stream);
  }

  closeStream(id: number, reason: string): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#close(stream, new TardigradError('CANCELLED', `The parameter server ended the stream: ${reason}.`));
  }

  closeAll(reason: string): void {
    for (const id of this.#streams.keys()) this.closeStream(id, reason);
  }

  // ---- streams

  #open(parts: Pick<Stream, 'send' | 'end' | 'overdue' | 'waitingBytes'>): Stream {
    const stream: Stream = {
      id: this.#nextStream++,
      staging: new PushStaging({ limits: this.#limits, server: this.#staged, expected: (identity) => this.#handlers.expected(identity) }),
      identity: undefined,
      unanswered: new Unanswered(),
      heardMs: performance.now(),
      halfClosed: false,
      ...parts,
    };
    this.#streams.set(stream.id, stream);
    this.#sweeper ??= setInterval(() => this.#sweep(), sweepMs(this.#limits)).unref();
    return stream;
  }

  /** The one place where a stream ends, whoever ends it. The shard hears of it after what it is doing now. */
  #close(stream: Stream, error: TardigradError | undefined): void {
    if (!this.#streams.delete(stream.id)) return;
    stream.staging.close();
    stream.end(error);
    if (this.#streams.size === 0) {
      clearInterval(this.#sweeper);
      this.#sweeper = undefined;
    }
    queueMicrotask(() => this.#guard(undefined, () => this.#handlers.closed(stream.id)));
  }

  #sweep(): void {
    const nowMs = performance.now();
    for (const stream of this.#streams.values()) {
      const silentMs = Math.round(nowMs - stream.heardMs);
      if (stream.staging.open && silentMs > this.#limits.stalledPushMs) {
        this.#refuseStaged(stream, overLimit('stalledPushMs', silentMs, 'Milliseconds without a further chunk', this.#limits));
      }
      let overdue = stream.overdue();
      if (stream.halfClosed && silentMs > this.#limits.answerMs) {
        overdue ??= overLimit('answerMs', silentMs, 'Milliseconds without an answer from the shard', this.#limits);
      }
      if (overdue !== undefined) this.#close(stream, overdue);
    }
  }

  /** A bug met while serving a stream ends that stream; the process is the role's to judge. */
  #guard(stream: Stream | undefined, body: () => void): void {
    try {
      body();
    } catch (error) {
      this.#onError(error);
      if (stream !== undefined) this.#close(stream, new TardigradError('INTERNAL', 'The parameter server met a bug of its own.'));
    }
  }

  #deliver(stream: Stream, message: UpMessage): void {
    stream.unanswered.asked(message);
    const { size } = stream.unanswered;
    if (size > this.#limits.unansweredPerStream) {
      return this.#close(stream, overLimit('unansweredPerStream', size, 'Messages of this stream without an answer', this.#limits));
    }
    this.#handlers.message(stream.id, message);
  }

  #stage(stream: Stream, chunk: PushChunk__Output, identity: Identity): void {
    if (chunk.header && stream.staging.open) {
      this.#refuseStaged(stream, new TardigradError('INVALID_ARGUMENT', 'The push is refused: another began before it was whole.'));
    }
    const result = stream.staging.add(chunk, identity);
    if (result === undefined) return;
    if (result.type === 'refusal') return stream.send(result, this.#handlers.epoch(identity.job));
    this.#deliver(stream, stream.identity === undefined ? { ...result, identity } : result);
  }

  #refuseStaged(stream: Stream, error: TardigradError): void {
    const refusal = stream.staging.giveUp(error);
    if (refusal !== undefined) stream.send(refusal, this.#handlers.epoch(stream.identity?.job ?? ''));
  }

  #endIfDone(stream: Stream): void {
    if (stream.halfClosed && stream.unanswered.size === 0) this.#close(stream, undefined);
  }

  #tooMany(): TardigradError | undefined {
    const streams = this.openStreams + 1;
    return streams > this.#limits.streamsPerServer
      ? overLimit('streamsPerServer', streams, 'Streams of this server', this.#limits)
      : undefined;
  }

  // ---- calls

  #exchange(call: ServerDuplexStream<ExchangeRequest__Output, ExchangeReply>): void {
    const refused = this.#tooMany();
    if (refused !== undefined) return endCall(call, toServiceError(refused));
    const outbox = new Outbox<ExchangeReply>(call, this.#limits, () => performance.now());
    const stream = this.#open({
      waitingBytes: () => outbox.waitingBytes,
      overdue: () => outbox.stalled(),
      send: (message, epoch) => {
        const full =
          message.type === 'weights'
            ? outbox.send(replies(message, epoch), message.values.byteLength, () => this.#vectors?.give(message.values))
            : outbox.send([downToWire(message, epoch)], 0);
        if (full !== undefined) this.#close(stream, full);
      },
      end: (error) => {
        if (error === undefined) return outbox.end(() => call.end());
        outbox.close();
        endCall(call, toServiceError(error));
      },
    });
    call.on('data', (request: ExchangeRequest__Output) => this.#guard(stream, () => this.#receive(stream, request)));
    call.on('end', () => {
      stream.halfClosed = true;
      stream.heardMs = performance.now();
      this.#endIfDone(stream);
    });
    call.on('cancelled', () => {
      outbox.close();
      this.#close(stream, undefined);
    });
    call.on('error', () => this.#close(stream, undefined));
  }

  #receive(stream: Stream, request: ExchangeRequest__Output): void {
    if (!this.#streams.has(stream.id)) return;
    stream.heardMs = performance.now();
    if (request.push) {
      const { identity } = stream;
      if (identity !== undefined) return this.#stage(stream, request.push, identity);
      if (!request.push.last) return;
      const { sequence } = request.push;
      const message = 'The push is refused: a stream opens with a hello. Send it first.';
      return stream.send({ type: 'refusal', about: 'push', code: 'INVALID_ARGUMENT', message, sequence, clock: 0 }, 0);
    }
    const message = upFromWire(request);
    // A body from a later version of the protocol, which this one cannot answer.
    if (message === undefined)
      return this.#close(stream, new TardigradError('INVALID_ARGUMENT', 'A request without a body that is known here.'));
    if (message.type === 'hello') stream.identity = message.identity;
    this.#deliver(stream, message);
  }

  #push(call: ServerReadableStream<PushChunk__Output, WirePushReply>, callback: sendUnaryData<WirePushReply>): void {
    const refused = this.#tooMany();
    if (refused !== undefined) return callback(toServiceError(refused));
    let identity: Identity | undefined;
    let answered = false;
    const answer = (error: TardigradError | undefined, reply?: WirePushReply): void => {
      if (answered) return;
      answered = true;
      if (error !== undefined) callback(toServiceError(error));
      else if (reply !== undefined) callback(null, reply);
      this.#close(stream, undefined);
    };
    const stream = this.#open({
      waitingBytes: () => 0,
      overdue: () => undefined,
      send: (message, epoch) => {
        if (message.type === 'push') answer(undefined, { ...pushReplyToWire(message), epoch });
        if (message.type === 'refusal') answer(new TardigradError(message.code, message.message));
      },
      end: (error) => answer(error ?? new TardigradError('CANCELLED', 'The parameter server ended the call without an answer.')),
    });
    call.on('data', (chunk: PushChunk__Output) => {
      this.#guard(stream, () => {
        if (answered) return;
        stream.heardMs = performance.now();
        if (chunk.header) identity = identityFromWire(chunk.header.identity);
        this.#stage(stream, chunk, identity ?? identityFromWire(null));
      });
    });
    call.on('end', () => {
      stream.halfClosed = true;
      stream.heardMs = performance.now();
      if (stream.unanswered.size === 0)
        answer(new TardigradError('INVALID_ARGUMENT', 'The push is refused: the call ended before it was whole.'));
    });
    call.on('cancelled', () => this.#close(stream, undefined));
    call.on('error', () => this.#close(stream, undefined));
  }

  async #pull(call: ServerWritableStream<PullRequest__Output, WeightsChunk>): Promise<void> {
    const refused = this.#tooMany();
    if (refused !== undefined) return endCall(call, toServiceError(refused));
    this.#reads += 1;
    try {
      const weights = await this.#handlers.read(call.request.job, call.request.snapshot);
      if (weights instanceof TardigradError) throw weights;
      await sendWeights(call, { type: 'weights', clock: 0, heldMs: 0, ...weights }, this.#limits);
      call.end();
    } catch (error) {
      if (!(error instanceof TardigradError)) this.#onError(error);
      endCall(call, toServiceError(error));
    } finally {
      this.#reads -= 1;
    }
  }

  async #status(call: ServerUnaryCall<ShardStatusRequest__Output, ShardStatus>, callback: sendUnaryData<ShardStatus>): Promise<void> {
    try {
      const status = await this.#handlers.status(call.request.job, call.request.wantHash);
      if (status instanceof TardigradError) callback(toServiceError(status));
      else callback(null, status);
    } catch (error) {
      this.#onError(error);
      callback(toServiceError(error));
    }
  }
}

function* replies(weights: Weights, epoch: number): Generator<ExchangeReply> {
  for (const chunk of weightsChunks(weights)) yield { weights: chunk, epoch };
}

export function createParameterServerService(
  handlers: ParameterServerHandlers,
  options: ParameterServerOptions = {},
): ParameterServerService {
  return new Service(handlers, options);
}
