/**
 * safetensors: named tensors in one file that Python, Rust and browsers read with one line.
 *
 *   8 bytes   length of the header, little-endian
 *   header    JSON: name -> { dtype, shape, data_offsets: [begin, end) }, and __metadata__: string -> string
 *   data      the tensors' bytes, little-endian, end to end: no gap, no overlap, nothing behind them
 *
 * The header is padded with spaces to a multiple of 8 and wide elements come first, so that every tensor lies aligned and can
 * be used where it is. What is read comes from outside and is trusted in nothing: every length and offset is checked before it
 * is used, and nothing larger than the file is ever allocated.
 * Source: the format's description in the safetensors project (version 0.4 and later).
 */
import { endianness } from 'node:os';
import { assert, TardigradError } from '../errors.ts';
import { repeatedKey } from './json-keys.ts';

const elementTypes = {
  F64: { bytes: 8, array: Float64Array },
  I64: { bytes: 8, array: BigInt64Array },
  U64: { bytes: 8, array: BigUint64Array },
  F32: { bytes: 4, array: Float32Array },
  I32: { bytes: 4, array: Int32Array },
  U32: { bytes: 4, array: Uint32Array },
  /** The bits of each number, since JavaScript has no such array. */
  F16: { bytes: 2, array: Uint16Array },
  BF16: { bytes: 2, array: Uint16Array },
  I16: { bytes: 2, array: Int16Array },
  U16: { bytes: 2, array: Uint16Array },
  I8: { bytes: 1, array: Int8Array },
  U8: { bytes: 1, array: Uint8Array },
  /** One byte each, 0 or 1. */
  BOOL: { bytes: 1, array: Uint8Array },
} as const;

type SafetensorsType = keyof typeof elementTypes;
type SafetensorsArray = InstanceType<(typeof elementTypes)[SafetensorsType]['array']>;

export interface SafeTensor {
  readonly name: string;
  readonly dtype: SafetensorsType;
  /** Whole numbers of at least 0; an empty shape is a scalar. */
  readonly shape: readonly number[];
  /** As many elements as the shape says, in row-major order. */
  readonly data: SafetensorsArray;
}

export interface SafetensorsLimits {
  /** Default 16 MiB. */
  readonly headerBytesMax?: number;
  /** Default 100,000. */
  readonly tensorsMax?: number;
}

export interface DecodedSafetensors {
  /** In the order of their data. */
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  /** Without a prototype: a key such as `__proto__` is a key like any other. */
  readonly metadata: Readonly<Record<string, string>>;
}

const PREFIX_BYTES = 8;
const ALIGNMENT = 8;
const METADATA = '__metadata__';

/**
 * The file as a list of chunks to be written one after the other: the header, then a view of each tensor's memory, not a copy
 * (so write them before the tensors change). Tensors stand in the order given, wide elements before narrow ones.
 * @throws INVALID_ARGUMENT for an empty, reserved or repeated name, or data that do not fit type or shape.
 */
export function encodeSafetensors(tensors: readonly SafeTensor[], metadata?: Readonly<Record<string, string>>): Uint8Array[] {
  assert(endianness() === 'LE', 'safetensors are little-endian, and so must this machine be');
  const header: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  if (metadata !== undefined) header[METADATA] = metadata;
  const inOrder = [...tensors].sort((a, b) => elementTypes[b.dtype].bytes - elementTypes[a.dtype].bytes);
  const views: Uint8Array[] = [];
  let end = 0;
  for (const tensor of inOrder) {
    checkGiven(tensor, header);
    const { name, dtype, shape, data } = tensor;
    header[name] = { dtype, shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
    views.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return [encodeHeader(header), ...views];
}

function checkGiven({ name, dtype, shape, data }: SafeTensor, header: Record<string, unknown>): void {
  const refuse = (what: string, next: string): never => {
    throw new TardigradError('INVALID_ARGUMENT', `Tensor '${name}' cannot be written as safetensors: ${what}.`, {
      facts: { tensor: name },
      next,
    });
  };
  if (name === '' || name === METADATA) refuse('its name is empty or reserved', 'Give it another name.');
  if (name in header) refuse('its name was given twice', 'Give every tensor a name of its own.');
  if (!(data instanceof elementTypes[dtype].array))
    refuse(`its data are not a ${elementTypes[dtype].array.name}`, `That is what ${dtype} takes.`);
  const elements = countElements(shape);
  if (elements !== data.length) refuse(`its shape [${shape.join(', ')}] is not of its ${data.length} elements`, 'Correct the shape.');
}

function encodeHeader(header: Record<string, unknown>): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(PREFIX_BYTES + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, PREFIX_BYTES);
  return bytes;
}

/**
 * Reads a whole file. A tensor's data is a view of `bytes` where it lies aligned there, else a copy.
 * @throws DATA_LOSS for a file that is not what a writer of this format writes, INVALID_ARGUMENT for one over a limit.
 */
export function decodeSafetensors(bytes: Uint8Array, limits: SafetensorsLimits = {}): DecodedSafetensors {
  assert(endianness() === 'LE', 'safetensors are little-endian, and so must this machine be');
  const { header, dataStart } = readHeader(bytes, limits.headerBytesMax ?? 16 * 1024 * 1024);
  const metadata = readMetadata(header[METADATA]);
  const names = Object.keys(header).filter((name) => name !== METADATA);
  const tensorsMax = limits.tensorsMax ?? 100_000;
  if (names.length > tensorsMax) throw overLimit(`has ${names.length} tensors`, tensorsMax);
  const places = names.map((name) => readPlace(name, header[name])).sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(places, bytes.length - dataStart);
  const tensors = new Map<string, SafeTensor>();
  for (const place of places) {
    const { name, dtype, shape } = place;
    tensors.set(name, { name, dtype, shape, data: viewOrCopy(bytes, dataStart + place.begin, place) });
  }
  return { tensors, metadata };
}

interface Place {
  readonly name: string;
  readonly dtype: SafetensorsType;
  readonly shape: readonly number[];
  readonly elements: number;
  /** Bytes from the start of the data. */
  readonly begin: number;
  readonly end: number;
}

function readHeader(bytes: Uint8Array, headerBytesMax: number): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < PREFIX_BYTES) throw broken(`has ${bytes.length} bytes, too few for the length of a header`);
  const declared = new DataView(bytes.buffer, bytes.byteOffset, PREFIX_BYTES).getBigUint64(0, true);
  if (declared > BigInt(bytes.length - PREFIX_BYTES)) {
    throw broken(`declares a header of ${declared} bytes, but only ${bytes.length - PREFIX_BYTES} follow`);
  }
  const length = Number(declared);
  if (length > headerBytesMax) throw overLimit(`has a header of ${length} bytes`, headerBytesMax);
  const dataStart = PREFIX_BYTES + length;
  if (bytes[PREFIX_BYTES] !== 0x7b || length === 0) throw broken("has a header that does not start with '{'");
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(PREFIX_BYTES, dataStart));
    header = JSON.parse(text);
  } catch (cause) {
    throw broken('has a header that is not JSON', cause);
  }
  const repeated = repeatedKey(text);
  if (repeated !== undefined) throw broken(`has the key '${shortened(repeated)}' twice in one object of its header`);
  if (!isObject(header)) throw broken('has a header that is not an object');
  return { header, dataStart };
}

