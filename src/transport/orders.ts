/** Orders of the coordinator to the shards, in wire types: what they mean is the roles' concern. */
import type { Connection } from './channel.ts';
import { callUnary } from './channel.ts';
import type { ShardControlHandlers } from './generated/tardigrad/v1/ShardControl.ts';
import type { ShardOrder, ShardOrder__Output } from './generated/tardigrad/v1/ShardOrder.ts';
import type { ShardOrderReply, ShardOrderReply__Output } from './generated/tardigrad/v1/ShardOrderReply.ts';
import { shardControl } from './proto.ts';
import { unary } from './server.ts';
import type { ServiceEntry } from './server.ts';

/** @throws {TardigradError} UNAVAILABLE, DEADLINE_EXCEEDED. A refused order is a reply. */
export function sendOrder(connection: Connection, order: ShardOrder, deadlineMs: number): Promise<ShardOrderReply__Output> {
  return callUnary(connection, shardControl.Order, order, { deadlineMs });
}

/** @param handle carries out one order; the leader waits for it up to its order deadline */
export function createShardControlService(handle: (order: ShardOrder__Output) => Promise<ShardOrderReply> | ShardOrderReply): ServiceEntry {
  const implementation: ShardControlHandlers = { Order: unary(handle) };
  return { definition: shardControl, implementation };
}
