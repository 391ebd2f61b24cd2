import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProtoGrpcType } from '../../src/transport/generated/parameter_server.ts';
import { parameterServer } from '../../src/transport/proto.ts';

/** The same protocol as anybody else reads and writes it. */
const protos = fileURLToPath(new URL('../../proto', import.meta.url));
const others = (
  grpc.loadPackageDefinition(
    loadSync('tardigrad/v1/parameter_server.proto', {
      includeDirs: [protos],
      longs: Number,
      enums: String,
      defaults: true,
      oneofs: true,
    }),
  ) as unknown as ProtoGrpcType
).tardigrad.v1.ParameterServer.service;

/** What gRPC does with a serialised message: its frame, and the message as the peer finds it in its own buffer. */
function received(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafeSlow(message.length + 5);
  message.copy(frame, 5);
  return frame.subarray(5);
}

/** Bytes as text, which is compared at once and not byte by byte. */
function readable<Chunk extends { data: Buffer }>(chunk: Chunk): Omit<Chunk, 'data'> & { data: string } {
  return { ...chunk, data: chunk.data.toString('base64') };
}

const count = fc.oneof(fc.nat(3), fc.constantFrom(127, 128, 16_383, 16_384, 2 ** 21, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER));
const data = fc
  .oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.constantFrom(...[0, 127, 128, 16_383, 16_384, 70_000].map((length) => new Uint8Array(length).fill(7))),
  )
  .map((bytes) => Buffer.from(bytes));
const ranges = fc.array(fc.record({ start: count, length: count }), { maxLength: 3 });
const identity = fc.option(fc.record({ job: fc.string(), history: count, worker: fc.string(), incarnation: count }), { nil: null });
const uint32 = fc.nat(2 ** 31 - 1);
const pushHeader = fc.record({
  sequence: count,
  clock: count,
  versionRead: count,
  versionSpread: uint32,
  kind: fc.constantFrom('PUSH_KIND_GRADIENT' as const, 'PUSH_KIND_VOID' as const),
  encoding: fc.constant('ENCODING_FLOAT32' as const),
  mapVersion: count,
  ranges,
  task: count,
  firstBatch: count,
  batchCount: uint32,
  samples: uint32,
  loss: fc.float({ noNaN: true }),
  identity,
});
const weightsHeader = fc.record({
  clock: count,
  version: count,
  minClock: count,
  encoding: fc.constant('ENCODING_FLOAT32' as const),
  mapVersion: count,
  ranges,
  bytes: count,
  heldMs: fc.double({ noNaN: true }),
});
const pushChunk = fc.record({ header: fc.option(pushHeader, { nil: null }), sequence: count, offset: count, data, last: fc.boolean() });
const weightsChunk = fc.record({ header: fc.option(weightsHeader, { nil: null }), offset: count, data, last: fc.boolean() });

describe('a chunk', () => {
  it('reads the same to everybody, whoever wrote it', () => {
    fc.assert(
      fc.property(pushChunk, weightsChunk, count, (push, weights, epoch) => {
        const request = { push, body: 'push' as const };
        const reply = { weights, body: 'weights' as const, epoch };
        for (const [writer, reader] of [
          [parameterServer, others],
          [others, parameterServer],
          [parameterServer, parameterServer],
        ] as const) {
          const requestRead = reader.Exchange.requestDeserialize(received(writer.Exchange.requestSerialize(request)));
          expect({ ...requestRead, push: readable(requestRead.push!) }).toEqual({ ...request, push: readable(push) });
          const replyRead = reader.Exchange.responseDeserialize(received(writer.Exchange.responseSerialize(reply)));
          expect({ ...replyRead, weights: readable(replyRead.weights!) }).toEqual({ ...reply, weights: readable(weights) });
          expect(readable(reader.Push.requestDeserialize(received(writer.Push.requestSerialize(push))))).toEqual(readable(push));
          expect(readable(reader.Pull.responseDeserialize(received(writer.Pull.responseSerialize(weights))))).toEqual(readable(weights));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('has its numbers at a multiple of eight bytes in the peer’s memory, but for a prefix that grows by its padding', () => {
    fc.assert(
      fc.property(pushChunk, weightsChunk, count, (push, weights, epoch) => {
        for (const [message, bytes] of [
          [parameterServer.Exchange.requestDeserialize(received(parameterServer.Exchange.requestSerialize({ push }))).push!, push],
          [
            parameterServer.Exchange.responseDeserialize(received(parameterServer.Exchange.responseSerialize({ weights, epoch }))).weights!,
            weights,
          ],
        ] as const) {
          const { length } = bytes.data;
          const nearBorder = [2 ** 7, 2 ** 14, 2 ** 21].some((border) => length < border && border <= length + 600);
          if (length > 0 && !nearBorder) expect(message.data.byteOffset % 8).toBe(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is read past fields that are not known, in any order, and by the last of those that come twice', () => {
    const varint = (field: number, value: number): number[] => [field << 3, value];
    const bytes = (field: number, ...values: number[]): number[] => [(field << 3) | 2, values.length, ...values];
    const fixed64 = [(19 << 3) | 1, 0x01, ...Array<number>(8).fill(9)]; // field 19 takes a tag of two bytes
    const fixed32 = [(7 << 3) | 5, 1, 2, 3, 4];
    fixed64[0] = (((19 << 3) | 1) & 0x7f) | 0x80;
    const message = Buffer.from([
      ...bytes(4, 1, 2),
      ...fixed32,
      ...varint(2, 5),
      ...fixed64,
      ...bytes(9, 8),
      ...varint(2, 6),
      ...varint(5, 1),
      ...bytes(4, 3),
    ]);
    expect(parameterServer.Push.requestDeserialize(message)).toEqual(others.Push.requestDeserialize(message));
    expect(parameterServer.Push.requestDeserialize(message)).toEqual({
      header: null,
      sequence: 6,
      offset: 0,
      data: Buffer.of(3),
      last: true,
    });
  });

  it('beside another body in one request is read as anybody reads it', () => {
    const chunk = received(parameterServer.Exchange.requestSerialize({ push: { sequence: 1, data: Buffer.of(1, 2, 3, 4) } }));
    const both = Buffer.concat([chunk, others.Exchange.requestSerialize({ pull: { clock: 3 } })]);
    expect(parameterServer.Exchange.requestDeserialize(both)).toEqual(others.Exchange.requestDeserialize(both));
  });

  it('that is cut anywhere is refused, never read past its end', () => {
    const whole = received(parameterServer.Push.requestSerialize({ sequence: 300, offset: 70_000, data: Buffer.alloc(30, 1), last: true }));
    const cuts = Array.from({ length: whole.length }, (_, length) => Buffer.from(whole.subarray(0, length)));
    const refused = cuts.filter((cut) => {
      try {
        parameterServer.Push.requestDeserialize(cut);
        return false;
      } catch {
        return true;
      }
    });
    // Between two fields a shorter message is a message too.
    const [between, ...rest] = cuts.filter((cut) => !refused.includes(cut)).map(({ length }) => length);
    expect(between).toBe(0);
    expect(rest.length).toBeLessThanOrEqual(4);
    for (const length of rest) expect(() => others.Push.requestDeserialize(cuts[length]!)).not.toThrow();
  });
});
