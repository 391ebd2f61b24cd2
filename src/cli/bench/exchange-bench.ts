/** GB/s and exchanges/s between real processes: servers that apply what they get, workers that do nothing else. */
import { createShardMap } from '../../tensor/shard-map.ts';
import { connect } from '../../transport/channel.ts';
import type { ShardOrder } from '../../transport/generated/tardigrad/v1/ShardOrder.ts';
import { sendOrder } from '../../transport/orders.ts';
import { pushOnce } from '../../transport/stand-alone.ts';
import { startProcess, stopProcess } from './bench-processes.ts';
import type { ExchangeLoadResult, ExchangeMode } from './exchange-load.ts';

export interface ExchangeCase {
  readonly elements: number;
  readonly servers: number;
  readonly workers: number;
  readonly mode: ExchangeMode;
}

export interface ExchangeResult {
  readonly gigabytesPerSecond: number;
  readonly exchangesPerSecond: number;
}

const JOB = 'bench';
const ORDER_MS = 60_000;
const CONNECT_MS = 5_000;
/** Nobody listens there: a bench's servers need no coordinator. */
const NOBODY = '127.0.0.1:9';

export async function benchExchange(of: ExchangeCase, times: { warmupMs: number; measureMs: number }): Promise<ExchangeResult> {
  const servers = Array.from({ length: of.servers }, (_, index) => startProcess(['ps', '--name', `ps-${index}`, '--coordinator', NOBODY]));
  try {
    const addresses = await Promise.all(servers.map(async ({ firstLine }) => (JSON.parse(await firstLine) as { address: string }).address));
    await load(of, addresses);
    const clients = Array.from({ length: of.workers }, (_, index) =>
      startProcess([
        'exchange-load',
        JSON.stringify({ job: JOB, worker: `worker-${index}`, addresses, elements: of.elements, mode: of.mode, ...times }),
      ]),
    );
    const results = await Promise.all(clients.map(async (client) => JSON.parse(await client.firstLine) as ExchangeLoadResult));
    await Promise.all(clients.map(({ output }) => output));
    const sum = (rate: (result: ExchangeLoadResult) => number): number => results.reduce((total, result) => total + rate(result), 0);
    return {
      gigabytesPerSecond: sum(({ bytes, seconds }) => bytes / seconds / 1e9),
      exchangesPerSecond: sum(({ exchanges, seconds }) => exchanges / seconds),
    };
  } finally {
    await Promise.all(servers.map(stopProcess));
  }
}

/** What a coordinator would order: an empty job with these members, and weights of zero. */
async function load(of: ExchangeCase, addresses: readonly string[]): Promise<void> {
  const map = createShardMap(of.elements, addresses.length);
  const config = {
    job: JOB,
    consistency: { policy: 'asp' },
    optimizer: { name: 'sgd' },
    learningRate: 0.1,
    schedule: { name: 'constant' },
    samplesPerEpoch: 1,
    pullWaitMs: 1000,
    markTimeoutMs: 1000,
    shardIndex: 0,
  };
  const members = Array.from({ length: of.workers }, (_, index) => ({ worker: `worker-${index}`, incarnation: 1 }));
  await Promise.all(
    addresses.map(async (address, shard) => {
      const ranges = [...(map.shards[shard] ?? [])];
      const connection = connect(address, { connectMs: CONNECT_MS });
      const order = (body: Partial<ShardOrder>): Promise<unknown> => sendOrder(connection, { job: JOB, epoch: 1, ...body }, ORDER_MS);
      await order({ load: { history: 1, mapVersion: map.version, ranges, config: JSON.stringify(config) } });
      await order({ members: { number: 1, history: 1, members } });
      const header = { sequence: 0, clock: 0, versionRead: 0, versionSpread: 0, kind: 'initial' as const, mapVersion: map.version, ranges };
      const batch = { task: 0, firstBatch: 0, batchCount: 0, samples: 0, loss: 0 };
      const gradient = new Float32Array(ranges.reduce((total, { length }) => total + length, 0));
      const identity = { job: JOB, history: 1, worker: 'worker-0', incarnation: 1 };
      await pushOnce(connection, { identity, header: { ...header, ...batch }, gradient }, { deadlineMs: ORDER_MS });
      connection.close();
    }),
  );
}
