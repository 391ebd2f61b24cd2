/**
 * Orders on their way to the shards of a job. What must reach a shard (membership, fences, loads, the end) is sent until
 * it is answered, to wherever the server is now; what belongs to a cut has one try and a deadline, and only that cut fails.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { TardigradError, errorMessage } from '../errors.ts';
import { connect, type Connection } from '../transport/channel.ts';
import type { ShardOrder as WireOrder } from '../transport/generated/tardigrad/v1/ShardOrder.ts';
import type { ShardOrderReply__Output } from '../transport/generated/tardigrad/v1/ShardOrderReply.ts';
import { incarnationsFromWire, outcomesFromWire, sequencesFromWire, sequencesToWire } from '../transport/order-wire.ts';
import { sendOrder } from '../transport/orders.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { ShardOrder, ShardReply } from './ports.ts';

export interface ShardOrdersOptions {
  readonly job: string;
  readonly epoch: number;
  readonly connectMs: number;
  readonly orderMs: number;
  readonly markMs: number;
  readonly checkpoints: Checkpoints;
  /** Where the shard's server is now; undefined while it is away. */
  readonly address: (shard: number) => string | undefined;
  /** JSON for the load order of a shard. */
  readonly loadConfig: (shard: number) => string;
}

/** Writing or loading gigabytes takes its time; a server that has died ends the call at once. */
const FILE_WORK_MS = 300_000;
const RETRY_MS = 100;

export class ShardOrders {
  private readonly options: ShardOrdersOptions;
  private readonly connections = new Map<string, Connection>();
  private closed = false;

  constructor(options: ShardOrdersOptions) {
    this.options = options;
  }

  async deliver(shard: number, order: ShardOrder): Promise<ShardReply> {
    const once = order.type === 'mark' || order.type === 'cut' || order.type === 'dropMark' || order.type === 'forget';
    for (;;) {
      const address = this.options.address(shard);
      if (this.closed) return { type: 'lost', why: 'this coordinator no longer leads' };
      if (address !== undefined) {
        try {
          const reply = await sendOrder(this.connection(address), this.toWire(shard, order), this.deadlineMs(order));
          return fromWire(order, reply);
        } catch (error) {
          if (once) return { type: 'lost', why: errorMessage(error) };
          // What the shard itself refuses to do (a file that is not whole) does not get better by asking again.
          if (error instanceof TardigradError && !error.retryable) return { type: 'lost', why: error.message };
        }
      } else if (once) return { type: 'lost', why: `the server of shard ${shard} is away` };
      await delay(RETRY_MS, undefined, { ref: false });
    }
  }

  close(): void {
    this.closed = true;
    for (const connection of this.connections.values()) connection.close();
  }

  private connection(address: string): Connection {
    let connection = this.connections.get(address);
    if (!connection) this.connections.set(address, (connection = connect(address, { connectMs: this.options.connectMs })));
    return connection;
  }

  private deadlineMs(order: ShardOrder): number {
    if (order.type === 'load' || (order.type === 'cut' && order.purpose === 'checkpoint')) return FILE_WORK_MS;
    return order.type === 'mark' || order.type === 'cut' ? this.options.markMs : this.options.orderMs;
  }

  private toWire(shard: number, order: ShardOrder): WireOrder {
    const { job, epoch, checkpoints } = this.options;
    const wire: WireOrder = { job, epoch };
    switch (order.type) {
      case 'members':
        return { ...wire, members: { number: order.number, history: order.history, members: [...order.members] } };
      case 'mark':
        return { ...wire, mark: { id: order.id } };
      case 'cut': {
        const file = order.purpose === 'checkpoint' ? checkpoints.shardFile(order.id, shard) : '';
        return { ...wire, cut: { id: order.id, sequences: sequencesToWire(order.sequences), file } };
      }
      case 'dropMark':
        return { ...wire, dropMark: { id: order.id } };
      case 'fence':
        return { ...wire, fence: { history: order.history } };
      case 'load': {
        const { history, mapVersion, ranges, from } = order;
        const load = {
          history,
          mapVersion,
          ranges: [...ranges],
          config: this.options.loadConfig(shard),
          sources: [...(from?.files ?? [])],
          clock: from?.clock ?? 0,
        };
        return { ...wire, load };
      }
      case 'collect':
        return { ...wire, collect: {} };
      case 'forget':
        return {
          ...wire,
          forget: { history: order.history, batches: order.batches.map(([firstBatch, count]) => ({ firstBatch, count })) },
        };
      case 'finish':
        return { ...wire, finish: { history: order.history } };
    }
  }
}

function fromWire(order: ShardOrder, reply: ShardOrderReply__Output): ShardReply {
  if (reply.refused) return { type: 'refused', epoch: reply.epoch, why: reply.why };
  if (reply.unloaded) return { type: 'unloaded' };
  switch (order.type) {
    case 'members':
      return { type: 'members', dropped: reply.members };
    case 'mark':
      return { type: 'mark', sequences: sequencesFromWire(reply.sequences) };
    case 'cut':
      return {
        type: 'cut',
        file: reply.written ?? undefined,
        version: reply.version,
        clock: reply.clock,
        heldMs: reply.heldMs,
        sequences: sequencesFromWire(reply.sequences),
        outcomes: outcomesFromWire(reply.outcomes),
        stateHash: reply.stateHash,
      };
    case 'fence':
      return { type: 'fence', incarnations: incarnationsFromWire(reply.members), version: reply.version };
    case 'collect':
      return { type: 'collect', outcomes: outcomesFromWire(reply.outcomes), sequences: sequencesFromWire(reply.sequences) };
    case 'load':
      return { type: 'done', version: reply.version, stateHash: reply.stateHash };
    default:
      return { type: 'done', version: reply.version };
  }
}
