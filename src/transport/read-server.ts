/** Weights down a call that carries nothing else: as fast as the caller takes them, and no longer than it does. */
import { performance } from 'node:perf_hooks';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { TardigradError, assert } from '../errors.ts';
import { weightsChunks } from './chunks.ts';
import type { PullRequest__Output } from './generated/tardigrad/v1/PullRequest.ts';
import type { WeightsChunk } from './generated/tardigrad/v1/WeightsChunk.ts';
import { sweepMs } from './limits.ts';
import type { TransportLimits } from './limits.ts';
import type { Weights } from './messages.ts';
import { Outbox } from './outbox.ts';

/** @throws {TardigradError} CANCELLED where the caller has gone, RESOURCE_EXHAUSTED where it takes nothing for too long */
export function sendWeights(
  call: ServerWritableStream<PullRequest__Output, WeightsChunk>,
  weights: Weights,
  limits: TransportLimits,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const outbox = new Outbox<WeightsChunk>(call, limits, () => performance.now());
    const stop = (error?: TardigradError): void => {
      clearInterval(sweeper);
      outbox.close();
      if (error === undefined) resolve();
      else reject(error);
    };
    const sweeper = setInterval(() => {
      const stalled = outbox.stalled();
      if (stalled !== undefined) stop(stalled);
    }, sweepMs(limits)).unref();
    const gone = (): void => stop(new TardigradError('CANCELLED', 'The caller has gone.'));
    call.on('cancelled', gone);
    if (call.cancelled) return gone();
    const full = outbox.send(weightsChunks(weights), weights.values.byteLength);
    assert(full === undefined, 'one message of any size may wait in an outbox');
    outbox.end(() => stop());
  });
}
