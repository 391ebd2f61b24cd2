/**
 * The wire form of chunks, by hand: the hot path of pushes and pulls. To everyone else they are the plain protobuf messages
 * of parameter_server.proto; here a chunk's numbers are copied once, from the vector's own memory into the frame that gRPC
 * sends. All else, headers and odd encodings too, goes through the generated serialisers.
 *
 * gRPC asks of a serialised message its length and that it copies itself into the frame (tuning.ts), so a message here is
 * two pieces that have never been put together: a few bytes before the numbers, and the numbers where they lie.
 */
import type { ExchangeReply, ExchangeReply__Output } from './generated/tardigrad/v1/ExchangeReply.ts';
import type { ExchangeRequest, ExchangeRequest__Output } from './generated/tardigrad/v1/ExchangeRequest.ts';
import type { ParameterServerDefinition } from './generated/tardigrad/v1/ParameterServer.ts';
import type { PushChunk, PushChunk__Output } from './generated/tardigrad/v1/PushChunk.ts';
import type { WeightsChunk, WeightsChunk__Output } from './generated/tardigrad/v1/WeightsChunk.ts';
import { gathered } from './tuning.ts';

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const tagOf = (field: number, type: number): number => (field << 3) | type;

/**
 * Numbers begin at a multiple of this many bytes in the frame, and so in the receiver's buffer: V8 copies to and from shared
 * memory word by word where both ends are aligned, and byte by byte, five times slower, where one is not.
 */
const ALIGNMENT = 8;
/** gRPC's own bytes before a message, in one buffer with it on both sides. */
const FRAME_BYTES = 5;
const ZEROS = new Uint8Array(ALIGNMENT);

/** Field numbers of parameter_server.proto. */
const REQUEST_PUSH = tagOf(3, BYTES);
const REPLY_WEIGHTS = tagOf(2, BYTES);
const REPLY_EPOCH = tagOf(15, VARINT);
const PUSH = {
  header: tagOf(1, BYTES),
  sequence: tagOf(2, VARINT),
  offset: tagOf(3, VARINT),
  data: tagOf(4, BYTES),
  last: tagOf(5, VARINT),
  padding: tagOf(6, BYTES),
};
const WEIGHTS = {
  header: tagOf(1, BYTES),
  offset: tagOf(2, VARINT),
  data: tagOf(3, BYTES),
  last: tagOf(4, VARINT),
  padding: tagOf(5, BYTES),
};

/** Seven bits a byte; the longest is that of a 64-bit number. */
const VARINT_BYTES = 10;
const CONTINUES = 0x80;

/** A few fields before a chunk's numbers: reused from message to message, and copied out of it. */
class Head {
  #bytes = Buffer.alloc(64);
  #length = 0;

  begin(): this {
    this.#length = 0;
    return this;
  }

  /** Whole numbers up to 2^53; a default is not sent. */
  field(tag: number, value: number): this {
    return value === 0 ? this : this.#varint(tag).#varint(value);
  }

