import { describe, expect, test } from 'vitest';
import { clipByGlobalNorm, globalNorm } from '../../src/compute/global-norm.ts';

describe('clipByGlobalNorm', () => {
  test('scales a longer gradient to the limit and returns the length before', () => {
    const gradient = Float32Array.of(3, 0, -4);
    expect(clipByGlobalNorm(gradient, 2.5)).toBe(5);
    expect([...gradient]).toEqual([1.5, 0, -2]);
  });

  test('leaves a gradient within the limit bit for bit, also one exactly at it', () => {
    const gradient = Float32Array.of(3, 0.1, -4);
    const before = [...gradient];
    clipByGlobalNorm(gradient, globalNorm(gradient));
    expect([...gradient]).toEqual(before);
  });

  test('measures lengths whose squares are beyond float32', () => {
    const gradient = Float32Array.of(3e30, 4e30);
    expect(clipByGlobalNorm(gradient, 1) / 5e30).toBeCloseTo(1, 6);
    expect(gradient[0]).toBeCloseTo(0.6, 6);
    expect(gradient[1]).toBeCloseTo(0.8, 6);
  });

  test('keeps the direction also where the scale is below every float32', () => {
    const gradient = Float32Array.of(3e38, 0, 1.5e38);
    clipByGlobalNorm(gradient, 1e-10);
    expect(gradient[0]! / 1e-10).toBeCloseTo(2 / Math.sqrt(5), 5);
    expect(gradient[2]! / 1e-10).toBeCloseTo(1 / Math.sqrt(5), 5);
  });

  test('leaves a gradient that is not finite as it is, for the shard to refuse', () => {
    const gradient = Float32Array.of(1, Infinity, 2);
    expect(clipByGlobalNorm(gradient, 1)).toBe(Infinity);
    expect([...gradient]).toEqual([1, Infinity, 2]);
    expect(clipByGlobalNorm(Float32Array.of(Number.NaN), 1)).toBeNaN();
  });

  test('refuses a limit that clips everything', () => {
    expect(() => clipByGlobalNorm(Float32Array.of(1), 0)).toThrow(/above 0/);
  });
});
