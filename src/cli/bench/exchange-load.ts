/**
 * A worker without a model: exchanges with real parameter servers as fast as it can, over the streams that training uses.
 * One process each, so that it competes with the servers as a worker does.
 */
import { performance } from 'node:perf_hooks';
import { createShardMap } from '../../tensor/shard-map.ts';
import { openExchange, type ExchangeStream } from '../../transport/exchange-client.ts';
import type { DownMessage, Range } from '../../transport/messages.ts';

export type ExchangeMode = 'pull' | 'push' | 'both';

export interface ExchangeLoadOptions {
  readonly job: string;
  readonly worker: string;
  readonly addresses: readonly string[];
  readonly elements: number;
  readonly mode: ExchangeMode;
  readonly warmupMs: number;
  readonly measureMs: number;
}

export interface ExchangeLoadResult {
  readonly exchanges: number;
  readonly seconds: number;
  /** Weights and gradients, both ways. */
  readonly bytes: number;
}

const CONNECT_MS = 5_000;
const SILENCE_MS = 30_000;

interface Peer {
  readonly ranges: readonly Range[];
  readonly gradient: Float32Array;
  readonly weights: Float32Array;
  stream: ExchangeStream | undefined;
  version: number;
}

/** Exchanges in lockstep over all shards, as a worker does: all pulls, then all pushes. */
export async function runExchangeLoad(options: ExchangeLoadOptions): Promise<ExchangeLoadResult> {
  const map = createShardMap(options.elements, options.addresses.length);
  const peers: Peer[] = map.shards.map((ranges) => {
    const length = ranges.reduce((sum, range) => sum + range.length, 0);
    const shared = (): Float32Array => new Float32Array(new SharedArrayBuffer(length * 4));
    return { ranges, gradient: shared(), weights: shared(), stream: undefined, version: 0 };
  });
  let answer: (peer: number, message: DownMessage) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  peers.forEach((peer, index) => {
    peer.stream = openExchange({
      address: options.addresses[index] ?? '',
      connectMs: CONNECT_MS,
      silenceMs: SILENCE_MS,
      onMessage: (message) => answer(index, message),
      onClosed: (reason) => fail(new Error(reason)),
      weightsTarget: () => peer.weights,
    });
  });
  let clock = 0;
  const round = (send: (peer: Peer) => void): Promise<void> =>
    Promise.race([
      failed,
      new Promise<void>((resolve) => {
        let open = peers.length;
        answer = (index, message) => {
          if (message.type === 'notice') return;
          if (message.type === 'refusal') return fail(new Error(message.message));
          const peer = peers[index];
          if (peer && message.type === 'weights') peer.version = message.version;
          // Others may be ahead already: a worker starts where the clocks are.
          if (message.type === 'hello') clock = Math.max(clock, message.clock);
          open -= 1;
          if (open === 0) resolve();
        };
        for (const peer of peers) send(peer);
      }),
    ]);
  const identity = { job: options.job, history: 1, worker: options.worker, incarnation: 1 };
  await round((peer) => peer.stream?.send({ type: 'hello', identity, connection: 1, enter: true }));
  let sequence = 0;
  const pull = (): Promise<void> => round((peer) => peer.stream?.send({ type: 'pull', clock }));
  const push = async (): Promise<void> => {
    sequence += 1;
    await round((peer) => {
      const header = { sequence, clock, versionRead: peer.version, versionSpread: 0, kind: 'gradient' as const, mapVersion: map.version };
      const batch = { task: 1, firstBatch: sequence, batchCount: 1, samples: 1, loss: 0 };
      peer.stream?.send({ type: 'push', header: { ...header, ...batch, ranges: peer.ranges }, gradient: peer.gradient });
    });
    clock += 1;
  };
  const turn = async (): Promise<void> => {
    if (options.mode !== 'push') await pull();
    if (options.mode !== 'pull') await push();
  };
  const until = async (ms: number): Promise<{ turns: number; seconds: number }> => {
    const start = performance.now();
    let turns = 0;
    while (performance.now() - start < ms) {
      await turn();
      turns += 1;
    }
    return { turns, seconds: (performance.now() - start) / 1000 };
  };
  await pull();
  await until(options.warmupMs);
  const { turns, seconds } = await until(options.measureMs);
  for (const peer of peers) peer.stream?.close();
  const ways = options.mode === 'both' ? 2 : 1;
  return { exchanges: turns, seconds, bytes: turns * ways * options.elements * 4 };
}
