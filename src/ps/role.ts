/**
 * What surrounds the shards of one parameter-server process: streams in, effects out, orders, files of cuts, snapshots,
 * records and measures. It decides nothing about weights or members; that is `shard.ts`.
 */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TardigradError } from '../errors.ts';
import { writeDurably } from '../durable-file.ts';
import type { VectorMemory } from '../tensor/slabs.ts';
import type { ExpectedPush } from '../transport/staging.ts';
import { createParameterServerService, type ParameterServerHandlers, type ParameterServerService } from '../transport/exchange-server.ts';
import type { ShardOrder__Output } from '../transport/generated/tardigrad/v1/ShardOrder.ts';
import type { ShardOrderReply } from '../transport/generated/tardigrad/v1/ShardOrderReply.ts';
import type { ShardReport } from '../transport/generated/tardigrad/v1/ShardReport.ts';
import type { ShardStatus } from '../transport/generated/tardigrad/v1/ShardStatus.ts';
import { LIMITS, overLimit } from '../transport/limits.ts';
import type { Identity, UpMessage, Weights } from '../transport/messages.ts';
import { outcomesToWire, sequencesFromWire, sequencesToWire } from '../transport/order-wire.ts';
import { encodeCut, readCut } from './cut-file.ts';
import type { Effect, Order, OrderReply, ShardConfig, ShardEvent } from './events.ts';
import { LagHistogram } from './lag-histogram.ts';
import { RecordFile } from './record-file.ts';
import { partsFor } from './restore-parts.ts';
import { orderFromWire, replyToWire, required } from './role-orders.ts';
import { Shard } from './shard.ts';
import { hashOfVectors } from './vectors.ts';

/** What travels as JSON in a load order. */
export interface LoadConfig extends ShardConfig {
  /** Folder for this shard's staleness records; absent: none are written. */
  readonly recordFolder?: string;
  readonly shardIndex: number;
}

interface HeldShard {
  readonly shard: Shard;
  snapshot: { readonly id: number; readonly weights: Weights } | undefined;
  records: RecordFile | undefined;
  lags: LagHistogram;
  pushes: number;
  refused: number;
  bytesIn: number;
  bytesOut: number;
}

export interface RoleOptions {
  readonly memory: VectorMemory;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
  readonly log: (event: string, facts: Readonly<Record<string, unknown>>) => void;
}

export class ParameterServerRole implements ParameterServerHandlers {
  readonly service: ParameterServerService;
  private readonly options: RoleOptions;
  private readonly jobs = new Map<string, HeldShard>();
  private readonly jobOfStream = new Map<number, string>();
  private readonly replies = new Map<number, (reply: OrderReply) => void>();
  private nextReply = 1;

  constructor(options: RoleOptions) {
    this.options = options;
    this.service = createParameterServerService(this, { onError: options.onError, vectors: options.memory.copies });
  }

  // ---- the data plane

  expected(identity: Identity): ExpectedPush | TardigradError {
    const expected = this.jobs.get(identity.job)?.shard.expectedPush();
    return expected ?? new TardigradError('UNAVAILABLE', `Nothing of job ${identity.job} is loaded here yet.`, { next: 'Try again.' });
  }

  message(stream: number, message: UpMessage): void {
    if (message.type === 'hello') this.jobOfStream.set(stream, message.identity.job);
    else if (message.type === 'push' && message.identity) this.jobOfStream.set(stream, message.identity.job);
    const job = this.jobOfStream.get(stream);
    const held = job === undefined ? undefined : this.jobs.get(job);
    if (!held) {
      const text = `nothing of job ${job ?? '(no hello yet)'} is here: try again`;
      this.service.send(stream, { type: 'refusal', about: message.type, code: 'UNAVAILABLE', message: text, sequence: 0, clock: 0 }, 0);
      return;
    }
    if (message.type === 'push') held.bytesIn += message.gradient.byteLength;
    this.handle(held, { type: 'message', stream, message });
  }

  closed(stream: number): void {
    const held = this.jobs.get(this.jobOfStream.get(stream) ?? '');
    this.jobOfStream.delete(stream);
    if (held) this.handle(held, { type: 'streamClosed', stream });
  }

  read(job: string, snapshot: number): Weights | TardigradError {
    const held = this.jobs.get(job);
    if (snapshot !== 0) {
      if (held?.snapshot?.id === snapshot) return held.snapshot.weights;
      return new TardigradError('NOT_FOUND', `Snapshot ${snapshot} of job ${job} is not here.`, {
        next: 'Ask the coordinator for a new one.',
      });
    }
    const read = held?.shard.read();
    if (!read) return new TardigradError('UNAVAILABLE', `Job ${job} has no weights here yet.`, { next: 'Try again.' });
    return { type: 'weights', clock: 0, heldMs: 0, ...read };
  }

  status(job: string, wantHash: boolean): ShardStatus | TardigradError {
    const held = this.jobs.get(job);
    if (!held) return new TardigradError('NOT_FOUND', `Nothing of job ${job} is here.`, { next: 'See where its shards are.' });
    const { waiting: _waiting, ranges, ...status } = held.shard.status();
    return { ...status, ranges: [...ranges], epoch: held.shard.epoch, stateHash: wantHash ? held.shard.stateHash() : '' };
  }

  epoch(job: string): number {
    return this.jobs.get(job)?.shard.epoch ?? 0;
  }

  // ---- time and measures

  tick(): void {
    for (const held of this.jobs.values()) this.handle(held, { type: 'tick' });
  }

