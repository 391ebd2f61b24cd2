/**
 * Makes whole pushes out of chunks, or refuses them; nothing of a push is visible to the shard before all of it has come
 * and been checked. Sizes are known from the header on and memory is taken only then, so what a client claims costs
 * nothing. A refused push's remaining chunks are dropped, and the stream goes on with the next header. Each chunk is
 * copied into place once and read once more, for values that are not finite, while it is still in the cache.
 */
import { TardigradError, assert } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import type { GradientMemory } from '../tensor/vector-pool.ts';
import { ELEMENT_BYTES, bytesOf } from './chunks.ts';
import type { PushChunk__Output } from './generated/tardigrad/v1/PushChunk.ts';
import type { PushHeader__Output } from './generated/tardigrad/v1/PushHeader.ts';
import { CHUNK_BYTES, overLimit } from './limits.ts';
import type { TransportLimits } from './limits.ts';
import type { Identity, PushHeader, Range, Refusal } from './messages.ts';
import { refusalCode } from './status.ts';
import { pushHeaderFromWire } from './wire.ts';

/** What a push to a shard must hold. */
export interface ExpectedPush {
  readonly mapVersion: number;
  readonly ranges: readonly Range[];
  readonly elements: number;
  /** Where its gradient is put together, and goes back to. */
  readonly gradients: GradientMemory;
}

/** A push that came whole. Its gradient belongs to whoever gets it. */
export interface WholePush {
  readonly type: 'push';
  readonly header: PushHeader;
  readonly gradient: Float32Array;
}

/** The bytes of pushes that are staged, or given to a shard and not answered yet, over all streams of a server. */
export class StagedBytes {
  used = 0;
}

export interface StagingOptions {
  readonly limits: TransportLimits;
  readonly server: StagedBytes;
  readonly expected: (identity: Identity) => ExpectedPush | TardigradError;
}

interface Staged {
  readonly header: PushHeader;
  readonly identity: Identity;
  readonly gradient: Float32Array;
  readonly bytes: Uint8Array;
  readonly memory: GradientMemory;
  /** Bytes that have come. */
  offset: number;
  chunks: number;
}

export class PushStaging {
  readonly #options: StagingOptions;
  #staged: Staged | undefined;
  /** The refused push whose further chunks may be on their way: dropped, up to the next header. */
  #refused: number | undefined;
  /** Gradients of pushes that came whole and have no reply yet, by sequence; several where one was sent again meanwhile. */
  readonly #unanswered = new Map<number, Pick<Staged, 'gradient' | 'memory'>[]>();
  #usedBytes = 0;

  constructor(options: StagingOptions) {
    this.#options = options;
  }

  /** A push has begun and not ended. */
  get open(): boolean {
    return this.#staged !== undefined;
  }

  /** @param identity whose push it is; of the stream's hello */
  add(chunk: PushChunk__Output, identity: Identity): WholePush | Refusal | undefined {
    if (chunk.header) {
      const fault = this.#begin(chunk.header, identity);
      if (fault !== undefined) return this.#refuse(chunk, fault, chunk.header.clock);
    } else if (this.#staged === undefined && chunk.sequence === this.#refused) {
      return undefined;
    }
    const staged = this.#staged;
    if (staged === undefined) return this.#refuse(chunk, invalid('its first chunk has no header'), 0);
    const fault = this.#take(staged, chunk);
    if (fault !== undefined) return this.#refuse(chunk, fault, staged.header.clock, staged.header.sequence);
    return chunk.last ? this.#finish(staged, chunk) : undefined;
  }

  /**
   * A push was answered.
   * @param kept its gradient still waits to be applied: its memory stays its keeper's
   */
  answered(sequence: number, kept: boolean): void {
    const gradients = this.#unanswered.get(sequence);
    if (gradients === undefined) return;
    this.#unanswered.delete(sequence);
    for (const { gradient } of gradients) this.#release(gradient.byteLength);
    const [only, ...more] = gradients;
    // Of several with one sequence nobody here can tell which one the answer is for.
    if (only !== undefined && more.length === 0 && !kept) only.memory.give(only.gradient);
  }

  /** Refuses what is being staged, for a reason that is not in its chunks. */
  giveUp(error: TardigradError): Refusal | undefined {
    const staged = this.#staged;
    if (staged === undefined) return undefined;
    const { sequence, clock } = staged.header;
    this.#discard();
    this.#refused = sequence;
    return refusal(sequence, clock, error);
  }

  /** The stream is gone: so is all that it staged. */
  close(): void {
    this.#discard();
    this.#unanswered.clear();
    this.#release(this.#usedBytes);
  }

  #begin(wire: PushHeader__Output, identity: Identity): TardigradError | undefined {
    this.#refused = undefined;
    assert(this.#staged === undefined, 'the stream refuses an open push before it lets another begin');
    const header = pushHeaderFromWire(wire);
    if (typeof header === 'string') return invalid(header);
    const expected = this.#options.expected(identity);
    if (expected instanceof TardigradError) return expected;
    const fault = header.kind === 'void' ? undefined : mismatch(header, expected);
    if (fault !== undefined) return invalid(fault);
    const elements = header.kind === 'void' ? 0 : expected.elements;
    const refused = this.#reserve(elements * ELEMENT_BYTES);
    if (refused !== undefined) return refused;
    const memory = expected.gradients;
    const gradient = memory.take(elements);
    this.#staged = { header, identity, gradient, bytes: bytesOf(gradient), memory, offset: 0, chunks: 0 };
    return undefined;
  }