function readMetadata(value: unknown): Record<string, string> {
  const metadata = Object.create(null) as Record<string, string>;
  if (value === undefined) return metadata;
  if (!isObject(value)) throw broken('has metadata that are not an object');
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw broken(`has metadata '${shortened(key)}' that are not a string`);
    metadata[key] = text;
  }
  return metadata;
}

function readPlace(name: string, value: unknown): Place {
  const where = `describes tensor '${shortened(name)}'`;
  if (name === '' || !isObject(value) || Object.keys(value).length !== 3)
    throw broken(`${where} with other fields than dtype, shape, data_offsets`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !isElementType(dtype))
    throw broken(`${where} with the unknown dtype ${shortened(JSON.stringify(dtype) ?? 'none')}`);
  if (!isCounts(shape)) throw broken(`${where} with a shape that is not of whole numbers`);
  if (!isCounts(offsets) || offsets.length !== 2) throw broken(`${where} with data_offsets that are not two whole numbers`);
  const [begin, end] = offsets as [number, number];
  const elements = countElements(shape);
  if (begin > end || elements === undefined || elements * elementTypes[dtype].bytes !== end - begin) {
    throw broken(
      `${where} with data_offsets ${begin} to ${end} that do not fit its dtype ${dtype} and shape [${shortened(shape.join(', '))}]`,
    );
  }
  return { name, dtype, shape, elements, begin, end };
}

/** The tensors must cover the data exactly: a hole could hide bytes, an overlap makes two tensors share memory. */
function checkCoverage(places: readonly Place[], dataBytes: number): void {
  let covered = 0;
  for (const { name, begin, end } of places) {
    if (begin !== covered) {
      throw broken(`has tensor '${shortened(name)}' begin at byte ${begin} of the data, where byte ${covered} comes next`);
    }
    covered = end;
  }
  if (covered !== dataBytes) throw broken(`has ${dataBytes} bytes of data, its tensors cover ${covered}`);
}

function viewOrCopy(bytes: Uint8Array, start: number, { dtype, elements }: Place): SafetensorsArray {
  const { bytes: width, array: TypedArray } = elementTypes[dtype];
  const there = bytes.subarray(start, start + elements * width);
  const aligned = there.byteOffset % width === 0 ? there : there.slice();
  // The union of these constructors takes an ArrayBuffer only, though each takes shared memory too.
  return new TypedArray(aligned.buffer as ArrayBuffer, aligned.byteOffset, elements);
}

/** Product of the sizes, or undefined where it cannot be told exactly. */
function countElements(shape: readonly number[]): number | undefined {
  // With a size of 0 the others may be anything, and their product need not be exact.
  if (shape.includes(0)) return 0;
  let elements = 1;
  for (const size of shape) {
    elements *= size;
    if (!Number.isSafeInteger(elements) || size < 0) return undefined;
  }
  return elements;
}

function isElementType(dtype: string): dtype is SafetensorsType {
  return Object.hasOwn(elementTypes, dtype);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
}

/** So that a message is not as long as a hostile header. */
function shortened(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 100)}…`;
}

function broken(what: string, cause?: unknown): TardigradError {
  return new TardigradError('DATA_LOSS', `A safetensors file ${what}.`, {
    cause,
    next: 'It is damaged or of another format: take another copy.',
  });
}

function overLimit(what: string, limit: number): TardigradError {
  return new TardigradError('INVALID_ARGUMENT', `A safetensors file ${what}, over the limit of ${limit}.`, {
    facts: { limit },
    next: 'Raise the limit if you trust the file.',
  });
}