  /** For the heartbeat. */
  reports(): ShardReport[] {
    return [...this.jobs].map(([job, held]) => {
      held.records?.flush();
      const { version, minClock, maxClock, loaded } = held.shard.status();
      const { lags, pushes, refused, bytesIn, bytesOut } = held;
      return {
        job,
        version: loaded ? version : 0,
        minClock,
        maxClock,
        pushes,
        refused,
        bytesIn,
        bytesOut,
        lagCounts: [...lags.lagCounts],
        lagMax: lags.max,
      };
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.jobs.values()].map((held) => held.records?.close()));
  }

  // ---- effects

  private handle(held: HeldShard, event: ShardEvent): void {
    for (const effect of held.shard.handle(event, this.options.now())) this.carryOut(held, effect);
  }

  private carryOut(held: HeldShard, effect: Effect): void {
    switch (effect.type) {
      case 'send':
        if (effect.message.type === 'weights') held.bytesOut += effect.message.values.byteLength;
        else if (effect.message.type === 'refusal') held.refused += 1;
        this.service.send(effect.stream, effect.message, held.shard.epoch);
        return;
      case 'closeStream':
        this.service.closeStream(effect.stream, 'a newer stream of this worker took its place');
        return;
      case 'orderReply': {
        const reply = this.replies.get(effect.replyTo);
        this.replies.delete(effect.replyTo);
        reply?.(effect.reply);
        return;
      }
      case 'record':
        held.pushes += 1;
        if (effect.record.versionLag >= 0) held.lags.add(effect.record.versionLag);
        held.records?.add(effect.record);
        return;
      case 'eventRecord':
        held.records?.add(effect.record);
        return;
    }
  }

  // ---- orders

  async order(wire: ShardOrder__Output): Promise<ShardOrderReply> {
    const held = this.hold(wire.job);
    if (wire.order === 'cut') return this.cut(held, required(wire.cut), wire.epoch);
    if (wire.order === 'load') return this.load(held, required(wire.load), wire.epoch);
    const reply = await this.give(held, orderFromWire(wire), wire.epoch);
    return { ...replyToWire(reply), epoch: held.shard.epoch };
  }

  private hold(job: string): HeldShard {
    let held = this.jobs.get(job);
    if (!held) {
      if (this.jobs.size >= LIMITS.jobsPerServer) throw overLimit('jobsPerServer', this.jobs.size + 1, `Job ${job}`);
      held = {
        shard: new Shard(job, this.options.memory),
        snapshot: undefined,
        records: undefined,
        lags: new LagHistogram(),
        pushes: 0,
        refused: 0,
        bytesIn: 0,
        bytesOut: 0,
      };
      this.jobs.set(job, held);
    }
    return held;
  }

  private give(held: HeldShard, order: Order, epoch: number): Promise<OrderReply> {
    return new Promise((resolve) => {
      const replyTo = this.nextReply;
      this.nextReply += 1;
      this.replies.set(replyTo, resolve);
      this.handle(held, { type: 'order', order, epoch, replyTo });
    });
  }

  private async cut(held: HeldShard, wire: NonNullable<ShardOrder__Output['cut']>, epoch: number): Promise<ShardOrderReply> {
    const reply = await this.give(held, { type: 'cut', id: wire.id, sequences: sequencesFromWire(wire.sequences) }, epoch);
    const { shard } = held;
    if (reply.type !== 'cut') return { ...replyToWire(reply), epoch: shard.epoch };
    const { copy, heldMs } = reply;
    const { ranges, mapVersion, minClock } = shard.status();
    const answer: ShardOrderReply = {
      epoch: shard.epoch,
      version: copy.version,
      clock: copy.clock,
      heldMs,
      sequences: sequencesToWire(copy.sequences),
      outcomes: outcomesToWire(copy.outcomes),
      stateHash: hashOfVectors(copy.x, copy.state),
    };
    if (wire.file === '') {
      const weights: Weights = {
        type: 'weights',
        clock: 0,
        heldMs: 0,
        version: copy.version,
        minClock,
        mapVersion,
        ranges,
        values: copy.x,
      };
      held.snapshot = { id: wire.id, weights };
      return answer;
    }
    await mkdir(dirname(wire.file), { recursive: true, mode: 0o700 });
    const written = await writeDurably(wire.file, encodeCut(ranges, copy));
    return { ...answer, written: { file: wire.file, ...written } };
  }

  private async load(held: HeldShard, wire: NonNullable<ShardOrder__Output['load']>, epoch: number): Promise<ShardOrderReply> {
    const config = JSON.parse(wire.config) as LoadConfig;
    // Before the files of a cut are read into memory.
    const refused = held.shard.refusal(wire.ranges, config);
    if (refused) return { epoch: held.shard.epoch, refused: true, why: refused.message };
    const { ranges, sources, clock } = wire;
    const parts = sources.length === 0 ? undefined : partsFor(ranges, await Promise.all(sources.map(readCut)), clock);
    const reply = await this.give(
      held,
      { type: 'load', history: wire.history, mapVersion: wire.mapVersion, ranges: wire.ranges, config, parts },
      epoch,
    );
    if (reply.type === 'done') {
      held.lags = new LagHistogram();
      held.snapshot = undefined;
      this.options.memory.copies.clear(); // of lengths that may never come again
      if (config.recordFolder !== undefined && !held.records) {
        held.records = new RecordFile(join(config.recordFolder, `shard-${config.shardIndex}.jsonl`));
      }
      this.options.log('loaded', { job: held.shard.job, version: reply.version, history: wire.history });
    }
    return { ...replyToWire(reply), epoch: held.shard.epoch, stateHash: reply.type === 'done' ? held.shard.vectorsHash() : '' };
  }
}
