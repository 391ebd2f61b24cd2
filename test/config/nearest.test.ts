import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/config/nearest.ts';

const KEYS = ['policy', 'bound', 'aggregate', 'learningRate', 'batchSize', 'mlp', 'cnn', 'asp', 'ssp', 'bsp'];

describe('the nearest known name', () => {
  it.each([
    ['polcy', 'policy'],
    ['learning_rate', 'learningRate'],
    ['learning-rate', 'learningRate'],
    ['LEARNINGRATE', 'learningRate'],
    ['batchsizes', 'batchSize'],
    ['mpl', 'mlp'],
    ['sspp', 'ssp'],
    ['bound', 'bound'],
  ])('to %s is %s', (typed, known) => {
    expect(nearest(typed, KEYS)).toBe(known);
  });

  it.each(['x', 'xyz', 'momentum', 'gradient', '', 'p'.repeat(100)])('is not guessed for %j, which is like none', (typed) => {
    expect(nearest(typed, KEYS)).toBeUndefined();
  });

  it('of none is none', () => {
    expect(nearest('a', [])).toBeUndefined();
  });
});
