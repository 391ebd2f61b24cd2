import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TardigradError } from '../../src/errors.ts';
import type { SafeTensor } from '../../src/tensor/safetensors.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/tensor/safetensors.ts';

const everyType: SafeTensor[] = [
  { name: 'u8', dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 255) },
  { name: 'f32', dtype: 'F32', shape: [2, 3], data: Float32Array.of(1, -0, 1e-45, Infinity, 0.1, -2) },
  { name: 'bool', dtype: 'BOOL', shape: [2], data: Uint8Array.of(0, 1) },
  { name: 'i64', dtype: 'I64', shape: [1], data: BigInt64Array.of(-(2n ** 62n)) },
  { name: 'u64', dtype: 'U64', shape: [1], data: BigUint64Array.of(2n ** 63n) },
  { name: 'f64', dtype: 'F64', shape: [], data: Float64Array.of(Math.PI) },
  { name: 'i32', dtype: 'I32', shape: [1, 2], data: Int32Array.of(-5, 5) },
  { name: 'u32', dtype: 'U32', shape: [1], data: Uint32Array.of(0xffffffff) },
  { name: 'f16', dtype: 'F16', shape: [1], data: Uint16Array.of(0x3c00) },
  { name: 'bf16', dtype: 'BF16', shape: [1], data: Uint16Array.of(0x3f80) },
  { name: 'i16', dtype: 'I16', shape: [1], data: Int16Array.of(-7) },
  { name: 'u16', dtype: 'U16', shape: [1], data: Uint16Array.of(7) },
  { name: 'i8', dtype: 'I8', shape: [1], data: Int8Array.of(-8) },
  { name: 'none', dtype: 'F32', shape: [0, 4], data: new Float32Array(0) },
  { name: '__proto__', dtype: 'F32', shape: [1], data: Float32Array.of(9) },
  { name: 'schön/層.0', dtype: 'F32', shape: [1], data: Float32Array.of(10) },
];

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks));
}

/** A file with the given header text and so many bytes of data. */
function fileWith(header: string, dataBytes: number): Uint8Array {
  const text = new TextEncoder().encode(header);
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, BigInt(text.length), true);
  return joined([prefix, text, new Uint8Array(dataBytes)]);
}

const described = (offsets: string, shape = '[1]') => `{"dtype":"F32","shape":${shape},"data_offsets":${offsets}}`;

describe('safetensors', () => {
  test('reads back every type, shape, name and metadata that it wrote', () => {
    const metadata = { job: 'mnist', __proto__x: 'y', empty: '' };
    const { tensors, metadata: readMetadata } = decodeSafetensors(joined(encodeSafetensors(everyType, metadata)));
    expect({ ...readMetadata }).toEqual(metadata);
    expect(tensors.size).toBe(everyType.length);
    for (const tensor of everyType) expect(tensors.get(tensor.name)).toEqual(tensor);
  });

  test('reads back any float32 tensors', () => {
    const tensor = fc.record({ name: fc.string({ minLength: 1 }), values: fc.array(fc.float(), { minLength: 1, maxLength: 20 }) });
    fc.assert(
      fc.property(fc.uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 6 }), (list) => {
        const given = list
          .filter(({ name }) => name !== '__metadata__')
          .map(({ name, values }): SafeTensor => ({ name, dtype: 'F32', shape: [values.length], data: Float32Array.from(values) }));
        const { tensors } = decodeSafetensors(joined(encodeSafetensors(given)));
        // JSON escapes lone surrogates, so even such names survive.
        expect([...tensors.values()]).toEqual(given);
      }),
    );
  });

  test('writes a header padded to 8 bytes, then views of the given memory', () => {
    const data = Float32Array.of(1, 2);
    const [header, view] = encodeSafetensors([{ name: 'x', dtype: 'F32', shape: [2], data }]);
    expect(header!.length % 8).toBe(0);
    expect(new TextDecoder().decode(header!.subarray(8)).trimEnd()).toBe('{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}');
    data[0] = 3;
    expect(new Float32Array(view!.buffer, view!.byteOffset, 2)[0]).toBe(3);
  });

  test('gives views of the file where a tensor lies aligned, and copies only where it does not', () => {
    const file = joined(encodeSafetensors(everyType));
    for (const tensor of decodeSafetensors(file).tensors.values()) expect(tensor.data.buffer).toBe(file.buffer);

    const shifted = new Uint8Array(file.length + 1);
    shifted.set(file, 1);
    const { tensors } = decodeSafetensors(shifted.subarray(1));
    expect(tensors.get('u8')!.data.buffer).toBe(shifted.buffer);
    expect(tensors.get('f32')!.data.buffer).not.toBe(shifted.buffer);
    for (const tensor of everyType) expect(tensors.get(tensor.name)).toEqual(tensor);
  });

  test('keeps __proto__ a name and a key like any other', () => {
    const file = fileWith(`{"__metadata__":{"__proto__":"a"},"__proto__":${described('[0,4]')}}`, 4);
    const { tensors, metadata } = decodeSafetensors(file);
    expect(Object.entries(metadata)).toEqual([['__proto__', 'a']]);
    expect(tensors.get('__proto__')?.shape).toEqual([1]);
    expect(({} as Record<string, unknown>)['dtype']).toBeUndefined();
  });

  test.each<[string, SafeTensor[], RegExp]>([
    ['an empty name', [{ ...everyType[0]!, name: '' }], /empty or reserved/],
    ['the reserved name', [{ ...everyType[0]!, name: '__metadata__' }], /empty or reserved/],
    ['a repeated name', [everyType[0]!, everyType[0]!], /given twice/],
    ['data of another type', [{ ...everyType[0]!, dtype: 'F32' }], /not a Float32Array/],
    ['data of another length', [{ ...everyType[0]!, shape: [2] }], /shape \[2\] is not of its 3 elements/],
    ['a negative shape', [{ ...everyType[0]!, shape: [-1, -3] }], /shape \[-1, -3\]/],
  ])('refuses to write %s', (_what, tensors, message) => {
    expect(() => encodeSafetensors(tensors)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    );
  });
});

