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
import { FieldReader, FieldWriter, bytesTag, varintBytes, varintTag } from './wire-fields.ts';

/**
 * Numbers begin at a multiple of this many bytes in the frame, and so in the receiver's buffer: V8 copies to and from shared
 * memory word by word where both ends are aligned, and byte by byte, five times slower, where one is not.
 */
const ALIGNMENT = 8;
/** gRPC's own bytes before a message, in one buffer with it on both sides. */
const FRAME_BYTES = 5;
const ZEROS = new Uint8Array(ALIGNMENT);

/** Field numbers of parameter_server.proto. */
const REQUEST_PUSH = bytesTag(3);
const REPLY_WEIGHTS = bytesTag(2);
const REPLY_EPOCH = varintTag(15);
const PUSH: ChunkTags = {
  header: bytesTag(1),
  sequence: varintTag(2),
  offset: varintTag(3),
  data: bytesTag(4),
  last: varintTag(5),
  padding: bytesTag(6),
};
const WEIGHTS: ChunkTags = { header: bytesTag(1), offset: varintTag(2), data: bytesTag(3), last: varintTag(4), padding: bytesTag(5) };

interface ChunkTags {
  readonly header: number;
  /** Only a push's chunks have one. */
  readonly sequence?: number;
  readonly offset: number;
  readonly data: number;
  readonly last: number;
  readonly padding: number;
}

/** What the chunks of a push and of weights have in common, as they are written and as they are read. */
type ChunkIn = Pick<PushChunk, 'offset' | 'data' | 'last' | 'sequence'> & { header?: object | null };
interface ChunkOut<Header> {
  header: Header | null;
  sequence?: number;
  offset: number;
  data: Buffer;
  last: boolean;
}

const inner = new FieldWriter();
const outer = new FieldWriter();

/** One kind of chunk, with the generated code for its header. */
class ChunkCodec<In extends ChunkIn, Out extends ChunkOut<Out['header']>> {
  readonly #tags: ChunkTags;
  readonly #serialize: (chunk: In) => Buffer;
  readonly #deserialize: (bytes: Buffer) => Out;

  constructor(tags: ChunkTags, serialize: (chunk: In) => Buffer, deserialize: (bytes: Buffer) => Out) {
    this.#tags = tags;
    this.#serialize = serialize;
    this.#deserialize = deserialize;
  }

  readonly write = (chunk: In): Buffer => {
    const data = bytesOf(chunk.data);
    return gathered(this.#aligned(this.#fields(chunk), data.length, 0).take(), data);
  };

  /** The chunk as the field `tag` of a message, behind the fields that `message` has already. */
  writeWithin(message: FieldWriter, tag: number, chunk: In): Buffer {
    const data = bytesOf(chunk.data);
    const fields = this.#fields(chunk);
    // Where padding makes this prefix longer the numbers lie one byte off, which is slower and no worse.
    const before = message.length + 1 + varintBytes(fields.length + data.length);
    const head = this.#aligned(fields, data.length, before);
    message.prefix(tag, head.length + data.length).append(head.view());
    return gathered(message.take(), data);
  }

  readonly read = (bytes: Buffer): Out => {
    const tags = this.#tags;
    const chunk = (
      tags.sequence === undefined
        ? { header: null, offset: 0, data: bytes.subarray(0, 0), last: false }
        : { header: null, sequence: 0, offset: 0, data: bytes.subarray(0, 0), last: false }
    ) as Out;
    const fields = new FieldReader(bytes);
    while (!fields.ended) {
      const from = fields.at;
      const tag = fields.varint();
      if (tag === tags.data) chunk.data = fields.view();
      else if (tag === tags.sequence) chunk.sequence = fields.varint();
      else if (tag === tags.offset) chunk.offset = fields.varint();
      else if (tag === tags.last) chunk.last = fields.varint() !== 0;
      else fields.skip(tag);
      if (tag === tags.header) chunk.header = this.#deserialize(bytes.subarray(from, fields.at)).header;
    }
    return chunk;
  };

  /** All but the numbers. */
  #fields(chunk: In): FieldWriter {
    const tags = this.#tags;
    if (chunk.header) return inner.begin().append(this.#serialize({ ...chunk, data: ZEROS.subarray(0, 0) }));
    inner.begin();
    if (tags.sequence !== undefined) inner.field(tags.sequence, Number(chunk.sequence));
    return inner.field(tags.offset, Number(chunk.offset)).field(tags.last, chunk.last ? 1 : 0);
  }

  /** The tag and length of the numbers, behind as much padding as puts them at an aligned place. */
  #aligned(fields: FieldWriter, length: number, before: number): FieldWriter {
    const { padding, data } = this.#tags;
    const missing = -(FRAME_BYTES + before + fields.length + 1 + varintBytes(length)) & (ALIGNMENT - 1);
    if (missing > 0) {
      const bytes = missing === 1 ? ALIGNMENT - 1 : missing - 2; // a field takes two bytes at least
      fields.prefix(padding, bytes).append(ZEROS.subarray(0, bytes));
    }
    return fields.prefix(data, length);
  }
}

type Serialisers = Pick<ParameterServerDefinition, 'Exchange' | 'Push' | 'Pull'>;

/** The calls that carry chunks, with these serialisers in place of the generated ones. */
export function withChunkWire<Definition extends Serialisers>(generated: Definition): Definition {
  const { Exchange, Push, Pull } = generated;
  const pushes = new ChunkCodec<PushChunk, PushChunk__Output>(PUSH, Push.requestSerialize, Push.requestDeserialize);
  const weights = new ChunkCodec<WeightsChunk, WeightsChunk__Output>(WEIGHTS, Pull.responseSerialize, Pull.responseDeserialize);

  function serializeRequest(request: ExchangeRequest): Buffer {
    return request.push ? pushes.writeWithin(outer.begin(), REQUEST_PUSH, request.push) : Exchange.requestSerialize(request);
  }

  function serializeReply(reply: ExchangeReply): Buffer {
    if (!reply.weights) return Exchange.responseSerialize(reply);
    return weights.writeWithin(outer.begin().field(REPLY_EPOCH, Number(reply.epoch ?? 0)), REPLY_WEIGHTS, reply.weights);
  }

  /** A request that is one chunk and nothing else; anything else is read by the generated code. */
  function deserializeRequest(bytes: Buffer): ExchangeRequest__Output {
    if (bytes[0] === REQUEST_PUSH) {
      const fields = new FieldReader(bytes);
      fields.varint();
      const chunk = fields.view();
      if (fields.ended) return { push: pushes.read(chunk), body: 'push' };
    }
    return Exchange.requestDeserialize(bytes);
  }

  /** A reply of an epoch, or none, and one chunk. */
  function deserializeReply(bytes: Buffer): ExchangeReply__Output {
    const fields = new FieldReader(bytes);
    let epoch = 0;
    if (bytes[0] === REPLY_EPOCH) {
      fields.varint();
      epoch = fields.varint();
    }
    if (bytes[fields.at] === REPLY_WEIGHTS) {
      fields.varint();
      const chunk = fields.view();
      if (fields.ended) return { weights: weights.read(chunk), body: 'weights', epoch };
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
    Push: { ...Push, requestSerialize: pushes.write, requestDeserialize: pushes.read },
    Pull: { ...Pull, responseSerialize: weights.write, responseDeserialize: weights.read },
  };
}

function bytesOf(data: PushChunk['data']): Uint8Array {
  return data instanceof Uint8Array ? data : Buffer.from(data ?? '', 'base64');
}
