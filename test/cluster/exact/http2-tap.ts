/**
 * Reads the gRPC messages in one direction of an HTTP/2 connection without taking part in it: DATA frames, put together by
 * stream, cut into length-prefixed messages (RFC 9113, section 6.1; gRPC over HTTP/2, "Length-Prefixed-Message").
 */
const PREFACE_BYTES = 24;
const FRAME_HEADER_BYTES = 9;
const DATA = 0;
const PADDED = 0x8;
const MESSAGE_PREFIX_BYTES = 5;

export class Http2Tap {
  private readonly onMessage: (message: Buffer) => void;
  private waiting = Buffer.alloc(0);
  private skip: number;
  private readonly bodies = new Map<number, Buffer>();

  /** @param from a client's bytes begin with the connection preface */
  constructor(from: 'client' | 'server', onMessage: (message: Buffer) => void) {
    this.skip = from === 'client' ? PREFACE_BYTES : 0;
    this.onMessage = onMessage;
  }

  add(bytes: Buffer): void {
    this.waiting = Buffer.concat([this.waiting, bytes]);
    if (this.skip > 0) {
      if (this.waiting.length < this.skip) return;
      this.waiting = this.waiting.subarray(this.skip);
      this.skip = 0;
    }
    while (this.waiting.length >= FRAME_HEADER_BYTES) {
      const length = this.waiting.readUIntBE(0, 3);
      const end = FRAME_HEADER_BYTES + length;
      if (this.waiting.length < end) return;
      const type = this.waiting.readUInt8(3);
      const flags = this.waiting.readUInt8(4);
      const stream = this.waiting.readUInt32BE(5) & 0x7fffffff;
      const payload = this.waiting.subarray(FRAME_HEADER_BYTES, end);
      this.waiting = this.waiting.subarray(end);
      if (type === DATA) this.body(stream, (flags & PADDED) === 0 ? payload : payload.subarray(1, length - payload.readUInt8(0)));
    }
  }

  private body(stream: number, data: Buffer): void {
    let body = Buffer.concat([this.bodies.get(stream) ?? Buffer.alloc(0), data]);
    while (body.length >= MESSAGE_PREFIX_BYTES) {
      const end = MESSAGE_PREFIX_BYTES + body.readUInt32BE(1);
      if (body.length < end) break;
      this.onMessage(body.subarray(MESSAGE_PREFIX_BYTES, end));
      body = body.subarray(end);
    }
    this.bodies.set(stream, body);
  }
}
