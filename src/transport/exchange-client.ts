/**
 * A worker's long-lived stream to one shard. Everything that can go wrong with it ends in one way: it is given up, once,
 * with a reason, and the worker opens another and sends again what was not answered.
 *
 * Two deadlines give it up. Connecting: the server acknowledges each stream at once, so one without an acknowledgement
 * within `connectMs` has a mute peer. Silence: while anything is unanswered, something must come, or be taken from us,
 * within `silenceMs`; a shard answers even a pull that it holds.
 */
import { performance } from 'node:perf_hooks';
import * as grpc from '@grpc/grpc-js';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { Channel, noConnection, watchConnecting } from './channel.ts';
import { WeightsAssembler, pushChunks } from './chunks.ts';
import type { WeightsTarget } from './chunks.ts';
import type { ExchangeReply__Output } from './generated/tardigrad/v1/ExchangeReply.ts';
import type { ExchangeRequest } from './generated/tardigrad/v1/ExchangeRequest.ts';
import { LIMITS } from './limits.ts';
import type { TransportLimits } from './limits.ts';
import type { DownMessage, Push, UpMessage } from './messages.ts';
import { Outbox } from './outbox.ts';
import { parameterServer } from './proto.ts';
import { fromServiceError } from './status.ts';
import { Unanswered } from './unanswered.ts';
import { downFromWire, upToWire } from './wire.ts';

export interface ExchangeOptions {
  /** host:port of the parameter server. */
  readonly address: string;
  /** Until the server must have acknowledged the stream, in ms. */
  readonly connectMs: number;
  /** Silence with something unanswered after which the stream is given up, in ms. Longer than the shard's pull wait. */
  readonly silenceMs: number;
  /** @param epoch the highest that the shard has seen */
  readonly onMessage: (message: DownMessage, epoch: number) => void;
  /** Called once when the stream is over, unless close() ended it. */
  readonly onClosed: (reason: string) => void;
  /** Where weights are to be put together; a new vector for each by default. */
  readonly weightsTarget?: WeightsTarget;
  /** Plaintext by default. */
  readonly credentials?: grpc.ChannelCredentials;
  readonly limits?: TransportLimits;
}

export interface ExchangeStream {
  /**
   * Sends, or queues until the peer takes it; does nothing once the stream is over. A push's gradient is read while it is
   * sent: leave it as it is until the push is answered.
   */
  send(message: UpMessage): void;
  /** Ends the stream now. Nothing is delivered any more. */
  close(): void;
  readonly closed: boolean;
  /** Bytes of gradients handed to the stream, and of weights received. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

class Exchange implements ExchangeStream {
  readonly #options: ExchangeOptions;
  readonly #channel: Channel;
  readonly #call: ClientDuplexStream<ExchangeRequest, ExchangeReply__Output>;
  readonly #outbox: Outbox<ExchangeRequest>;
  readonly #weights: WeightsAssembler;
  readonly #unanswered = new Unanswered();
  readonly #stopConnecting: () => void;
  #silenceTimer: NodeJS.Timeout | undefined;
  #connected = false;
  #heardMs = performance.now();
  closed = false;
  bytesSent = 0;
  bytesReceived = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    const { address, connectMs } = options;
    this.#channel = new Channel(address, options.credentials);
    const { path, requestSerialize, responseDeserialize } = parameterServer.Exchange;
    this.#call = this.#channel.client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    this.#weights = new WeightsAssembler(options.weightsTarget);
    this.#outbox = new Outbox<ExchangeRequest>(
      this.#call,
      options.limits ?? LIMITS,
      () => performance.now(),
      () => this.#heard(),
    );
    this.#stopConnecting = watchConnecting(
      () => this.#connected,
      connectMs,
      () => this.#giveUp(noConnection(address, connectMs).message),
    );
    this.#call.on('metadata', () => {
      this.#connected = true;
      this.#stopConnecting();
      this.#heard();
    });
    this.#call.on('data', (reply: ExchangeReply__Output) => this.#receive(reply));
    this.#call.on('error', (error) => this.#giveUp(fromServiceError(error, { call: 'Exchange', address }).message));
    this.#call.on('status', (status: grpc.StatusObject) => {
      if (status.code === grpc.status.OK) this.#giveUp(`the parameter server at ${address} ended the stream`);
    });
  }

  send(message: UpMessage): void {
    if (this.closed) return;
    if (this.#unanswered.size === 0) this.#heard();
    this.#unanswered.asked(message);
    const bytes = message.type === 'push' ? message.gradient.byteLength : 0;
    const refused = this.#outbox.send(message.type === 'push' ? requests(message) : [upToWire(message)], bytes);
    if (refused !== undefined) return this.#giveUp(refused.message);
    this.bytesSent += bytes;
    this.#watchSilence();
  }

  close(): void {
    if (this.#end()) this.#channel.close();
  }

  #giveUp(reason: string): void {
    if (!this.#end()) return;
    this.#channel.cut();
    this.#options.onClosed(reason);
  }

  #end(): boolean {
    if (this.closed) return false;
    this.closed = true;
    this.#stopConnecting();
    clearTimeout(this.#silenceTimer);
    this.#outbox.close();
    this.#unanswered.clear();
    this.#call.cancel();
    return true;
  }

  #receive(reply: ExchangeReply__Output): void {
    if (this.closed) return;
    this.#heard();
    const { weights: chunk } = reply;
    const message = chunk ? this.#weights.add(chunk) : downFromWire(reply);
    if (chunk) this.bytesReceived += chunk.data.length;
    if (message === undefined) return;
    if (typeof message === 'string') return this.#giveUp(`the parameter server at ${this.#options.address} sent ${message}`);
    this.#unanswered.answered(message);
    this.#options.onMessage(message, reply.epoch);
  }

  #heard(): void {
    this.#heardMs = performance.now();
  }

  /** One timer that is moved only when it fires: messages come far more often than it does. */
  #watchSilence(): void {
    if (this.#silenceTimer !== undefined || this.closed) return;
    const restMs = this.#options.silenceMs - (performance.now() - this.#heardMs);
    this.#silenceTimer = setTimeout(
      () => {
        // A process that was itself stopped reads what waits in its sockets before it judges its peer.
        setImmediate(() => this.#judgeSilence());
      },
      Math.max(0, restMs),
    );
  }

  #judgeSilence(): void {
    this.#silenceTimer = undefined;
    if (this.closed || this.#unanswered.size === 0) return;
    const silentMs = performance.now() - this.#heardMs;
    if (silentMs < this.#options.silenceMs) return this.#watchSilence();
    const { size, first } = this.#unanswered;
    this.#giveUp(`nothing came from ${this.#options.address} for ${Math.round(silentMs)} ms with ${size} unanswered, first: ${first}`);
  }
}

function* requests(push: Push): Generator<ExchangeRequest> {
  for (const chunk of pushChunks(push.header, push.gradient)) yield { push: chunk };
}

/** Opens a stream at once; the first message to send is a hello. */
export function openExchange(options: ExchangeOptions): ExchangeStream {
  return new Exchange(options);
}
