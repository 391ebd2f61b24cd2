import { describe, expect, test } from 'vitest';
import { sha256OfVectors } from '../../src/tensor/hash.ts';

describe('sha256OfVectors', () => {
  test('is the SHA-256 of lengths and bytes', () => {
    // printf '\4\0\0\0\0\0\0\0\0\0\200\77' | sha256sum
    expect(sha256OfVectors(Float32Array.of(1))).toBe('75f6628d0fa072f661193168e5cf2d4ff894e6bdf2743868ef5c3a983d938ed7');
  });

  test('reads a view as the elements that it shows', () => {
    const whole = Float32Array.of(9, 1, 2, 9);
    expect(sha256OfVectors(whole.subarray(1, 3))).toBe(sha256OfVectors(Float32Array.of(1, 2)));
  });

  test('tells apart what differs in one bit, in sign of zero, in order, or in where one vector ends', () => {
    const hashes = [
      [Float32Array.of(1, 2)],
      [Float32Array.of(1, 2.0000002)],
      [Float32Array.of(2, 1)],
      [Float32Array.of(1), Float32Array.of(2)],
      [Float32Array.of(0)],
      [Float32Array.of(-0)],
      [],
    ].map((vectors) => sha256OfVectors(...vectors));
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
