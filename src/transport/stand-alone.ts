/** The calls of tools and evaluators, which keep no stream: one read, one push, one question. */
import { performance } from 'node:perf_hooks';
import * as grpc from '@grpc/grpc-js';
import { TardigradError } from '../errors.ts';
import { callUnary, watchAcknowledgement } from './channel.ts';
import type { CallOptions, Connection } from './channel.ts';
import { WeightsAssembler, pushChunks } from './chunks.ts';
import type { WeightsTarget } from './chunks.ts';
import type { PushReply__Output } from './generated/tardigrad/v1/PushReply.ts';
import type { ShardStatus__Output } from './generated/tardigrad/v1/ShardStatus.ts';
import type { WeightsChunk__Output } from './generated/tardigrad/v1/WeightsChunk.ts';
import { LIMITS } from './limits.ts';
import type { Identity, PushHeader, PushReply, Weights } from './messages.ts';
import { Outbox } from './outbox.ts';
import { parameterServer } from './proto.ts';
import { fromServiceError } from './status.ts';
import { pushReplyFromWire } from './wire.ts';

export interface ReadRequest {
  readonly job: string;
  /** 0: the newest weights; else a cut that the coordinator had taken. */
  readonly snapshot: number;
}

/**
 * Reads a shard's weights.
 * @param target where to put them together; a new vector by default
 * @throws {TardigradError} UNAVAILABLE, DEADLINE_EXCEEDED, NOT_FOUND where the shard has no such cut
 */
export function readWeights(
  connection: Connection,
  request: ReadRequest,
  { deadlineMs }: CallOptions,
  target?: WeightsTarget,
): Promise<Weights> {
  return new Promise((resolve, reject) => {
    const { path, requestSerialize, responseDeserialize } = parameterServer.Pull;
    const channel = connection.channel();
    const options = { deadline: Date.now() + deadlineMs };
    const call = channel.client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, new grpc.Metadata(), options);
    let whole = false;
    const assembler = new WeightsAssembler(target);
    const stopWatching = watchAcknowledgement(connection, channel, call, deadlineMs, reject);
    const fail = (error: unknown): void => {
      stopWatching();
      if (whole) return;
      const failure = fromServiceError(error, { call: 'Pull', address: connection.address, deadlineMs });
      connection.failed(channel, failure);
      reject(failure);
      call.cancel();
    };
    call.on('error', fail);
    call.on('data', (chunk: WeightsChunk__Output) => {
      const result = assembler.add(chunk);
      if (typeof result === 'string') fail(new TardigradError('INTERNAL', `The parameter server at ${connection.address} sent ${result}.`));
      else if (result !== undefined) {
        whole = true;
        resolve(result);
      }
    });
    call.on('end', () =>
      fail(new TardigradError('UNAVAILABLE', `The parameter server at ${connection.address} ended a read before it was whole.`)),
    );
  });
}

/**
 * Pushes over a call of its own. The worker must have said hello on an Exchange in this incarnation.
 * @throws {TardigradError} with the refusal's code; UNAVAILABLE, DEADLINE_EXCEEDED
 */
export function pushOnce(
  connection: Connection,
  push: { readonly identity: Identity; readonly header: PushHeader; readonly gradient: Float32Array },
  { deadlineMs }: CallOptions,
): Promise<{ readonly reply: PushReply; readonly epoch: number }> {
  return new Promise((resolve, reject) => {
    const { path, requestSerialize, responseDeserialize } = parameterServer.Push;
    const channel = connection.channel();
    const options = { deadline: Date.now() + deadlineMs };
    const answered = (error: grpc.ServiceError | null, reply?: PushReply__Output): void => {
      stopWatching();
      if (error === null && reply !== undefined) return resolve({ reply: pushReplyFromWire(reply), epoch: reply.epoch });
      const failure = fromServiceError(error, { call: 'Push', address: connection.address, deadlineMs });
      connection.failed(channel, failure);
      reject(failure);
    };
    const call = channel.client.makeClientStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      new grpc.Metadata(),
      options,
      answered,
    );
    const stopWatching = watchAcknowledgement(connection, channel, call, deadlineMs, reject);
    const outbox = new Outbox(call, LIMITS, () => performance.now());
    outbox.send(pushChunks(push.header, push.gradient, push.identity), push.gradient.byteLength);
    outbox.end(() => call.end());
  });
}

/** @param wantHash also the SHA-256 of what the shard holds, which reads all of it */
export function shardStatus(connection: Connection, job: string, wantHash: boolean, options: CallOptions): Promise<ShardStatus__Output> {
  return callUnary(connection, parameterServer.Status, { job, wantHash }, options);
}
