import { describe, expect, test } from 'vitest';
import type { TensorSpec } from '../../src/tensor/layout.ts';
import { createLayout, tensorView } from '../../src/tensor/layout.ts';

const specs: TensorSpec[] = [
  { name: 'kernel', shape: [3, 4] },
  { name: 'bias', shape: [4] },
  { name: 'temperature', shape: [] },
];

describe('createLayout', () => {
  test('lays tensors end to end in the order declared', () => {
    expect(createLayout(specs)).toEqual({
      tensors: [
        { name: 'kernel', shape: [3, 4], offset: 0, elements: 12 },
        { name: 'bias', shape: [4], offset: 12, elements: 4 },
        { name: 'temperature', shape: [], offset: 16, elements: 1 },
      ],
      elements: 17,
    });
  });

  test.each<[string, TensorSpec[], RegExp]>([
    ['no tensor', [], /at least one tensor/],
    ['an empty name', [{ name: '', shape: [1] }], /Tensor 0 .* empty name/],
    ['a repeated name', [specs[0]!, specs[0]!], /'kernel' twice/],
    ['a size of zero', [{ name: 'a', shape: [2, 0] }], /'a' has the shape \[2, 0\]/],
    ['a negative size', [{ name: 'a', shape: [-1] }], /'a' has the shape \[-1\]/],
    ['two negative sizes', [{ name: 'a', shape: [-2, -2] }], /'a' has the shape/],
    ['a broken size', [{ name: 'a', shape: [1.5] }], /'a' has the shape \[1.5\]/],
    ['a size that is no number', [{ name: 'a', shape: [Number.NaN] }], /'a' has the shape \[NaN\]/],
    ['a product beyond exact numbers', [{ name: 'a', shape: [2 ** 30, 2 ** 30] }], /'a' has the shape/],
    [
      'a sum beyond exact numbers',
      [
        { name: 'a', shape: [2 ** 52] },
        { name: 'b', shape: [2 ** 52] },
      ],
      /passes 9007199254740991 elements at tensor 'b'/,
    ],
  ])('refuses %s', (_what, bad, message) => {
    expect(() => createLayout(bad)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }));
  });
});

describe('tensorView', () => {
  const layout = createLayout(specs);

  test('is a view: writing to it writes to the flat vector', () => {
    const flat = new Float32Array(layout.elements);
    tensorView(flat, layout, 'bias').set([1, 2, 3, 4]);
    expect([...flat.subarray(11, 17)]).toEqual([0, 1, 2, 3, 4, 0]);
  });

  test('names the known tensors where one is not found', () => {
    const flat = new Float32Array(layout.elements);
    expect(() => tensorView(flat, layout, 'weight')).toThrow(
      expect.objectContaining({ code: 'NOT_FOUND', message: expect.stringContaining('kernel, bias, temperature') }),
    );
  });

  test('stops at a vector of another length', () => {
    expect(() => tensorView(new Float32Array(3), layout, 'bias')).toThrow(/has 3 elements, its layout 17/);
  });
});
