import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetNames, describeDataset, loadDataset, resolveDataset } from '../../src/datasets/registry.ts';

const data = process.env['TARDIGRAD_DATA'];
let empty: string;

beforeAll(async () => {
  empty = await mkdtemp(join(tmpdir(), 'tardigrad-data-'));
});
afterAll(async () => {
  await rm(empty, { recursive: true });
});

describe('the data sets', () => {
  it('are described without a file', () => {
    expect(datasetNames).toEqual(['a9a', 'digits', 'mnist']);
    expect(describeDataset('mnist')).toEqual({
      name: 'mnist',
      inputShape: [28, 28, 1],
      classes: 10,
      trainSamples: 60_000,
      testSamples: 10_000,
    });
    expect(describeDataset('digits').inputShape).toEqual([28, 28, 1]);
  });

  it('refuse an unknown name with the nearest one', async () => {
    expect(() => describeDataset('minst')).toThrow('Did you mean "mnist"?');
    await expect(loadDataset('digit', { environment: {} })).rejects.toThrow('Did you mean "digits"?');
    await expect(resolveDataset('a9b', { environment: {} })).rejects.toThrow('Did you mean "a9a"?');
  });

  it('say in one line why files are not to be had, and that digits needs none', async () => {
    const source = { environment: { HOME: empty }, download: false };
    const mnist = await resolveDataset('mnist', source);
    if (!('unavailable' in mnist)) throw new Error('found MNIST in an empty folder');
    expect(mnist.unavailable).toContain('train-images-idx3-ubyte');
    expect(mnist.unavailable).toContain(empty);
    expect(mnist.unavailable).toContain('downloads are switched off');
    expect(mnist.unavailable).not.toContain('\n');
    expect(await resolveDataset('digits', source)).toEqual({ name: 'digits', files: {} });
  });
});

const realSource = () => ({ environment: { HOME: empty, TARDIGRAD_DATA: data }, download: false });

describe.skipIf(!data)('the real files (set TARDIGRAD_DATA to a folder with mnist/ and a9a/ to run these)', () => {
  it('are MNIST as published', async () => {
    const { train, test, description } = await loadDataset('mnist', realSource());
    expect([train.samples, test.samples]).toEqual([description.trainSamples, description.testSamples]);
    const inputs = new Float32Array(10 * 784);
    const labels = new Int32Array(10);
    train.fill([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], inputs, labels);
    expect([...labels]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    // The pixel at row 5, column 12 of the first training image is 3 of 255.
    expect(inputs[5 * 28 + 12]).toBe(Math.fround(3 / 255));
    expect(Math.max(...inputs)).toBe(1);
    test.fill([0, 1, 2], inputs, labels);
    expect([...labels.subarray(0, 3)]).toEqual([7, 2, 1]);
  });

  it('are a9a as published: binary features, labels 0 and 1', async () => {
    const { train, test } = await loadDataset('a9a', realSource());
    expect([train.samples, test.samples]).toEqual([32_561, 16_281]);
    for (const [split, positives] of [
      [train, 7841],
      [test, 3846],
    ] as const) {
      const inputs = new Float32Array(split.samples * 123);
      const labels = new Int32Array(split.samples);
      split.fill(
        Uint32Array.from({ length: split.samples }, (_, i) => i),
        inputs,
        labels,
      );
      expect(labels.reduce((sum, label) => sum + label, 0)).toBe(positives);
      expect(inputs.every((value) => value === 0 || value === 1)).toBe(true);
    }
    const first = new Float32Array(123);
    train.fill([0], first, new Int32Array(1));
    expect([...first.keys()].filter((i) => first[i] === 1)).toEqual([2, 10, 13, 18, 38, 41, 54, 63, 66, 72, 74, 75, 79, 82]);
  });
});
