/** An Exchange as gRPC itself gives it, with nothing of the worker's own transport in between. */
import type * as grpc from '@grpc/grpc-js';
import { pushChunks } from '../../../src/transport/chunks.ts';
import type { ExchangeReply__Output } from '../../../src/transport/generated/tardigrad/v1/ExchangeReply.ts';
import type { ExchangeRequest } from '../../../src/transport/generated/tardigrad/v1/ExchangeRequest.ts';
import type { PushChunk } from '../../../src/transport/generated/tardigrad/v1/PushChunk.ts';
import type { Identity, PushHeader } from '../../../src/transport/messages.ts';
import { parameterServer } from '../../../src/transport/proto.ts';
import { until } from './cluster.ts';

export class RawStream {
  readonly received: ExchangeReply__Output[] = [];
  ended: string | undefined;
  private readonly call: grpc.ClientDuplexStream<ExchangeRequest, ExchangeReply__Output>;
  private readonly header: (overrides: Partial<PushHeader>) => PushHeader;
  private taken = 0;

  /** @param header of the push that `push` sends, but for what is overridden */
  constructor(channel: grpc.Client, header: (overrides: Partial<PushHeader>) => PushHeader) {
    this.header = header;
    const { path, requestSerialize, responseDeserialize } = parameterServer.Exchange;
    this.call = channel.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    this.call.on('data', (reply: ExchangeReply__Output) => void this.received.push(reply));
    this.call.on('error', (error) => {
      this.ended = error.message;
    });
    this.call.on('end', () => {
      this.ended ??= 'ended';
    });
  }

  write(request: ExchangeRequest): void {
    this.call.write(request);
  }

  hello(identity: Identity, connection: number, enter = true): void {
    this.write({ hello: { identity, connection, enter } });
  }

  chunks(overrides: Partial<PushHeader>, gradient: Float32Array): PushChunk[] {
    return [...pushChunks(this.header(overrides), gradient)];
  }

  push(overrides: Partial<PushHeader>, gradient: Float32Array): void {
    for (const chunk of this.chunks(overrides, gradient)) this.write({ push: chunk });
  }

  /** The next reply, which must be of that kind. */
  async next(kind: keyof ExchangeReply__Output): Promise<ExchangeReply__Output> {
    const reply = await until(
      () => this.received[this.taken],
      () => `a reply; the stream is ${this.ended ?? 'open'}`,
      15_000,
    );
    this.taken += 1;
    if (!reply[kind]) throw new Error(`${kind} was expected, and came: ${JSON.stringify(reply)}`);
    return reply;
  }

  cancel(): void {
    this.call.cancel();
  }

  halfClose(): void {
    this.call.end();
  }
}
