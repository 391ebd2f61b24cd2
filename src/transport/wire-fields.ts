/** The protobuf wire format, as far as chunk-wire.ts needs it: tags, varints and lengths, written and read by hand. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Seven bits a byte; the longest is that of a 64-bit number. */
const VARINT_BYTES = 10;
const CONTINUES = 0x80;

export function varintTag(field: number): number {
  return (field << 3) | VARINT;
}

export function bytesTag(field: number): number {
  return (field << 3) | BYTES;
}

export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= CONTINUES; rest = Math.floor(rest / CONTINUES)) bytes += 1;
  return bytes;
}

/** Writes fields into memory of its own, which the next message uses again. */
export class FieldWriter {
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

/** Reads one message's fields in order. */
export class FieldReader {
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