  #take(staged: Staged, chunk: PushChunk__Output): TardigradError | undefined {
    const { data, offset, sequence } = chunk;
    const { limits } = this.#options;
    if (sequence !== staged.header.sequence) return invalid(`a chunk names sequence ${sequence}`);
    staged.chunks += 1;
    if (staged.chunks > limits.chunksPerPush) return overLimit('chunksPerPush', staged.chunks, `Push ${sequence}`, limits);
    if (data.length > CHUNK_BYTES) return invalid(`a chunk has ${data.length} bytes: at most ${CHUNK_BYTES}`);
    if (offset !== staged.offset) return invalid(`a chunk is at byte ${offset} where byte ${staged.offset} is next: no holes, no overlaps`);
    const end = offset + data.length;
    if (end > staged.bytes.length) return invalid(`it has ${end} bytes or more: the shard holds ${staged.bytes.length}`);
    staged.bytes.set(data, offset);
    staged.offset = end;
    const from = Math.floor(offset / ELEMENT_BYTES);
    const found = staged.memory.firstNonFinite(staged.gradient.subarray(from, Math.floor(end / ELEMENT_BYTES)));
    if (found !== -1) {
      const bad = from + found;
      const value = staged.gradient[bad];
      return invalid(`element ${bad} of the shard, ${elementOf(staged.header.ranges, bad)} of the model, is ${value}: all must be finite`);
    }
    return undefined;
  }

  #finish(staged: Staged, chunk: PushChunk__Output): WholePush | Refusal {
    const { header, gradient, identity, memory } = staged;
    if (staged.offset !== staged.bytes.length) {
      const fault = invalid(`it ends after ${staged.offset} bytes: the shard holds ${staged.bytes.length}`);
      return this.#refuse(chunk, fault, header.clock);
    }
    // The shard may have been loaded anew while the chunks came.
    const expected = this.#options.expected(identity);
    if (expected instanceof TardigradError) return this.#refuse(chunk, expected, header.clock);
    const fault = header.kind === 'void' ? undefined : mismatch(header, expected);
    if (fault !== undefined) return this.#refuse(chunk, invalid(fault), header.clock);
    this.#staged = undefined;
    this.#unanswered.set(header.sequence, [...(this.#unanswered.get(header.sequence) ?? []), { gradient, memory }]);
    return { type: 'push', header, gradient };
  }

  #refuse(chunk: PushChunk__Output, error: TardigradError, clock: number, sequence: number = chunk.sequence): Refusal {
    this.#discard();
    this.#refused = sequence;
    return refusal(sequence, clock, error);
  }

  #reserve(bytes: number): TardigradError | undefined {
    const { limits, server } = this.#options;
    const ofStream = this.#usedBytes + bytes;
    if (ofStream > limits.stagedBytesPerStream) return overLimit('stagedBytesPerStream', ofStream, 'Staged bytes with this push', limits);
    const ofServer = server.used + bytes;
    if (ofServer > limits.stagedBytesPerServer) return overLimit('stagedBytesPerServer', ofServer, 'Staged bytes with this push', limits);
    this.#usedBytes = ofStream;
    server.used = ofServer;
    return undefined;
  }

  #release(bytes: number): void {
    this.#usedBytes -= bytes;
    this.#options.server.used -= bytes;
  }

  #discard(): void {
    if (this.#staged === undefined) return;
    this.#release(this.#staged.gradient.byteLength);
    this.#staged.memory.give(this.#staged.gradient);
    this.#staged = undefined;
  }
}

function invalid(fault: string): TardigradError {
  return new TardigradError('INVALID_ARGUMENT', `The push is refused, and nothing has changed: ${fault}.`, {
    next: 'Send it right, or as void, with everything behind it again.',
  });
}

function refusal(sequence: number, clock: number, error: { readonly code: ErrorCode; readonly message: string }): Refusal {
  return { type: 'refusal', about: 'push', code: refusalCode(error.code), message: error.message, sequence, clock };
}

function mismatch(header: PushHeader, expected: ExpectedPush): string | undefined {
  if (header.mapVersion !== expected.mapVersion)
    return `it was cut by shard map ${header.mapVersion}: the shard has map ${expected.mapVersion}`;
  if (!sameRanges(header.ranges, expected.ranges))
    return `it covers ${rangesText(header.ranges)}: the shard holds ${rangesText(expected.ranges)}`;
  return undefined;
}

export function sameRanges(a: readonly Range[], b: readonly Range[]): boolean {
  return a.length === b.length && a.every((range, i) => range.start === b[i]!.start && range.length === b[i]!.length);
}

const RANGES_SHOWN = 4;

function rangesText(ranges: readonly Range[]): string {
  const shown = ranges.slice(0, RANGES_SHOWN).map(({ start, length }) => `${start}+${length}`);
  return `elements [${shown.join(' ')}${ranges.length > RANGES_SHOWN ? ` … ${ranges.length} ranges` : ''}]`;
}

/** Where an element of the shard lies in the whole model's vector. */
function elementOf(ranges: readonly Range[], index: number): number {
  let rest = index;
  for (const { start, length } of ranges) {
    if (rest < length) return start + rest;
    rest -= length;
  }
  return -1;
}
