/**
 * The coordinator's orders as a shard's values, and its answers as messages again. Only what touches files is not here: a
 * cut and a load are the role's own.
 */
import { TardigradError } from '../errors.ts';
import type { ShardOrder__Output } from '../transport/generated/tardigrad/v1/ShardOrder.ts';
import type { ShardOrderReply } from '../transport/generated/tardigrad/v1/ShardOrderReply.ts';
import { incarnationsToWire, outcomesToWire, sequencesToWire } from '../transport/order-wire.ts';
import type { Order, OrderReply } from './events.ts';

/** @throws INVALID_ARGUMENT for an order that is empty or of another version of the protocol. */
export function orderFromWire(wire: ShardOrder__Output): Exclude<Order, { type: 'cut' | 'load' }> {
  switch (wire.order) {
    case 'members':
      return { type: 'members', ...required(wire.members) };
    case 'mark':
      return { type: 'mark', ...required(wire.mark) };
    case 'dropMark':
      return { type: 'dropMark', ...required(wire.dropMark) };
    case 'fence':
      return { type: 'fence', ...required(wire.fence) };
    case 'collect':
      return { type: 'collect' };
    case 'finish':
      return { type: 'finish', ...required(wire.finish) };
    case 'forget': {
      const { history, batches } = required(wire.forget);
      return { type: 'forget', history, batches: batches.map(({ firstBatch, count }) => [firstBatch, count]) };
    }
    default:
      throw new TardigradError('INVALID_ARGUMENT', 'An order names none that this server knows.', {
        next: 'Run one version everywhere.',
      });
  }
}

export function required<T>(value: T | null | undefined): T {
  if (value === null || value === undefined)
    throw new TardigradError('INVALID_ARGUMENT', 'An order is empty.', { next: 'Run one version everywhere.' });
  return value;
}

/** What the shard itself says; what the role adds of a cut's files is not in it. */
export function replyToWire(reply: OrderReply): ShardOrderReply {
  switch (reply.type) {
    case 'members':
      return { members: [...reply.dropped] };
    case 'mark':
      return { sequences: sequencesToWire(reply.sequences) };
    case 'cut':
      return {};
    case 'fence':
      return { members: incarnationsToWire(reply.incarnations), version: reply.version };
    case 'collect':
      return { outcomes: outcomesToWire(reply.outcomes), sequences: sequencesToWire(reply.sequences) };
    case 'done':
      return { version: reply.version };
    case 'refused':
      return { refused: true, why: reply.why };
    case 'unloaded':
      return { unloaded: true };
  }
}