  /** The tag and length of a chunk's numbers, behind as much padding as puts them at an aligned place. */
  prefixAligned({ padding, data }: { padding: number; data: number }, length: number, before: number): this {
    const missing = -(FRAME_BYTES + before + this.#length + 1 + varintBytes(length)) & (ALIGNMENT - 1);
    if (missing > 0) {
      const bytes = missing === 1 ? ALIGNMENT - 1 : missing - 2; // a field takes two bytes at least
      this.prefix(padding, bytes).append(ZEROS.subarray(0, bytes));
    }
    return this.prefix(data, length);
  }

  /** The tag and length of bytes that follow. */
  prefix(tag: number, length: number): this {
    return this.#varint(tag).#varint(length);
  }

  append(bytes: Uint8Array): this {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  get length(): number {
    return this.#length;
  }

  take(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #varint(value: number): this {
    this.#room(VARINT_BYTES);
    let rest = value;
    while (rest >= CONTINUES) {
      this.#bytes[this.#length++] = (rest % CONTINUES) | CONTINUES;
      rest = Math.floor(rest / CONTINUES);
    }
    this.#bytes[this.#length++] = rest;
    return this;
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const longer = Buffer.alloc(2 * (this.#length + bytes));
    longer.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = longer;
  }
}

const inner = new Head();
const outer = new Head();

/** Reads one message's fields in order. */
class Fields {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get ended(): boolean {
    return this.at >= this.bytes.length;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < VARINT_BYTES; count += 1) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new RangeError('a message ends within a number');
      value += (byte & (CONTINUES - 1)) * scale;
      if (byte < CONTINUES) return value;
      scale *= CONTINUES;
    }
    throw new RangeError('a number is longer than 64 bits');
  }

  /** The bytes of a field, in place. */
  view(): Buffer {
    const length = this.varint();
    const from = this.at;
    this.at += length;
    if (this.at > this.bytes.length) throw new RangeError('a message ends within a field');
    return this.bytes.subarray(from, this.at);
  }

  skip(tag: number): void {
    const type = tag & 7;
    if (type === VARINT) this.varint();
    else if (type === BYTES) this.view();
    else if (type === FIXED64) this.at += 8;
    else if (type === FIXED32) this.at += 4;
    else throw new RangeError(`a field of wire type ${type}`);
    if (this.at > this.bytes.length) throw new RangeError('a message ends within a field');
  }
}

type Serialisers = Pick<ParameterServerDefinition, 'Exchange' | 'Push' | 'Pull'>;

/** The calls that carry chunks, with these serialisers in place of the generated ones. */
export function withChunkWire<Definition extends Serialisers>(generated: Definition): Definition {
  const { Exchange, Push, Pull } = generated;

  function pushHead(chunk: PushChunk): Head {
    if (chunk.header) {
      const { data: _, ...rest } = chunk;
      return inner.begin().append(Push.requestSerialize(rest));
    }
    return inner
      .begin()
      .field(PUSH.sequence, Number(chunk.sequence))
      .field(PUSH.offset, Number(chunk.offset))
      .field(PUSH.last, chunk.last ? 1 : 0);
  }

  function weightsHead(chunk: WeightsChunk): Head {
    if (chunk.header) {
      const { data: _, ...rest } = chunk;
      return inner.begin().append(Pull.responseSerialize(rest));
    }
    return inner
      .begin()
      .field(WEIGHTS.offset, Number(chunk.offset))
      .field(WEIGHTS.last, chunk.last ? 1 : 0);
  }

  function serializePush(chunk: PushChunk): Buffer {
    const data = bytesOf(chunk.data);
    return gathered(pushHead(chunk).prefixAligned(PUSH, data.length, 0).take(), data);
  }

  function serializeWeights(chunk: WeightsChunk): Buffer {
    const data = bytesOf(chunk.data);
    return gathered(weightsHead(chunk).prefixAligned(WEIGHTS, data.length, 0).take(), data);
  }

  function serializeRequest(request: ExchangeRequest): Buffer {
    if (!request.push) return Exchange.requestSerialize(request);
    const data = bytesOf(request.push.data);
    const fields = pushHead(request.push);
    // Where padding makes this prefix longer the numbers lie one byte off, which is slower and no worse.
    const before = 1 + varintBytes(fields.length + data.length);
    const head = fields.prefixAligned(PUSH, data.length, before);
    const message = outer
      .begin()
      .prefix(REQUEST_PUSH, head.length + data.length)
      .append(head.view());
    return gathered(message.take(), data);
  }

  function serializeReply(reply: ExchangeReply): Buffer {
    if (!reply.weights) return Exchange.responseSerialize(reply);
    const data = bytesOf(reply.weights.data);
    const message = outer.begin().field(REPLY_EPOCH, Number(reply.epoch ?? 0));
    const fields = weightsHead(reply.weights);
    const before = message.length + 1 + varintBytes(fields.length + data.length);
    const head = fields.prefixAligned(WEIGHTS, data.length, before);
    message.prefix(REPLY_WEIGHTS, head.length + data.length).append(head.view());
    return gathered(message.take(), data);
  }

  function deserializePush(bytes: Buffer): PushChunk__Output {
    const chunk: PushChunk__Output = { header: null, sequence: 0, offset: 0, data: bytes.subarray(0, 0), last: false };
    const fields = new Fields(bytes);
    while (!fields.ended) {
      const from = fields.at;
      const tag = fields.varint();
      if (tag === PUSH.data) chunk.data = fields.view();
      else if (tag === PUSH.sequence) chunk.sequence = fields.varint();
      else if (tag === PUSH.offset) chunk.offset = fields.varint();
      else if (tag === PUSH.last) chunk.last = fields.varint() !== 0;
      else fields.skip(tag);
      if (tag === PUSH.header) chunk.header = Push.requestDeserialize(bytes.subarray(from, fields.at)).header;
    }
    return chunk;
  }

  function deserializeWeights(bytes: Buffer): WeightsChunk__Output {
    const chunk: WeightsChunk__Output = { header: null, offset: 0, data: bytes.subarray(0, 0), last: false };
    const fields = new Fields(bytes);
    while (!fields.ended) {
      const from = fields.at;
      const tag = fields.varint();
      if (tag === WEIGHTS.data) chunk.data = fields.view();
      else if (tag === WEIGHTS.offset) chunk.offset = fields.varint();
      else if (tag === WEIGHTS.last) chunk.last = fields.varint() !== 0;
      else fields.skip(tag);
      if (tag === WEIGHTS.header) chunk.header = Pull.responseDeserialize(bytes.subarray(from, fields.at)).header;
    }
    return chunk;
  }

  /** A request that is one chunk and nothing else; anything else is read by the generated code. */
  function deserializeRequest(bytes: Buffer): ExchangeRequest__Output {
    if (bytes[0] === REQUEST_PUSH) {
      const fields = new Fields(bytes);
      fields.varint();
      const chunk = fields.view();
      if (fields.ended) return { push: deserializePush(chunk), body: 'push' };
    }
    return Exchange.requestDeserialize(bytes);
  }

  /** A reply of an epoch, or none, and one chunk. */
  function deserializeReply(bytes: Buffer): ExchangeReply__Output {
    const fields = new Fields(bytes);
    let epoch = 0;
    if (bytes[0] === REPLY_EPOCH) {
      fields.varint();
      epoch = fields.varint();
    }
    if (bytes[fields.at] === REPLY_WEIGHTS) {
      fields.varint();
      const chunk = fields.view();
      if (fields.ended) return { weights: deserializeWeights(chunk), body: 'weights', epoch };
    }
    return Exchange.responseDeserialize(bytes);
  }

  return {
    ...generated,
    Exchange: {
      ...Exchange,
      requestSerialize: serializeRequest,
      requestDeserialize: deserializeRequest,
      responseSerialize: serializeReply,
      responseDeserialize: deserializeReply,
    },
    Push: { ...Push, requestSerialize: serializePush, requestDeserialize: deserializePush },
    Pull: { ...Pull, responseSerialize: serializeWeights, responseDeserialize: deserializeWeights },
  };
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= CONTINUES; rest = Math.floor(rest / CONTINUES)) bytes += 1;
  return bytes;
}

function bytesOf(data: PushChunk['data']): Uint8Array {
  return data instanceof Uint8Array ? data : Buffer.from(data ?? '', 'base64');
}