describe('a damaged or hostile file', () => {
  test.each<[string, Uint8Array, RegExp]>([
    ['is empty', new Uint8Array(0), /has 0 bytes/],
    ['ends within the length', new Uint8Array(7), /has 7 bytes/],
    [
      'declares a header longer than itself',
      Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 123),
      /declares a header of 18446744073709551615 bytes, but only 1/,
    ],
    ['declares no header', new Uint8Array(16), /does not start with '\{'/],
    ['starts with something else', fileWith(' {}', 0), /does not start with '\{'/],
    ['is not JSON', fileWith('{"a":}', 0), /not JSON/],
    ['is not UTF-8', joined([Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff, 0x7d)]), /not JSON/],
    ['has a tensor twice', fileWith(`{"a":${described('[0,4]')},"\\u0061":${described('[4,8]')}}`, 8), /key 'a' twice/],
    ['has a field twice', fileWith('{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4), /key 'dtype' twice/],
    ['has metadata that are a list', fileWith('{"__metadata__":["a"]}', 0), /metadata that are not an object/],
    ['has metadata that are numbers', fileWith('{"__metadata__":{"a":1}}', 0), /metadata 'a' that are not a string/],
    ['has a tensor that is a number', fileWith('{"a":1}', 0), /other fields than/],
    ['has a tensor with a field more', fileWith('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"b":1}}', 4), /other fields than/],
    ['has a tensor without a name', fileWith(`{"":${described('[0,4]')}}`, 4), /other fields than/],
    ['has an unknown type', fileWith('{"a":{"dtype":"toString","shape":[1],"data_offsets":[0,4]}}', 4), /unknown dtype "toString"/],
    ['has a negative size', fileWith(`{"a":${described('[0,4]', '[-1]')}}`, 4), /shape that is not of whole numbers/],
    ['has sizes whose product overflows', fileWith(`{"a":${described('[0,4]', '[4294967296,4294967296]')}}`, 4), /do not fit/],
    ['has three offsets', fileWith(`{"a":${described('[0,4,8]')}}`, 4), /not two whole numbers/],
    ['has a broken offset', fileWith(`{"a":${described('[0.5,4.5]')}}`, 4), /not two whole numbers/],
    ['has offsets in the wrong order', fileWith(`{"a":${described('[4,0]')}}`, 4), /do not fit/],
    ['has offsets of another length', fileWith(`{"a":${described('[0,8]')}}`, 8), /do not fit/],
    ['has a tensor beyond its end', fileWith(`{"a":${described('[0,4]')}}`, 3), /has 3 bytes of data, its tensors cover 4/],
    ['has bytes behind the last tensor', fileWith(`{"a":${described('[0,4]')}}`, 5), /has 5 bytes of data, its tensors cover 4/],
    ['has a hole', fileWith(`{"a":${described('[0,4]')},"b":${described('[8,12]')}}`, 12), /'b' begin at byte 8 of the data, where byte 4/],
    ['has a hole in front', fileWith(`{"a":${described('[4,8]')}}`, 8), /begin at byte 4/],
    [
      'has an overlap',
      fileWith(`{"a":${described('[0,4]')},"b":${described('[2,6]')}}`, 6),
      /'b' begin at byte 2 of the data, where byte 4/,
    ],
    ['shares one place', fileWith(`{"a":${described('[0,4]')},"b":${described('[0,4]')}}`, 4), /begin at byte 0 of the data, where byte 4/],
  ])('that %s is refused as damaged', (_what, file, message) => {
    expect(() => decodeSafetensors(file)).toThrow(expect.objectContaining({ code: 'DATA_LOSS', message: expect.stringMatching(message) }));
  });

  test('over a limit is refused with the limit', () => {
    const file = joined(encodeSafetensors(everyType));
    const refusal = (message: string) => expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) });
    expect(() => decodeSafetensors(file, { headerBytesMax: 64 })).toThrow(refusal('over the limit of 64'));
    expect(() => decodeSafetensors(file, { tensorsMax: 3 })).toThrow(refusal('has 16 tensors, over the limit of 3'));
  });

  test('with names as long as the header gets a short message', () => {
    const name = 'x'.repeat(50_000);
    expect(() => decodeSafetensors(fileWith(`{"${name}":1}`, 0))).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^.{0,400}$/s) }),
    );
  });

  test('nested a million deep is refused, not a crash', () => {
    const deep = `{"a":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`;
    expect(() => decodeSafetensors(fileWith(deep, 0))).toThrow(TardigradError);
  });

  /** Decodes, and lets through success and typed refusals only. */
  function decodeOrRefuse(file: Uint8Array): 'read' | 'refused' {
    try {
      let bytes = 0;
      for (const { data } of decodeSafetensors(file).tensors.values()) bytes += data.byteLength;
      expect(bytes).toBeLessThanOrEqual(file.length);
      return 'read';
    } catch (error) {
      expect(error).toBeInstanceOf(TardigradError);
      return 'refused';
    }
  }

  test('of arbitrary bytes never does more than be refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeOrRefuse(bytes)),
      { numRuns: 500 },
    );
  });

  test('of arbitrary JSON never does more than be refused', () => {
    const offsets = fc.oneof(fc.constant([0, 4]), fc.array(fc.oneof(fc.nat(9), fc.double()), { maxLength: 3 }));
    const field = fc.record(
      { dtype: fc.constantFrom('F32', 'U8', 'F64', 'x', 1), shape: fc.oneof(fc.constant([1]), fc.array(fc.nat(4))), data_offsets: offsets },
      { requiredKeys: [] },
    );
    const header = fc.dictionary(
      fc.oneof(fc.constantFrom('a', 'b', '__metadata__', '__proto__'), fc.string()),
      fc.oneof(field, fc.jsonValue()),
    );
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(header, fc.nat(8), (value, dataBytes) => void outcomes.add(decodeOrRefuse(fileWith(JSON.stringify(value), dataBytes)))),
      { numRuns: 500 },
    );
    expect(outcomes).toContain('refused');
  });

  test('with any one bit of its header flipped is read or refused, never a crash', () => {
    const file = joined(encodeSafetensors(everyType.slice(0, 4), { note: 'n' }));
    const headerBytes = Number(new DataView(file.buffer).getBigUint64(0, true)) + 8;
    let refused = 0;
    for (let bit = 0; bit < headerBytes * 8; bit += 1) {
      file[bit >> 3]! ^= 1 << (bit & 7);
      if (decodeOrRefuse(file) === 'refused') refused += 1;
      file[bit >> 3]! ^= 1 << (bit & 7);
    }
    // What stays readable are renamed tensors and metadata.
    expect(refused).toBeGreaterThan(headerBytes * 4);
  });
});
