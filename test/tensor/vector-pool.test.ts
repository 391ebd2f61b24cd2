import { describe, expect, test } from 'vitest';
import { VectorPool } from '../../src/tensor/vector-pool.ts';

describe('a pool of vectors', () => {
  test('gives a vector again once every holder has given it back, and not before', () => {
    const pool = new VectorPool();
    const vector = pool.take(8);
    pool.share(vector);
    pool.give(vector);
    expect(pool.take(8)).not.toBe(vector);
    pool.give(vector);
    expect(pool.idleBytes).toBe(32);
    expect(pool.take(8)).toBe(vector);
    expect(pool.idleBytes).toBe(0);
  });

  test('gives only vectors of the length that is asked for', () => {
    const pool = new VectorPool();
    pool.give(pool.take(8));
    expect(pool.take(9)).toHaveLength(9);
    expect(pool.take(8)).toHaveLength(8);
  });

  test('refuses a vector that is given back twice: two would write to it', () => {
    const pool = new VectorPool();
    const vector = pool.take(8);
    pool.give(vector);
    expect(() => pool.give(vector)).toThrow(/given back once/);
    expect(() => pool.share(vector)).toThrow(/held/);
  });

  test('leaves alone what is not its own', () => {
    const pool = new VectorPool();
    pool.give(new Float32Array(8));
    expect(pool.idleBytes).toBe(0);
  });

  test('keeps no more idle bytes than its limit, and none once cleared', () => {
    const pool = new VectorPool(64);
    const three = [pool.take(8), pool.take(8), pool.take(8)];
    for (const vector of three) pool.give(vector);
    expect(pool.idleBytes).toBe(64);
    pool.clear();
    expect(pool.idleBytes).toBe(0);
    expect(three).not.toContain(pool.take(8));
  });
});
