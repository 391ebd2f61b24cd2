/**
 * The one place where messages wait for a peer to take them, on both sides of a stream: in order, bounded in bytes, number
 * and time. Chunks are cut from a message's memory only as the peer takes them, and at most a few are under way, so a slow
 * reader costs what waits here and no more.
 */
import { overLimit } from './limits.ts';
import type { TransportLimits } from './limits.ts';
import { assert } from '../errors.ts';
import type { TardigradError } from '../errors.ts';

/** The part of a gRPC stream that an outbox needs. */
export interface ChunkWriter<Chunk> {
  write(chunk: Chunk, written: () => void): boolean;
  on(event: 'drain', listener: () => void): unknown;
}

interface Waiting<Chunk> {
  readonly chunks: Iterator<Chunk>;
  readonly bytes: number;
  readonly sent: (() => void) | undefined;
  underWay: number;
  /** No further chunk will come of it. */
  cut: boolean;
}

/** Chunks handed to the stream and not on their way yet: enough to keep a fast one busy. */
const CHUNKS_UNDER_WAY = 4;

export class Outbox<Chunk> {
  readonly #writer: ChunkWriter<Chunk>;
  readonly #limits: TransportLimits;
  readonly #nowMs: () => number;
  readonly #onProgress: (() => void) | undefined;
  readonly #waiting: Waiting<Chunk>[] = [];
  /** The message of each chunk that is under way, in order. */
  readonly #underWay: Waiting<Chunk>[] = [];
  #full = false;
  #pumping = false;
  #closed = false;
  #progressMs: number;
  #waitingBytes = 0;
  #sent: (() => void) | undefined;

  /** @param onProgress the peer has taken a chunk */
  constructor(writer: ChunkWriter<Chunk>, limits: TransportLimits, nowMs: () => number, onProgress?: () => void) {
    this.#writer = writer;
    this.#limits = limits;
    this.#nowMs = nowMs;
    this.#onProgress = onProgress;
    this.#progressMs = nowMs();
    writer.on('drain', () => {
      this.#full = false;
      this.#pump();
    });
  }

  get empty(): boolean {
    return this.#waiting.length === 0 && this.#underWay.length === 0;
  }

  /** Bytes of the messages that wait, whole ones also where a part is on its way. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /**
   * @param sent called once the message's memory is not needed any more; never where the stream ends before
   * @returns the limit that the message would break; it is not sent then, and the stream is of no more use
   */
  send(chunks: Iterable<Chunk>, bytes: number, sent?: () => void): TardigradError | undefined {
    if (this.#closed || this.#sent !== undefined) return undefined;
    if (this.empty) this.#progressMs = this.#nowMs();
    const messages = this.#waiting.length + 1;
    if (messages > this.#limits.queuedMessagesPerStream) {
      return overLimit('queuedMessagesPerStream', messages, 'Messages that the peer has not taken', this.#limits);
    }
    const total = this.#waitingBytes + bytes;
    if (this.#waiting.length > 0 && total > this.#limits.queuedBytesPerStream) {
      return overLimit('queuedBytesPerStream', total, 'Bytes that the peer has not taken', this.#limits);
    }
    this.#waiting.push({ chunks: chunks[Symbol.iterator](), bytes, sent, underWay: 0, cut: false });
    this.#waitingBytes = total;
    this.#pump();
    return undefined;
  }

  /** The error of a peer that has taken nothing for too long. */
  stalled(): TardigradError | undefined {
    if (this.#closed || this.empty) return undefined;
    const silentMs = Math.round(this.#nowMs() - this.#progressMs);
    return silentMs > this.#limits.slowReaderMs
      ? overLimit('slowReaderMs', silentMs, 'Milliseconds in which the peer has taken nothing', this.#limits)
      : undefined;
  }

  /** Takes no more, and calls back when the peer has taken all. */
  end(sent: () => void): void {
    if (this.#closed) return;
    this.#sent = sent;
    this.#endIfSent();
  }

  /** Drops what waits. */
  close(): void {
    this.#closed = true;
    this.#sent = undefined;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
  }

  #pump(): void {
    // write() may call back before it returns.
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#closed && !this.#full && this.#underWay.length < CHUNKS_UNDER_WAY) {
      const head = this.#waiting[0];
      if (head === undefined) break;
      const { value, done } = head.chunks.next();
      if (done === true) {
        this.#waiting.shift();
        this.#waitingBytes -= head.bytes;
        head.cut = true;
        if (head.underWay === 0) head.sent?.();
        continue;
      }
      head.underWay += 1;
      this.#underWay.push(head);
      if (!this.#writer.write(value, this.#written)) this.#full = true;
    }
    this.#pumping = false;
  }

  readonly #written = (): void => {
    const message = this.#underWay.shift();
    assert(message !== undefined, 'what was written was under way');
    message.underWay -= 1;
    this.#progressMs = this.#nowMs();
    if (this.#closed) return;
    if (message.cut && message.underWay === 0) message.sent?.();
    this.#onProgress?.();
    this.#pump();
    this.#endIfSent();
  };

  #endIfSent(): void {
    if (this.#sent === undefined || !this.empty) return;
    const sent = this.#sent;
    this.close();
    sent();
  }
}
