/**
 * What a shard wants done after one event, in order: messages to streams, answers to orders, rows for the records. Nothing
 * here decides; each method puts one effect at the end of the list.
 */
import type { DownMessage, PushReply, Refusal, RefusalCode } from '../transport/messages.ts';
import type { Effect, OrderReply, ShardEventRecord, StalenessRecord, StreamId } from './events.ts';

export class Effects {
  private effects: Effect[] = [];

  /** Another event: another list. */
  begin(): void {
    this.effects = [];
  }

  get list(): Effect[] {
    return this.effects;
  }

  send(stream: StreamId, message: DownMessage): void {
    this.effects.push({ type: 'send', stream, message });
  }

  closeStream(stream: StreamId): void {
    this.effects.push({ type: 'closeStream', stream });
  }

  refuse(
    stream: StreamId,
    about: Refusal['about'],
    code: RefusalCode,
    message: string,
    of: { readonly sequence?: number; readonly clock?: number } = {},
  ): void {
    this.send(stream, { type: 'refusal', about, code, message, sequence: of.sequence ?? 0, clock: of.clock ?? 0 });
  }

  answerPush(stream: StreamId, reply: Omit<PushReply, 'type'>): void {
    this.send(stream, { type: 'push', ...reply });
  }

  answerOrder(replyTo: number, reply: OrderReply): void {
    this.effects.push({ type: 'orderReply', replyTo, reply });
  }

  record(record: StalenessRecord): void {
    this.effects.push({ type: 'record', record });
  }

  recordEvent(record: ShardEventRecord): void {
    this.effects.push({ type: 'eventRecord', record });
  }
}
