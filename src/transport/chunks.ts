/**
 * Long vectors as chunks. Sending cuts views out of the vector's own memory (also shared memory), so that nothing is
 * copied before gRPC frames it: the vector must stay as it is until it is answered. Receiving puts each chunk where it
 * belongs, in order and without holes.
 */
import { newVector } from '../tensor/vector-pool.ts';
import type { PushChunk } from './generated/tardigrad/v1/PushChunk.ts';
import type { WeightsChunk, WeightsChunk__Output } from './generated/tardigrad/v1/WeightsChunk.ts';
import type { WeightsHeader as WireWeightsHeader, WeightsHeader__Output } from './generated/tardigrad/v1/WeightsHeader.ts';
import { CHUNK_BYTES } from './limits.ts';
import type { Identity, PushHeader, Range, Weights } from './messages.ts';
import { pushHeaderToWire } from './wire.ts';

export const ELEMENT_BYTES = Float32Array.BYTES_PER_ELEMENT;

export function elementsOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { length }) => sum + length, 0);
}

/** The bytes of a vector, in place. */
export function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

interface Slice {
  readonly offset: number;
  readonly data: Buffer;
  readonly last: boolean;
}

/** At least one slice, also of an empty vector: the header needs one to travel with. */
function* slices(vector: Float32Array): Generator<Slice> {
  const { buffer, byteOffset, byteLength } = vector;
  let offset = 0;
  do {
    const length = Math.min(CHUNK_BYTES, byteLength - offset);
    yield { offset, data: Buffer.from(buffer as ArrayBuffer, byteOffset + offset, length), last: offset + length === byteLength };
    offset += length;
  } while (offset < byteLength);
}

/** @param identity in a stand-alone push only */
export function* pushChunks(header: PushHeader, gradient: Float32Array, identity?: Identity): Generator<PushChunk> {
  for (const slice of slices(gradient)) {
    const chunk = { sequence: header.sequence, ...slice };
    yield slice.offset === 0 ? { header: pushHeaderToWire(header, identity), ...chunk } : chunk;
  }
}

export function* weightsChunks(weights: Weights): Generator<WeightsChunk> {
  const { type: _, values, ...rest } = weights;
  const header: WireWeightsHeader = { ...rest, ranges: [...rest.ranges], encoding: 'ENCODING_FLOAT32', bytes: values.byteLength };
  for (const slice of slices(values)) yield slice.offset === 0 ? { header, ...slice } : slice;
}

/** What arrives, before its numbers do. */
export interface WeightsHeader extends Omit<Weights, 'type' | 'values'> {
  readonly elements: number;
}

/** A vector of exactly `header.elements` to assemble into, also over shared memory; undefined for a new one. */
export type WeightsTarget = (header: WeightsHeader) => Float32Array | undefined;

/** Puts the chunks of one stream's weights together. */
export class WeightsAssembler {
  readonly #target: WeightsTarget | undefined;
  #header: WeightsHeader | undefined;
  #values: Float32Array = new Float32Array(0);
  #offset = 0;

  constructor(target: WeightsTarget | undefined) {
    this.#target = target;
  }

  /** @returns the weights with their last chunk, undefined before, or as a string what is wrong with the chunk */
  add(chunk: WeightsChunk__Output): Weights | string | undefined {
    if (chunk.header) {
      const fault = this.#begin(chunk.header);
      if (fault !== undefined) return fault;
    }
    if (this.#header === undefined) return 'weights begin with a chunk without a header';
    const { data, offset, last } = chunk;
    if (offset !== this.#offset) return `a chunk of weights at byte ${offset} where byte ${this.#offset} is next`;
    const end = offset + data.length;
    const { byteLength } = this.#values;
    if (end > byteLength || (last && end !== byteLength)) return `weights of ${end} bytes where their header says ${byteLength}`;
    bytesOf(this.#values).set(data, offset);
    this.#offset = end;
    if (!last) return undefined;
    const { elements: _, ...header } = this.#header;
    const weights: Weights = { type: 'weights', ...header, values: this.#values };
    this.#header = undefined;
    return weights;
  }

  #begin(wire: WeightsHeader__Output): string | undefined {
    if (this.#header !== undefined) return 'weights begin before the ones before them have ended';
    const { clock, version, minClock, encoding, mapVersion, heldMs, bytes } = wire;
    if (encoding !== 'ENCODING_FLOAT32') return `weights in encoding ${encoding}, which is not known here`;
    const ranges = wire.ranges.map(({ start, length }) => ({ start, length }));
    const elements = elementsOf(ranges);
    if (bytes !== elements * ELEMENT_BYTES) return `weights of ${bytes} bytes for ${elements} elements`;
    const header = { clock, version, minClock, mapVersion, ranges, heldMs, elements };
    const target = this.#target?.(header);
    if (target !== undefined && target.length !== elements) return `a target of ${target.length} elements for weights of ${elements}`;
    this.#values = target ?? newVector(elements);
    this.#header = header;
    this.#offset = 0;
    return undefined;
  }
}
