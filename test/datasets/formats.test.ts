import { describe, expect, it } from 'vitest';
import { parseBinaryFeatures } from '../../src/datasets/a9a.ts';
import { idxBytes } from '../../src/datasets/mnist.ts';

describe('idxBytes', () => {
  const content = Uint8Array.from([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]);

  it('gives the bytes behind a header with the expected dimensions', () => {
    expect([...idxBytes(content, [2, 3])]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('refuses other dimensions, another element type and another length', () => {
    expect(() => idxBytes(content, [3, 2])).toThrow('word 1');
    expect(() => idxBytes(content.with(2, 13), [2, 3])).toThrow('word 0');
    expect(() => idxBytes(content.subarray(0, 17), [2, 3])).toThrow('17 bytes');
  });
});

describe('parseBinaryFeatures', () => {
  it('counts features from 1 and makes labels 0 and 1', () => {
    const { inputs, labels } = parseBinaryFeatures('-1 1:1 3:1 \n+1 2:1\n', { features: 3, samples: 2 });
    expect([...inputs]).toEqual([1, 0, 1, 0, 1, 0]);
    expect([...labels]).toEqual([0, 1]);
  });

  it.each([
    ['+1 4:1', 'has "4:1"'],
    ['+1 0:1', 'has "0:1"'],
    ['+1 1:0.5', 'has "1:0.5"'],
    ['+1 x', 'has "x"'],
    ['2 1:1', 'label "2"'],
    ['', 'label ""'],
  ])('refuses the line "%s" by its number', (line, what) => {
    const parse = () => parseBinaryFeatures(`-1 1:1\n${line}\n`, { features: 3, samples: 2 });
    expect(parse).toThrow('line 2');
    expect(parse).toThrow(what);
  });

  it('refuses another number of lines', () => {
    expect(() => parseBinaryFeatures('-1 1:1\n', { features: 3, samples: 2 })).toThrow('1 lines where 2 were expected');
  });
});
