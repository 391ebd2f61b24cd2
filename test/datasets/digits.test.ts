import { describe, expect, it } from 'vitest';
import { DIGITS_SEED, digits, digitsSha256, generateDigits, hashDigits } from '../../src/datasets/digits.ts';

const { trainSamples, testSamples } = digits.description;

describe('digits', () => {
  it('has the recorded bytes for seed 1', () => {
    expect(hashDigits(generateDigits({ seed: DIGITS_SEED, split: 'train', samples: trainSamples }))).toBe(digitsSha256.train);
    expect(hashDigits(generateDigits({ seed: DIGITS_SEED, split: 'test', samples: testSamples }))).toBe(digitsSha256.test);
  });

  it('makes each sample alone: fewer samples are the first of more', () => {
    const few = generateDigits({ seed: 5, split: 'train', samples: 7 });
    const more = generateDigits({ seed: 5, split: 'train', samples: 20 });
    expect(few.images).toEqual(more.images.subarray(0, 7 * 784));
    expect(few.labels).toEqual(more.labels.subarray(0, 7));
  });

  it('gives other samples for another seed and for the other split', () => {
    const one = hashDigits(generateDigits({ seed: 1, split: 'train', samples: 10 }));
    const two = hashDigits(generateDigits({ seed: 2, split: 'train', samples: 10 }));
    const test = hashDigits(generateDigits({ seed: 1, split: 'test', samples: 10 }));
    expect(new Set([one, two, test]).size).toBe(3);
  });

  it('draws every class about equally often, and ink on every image', () => {
    const samples = 1000;
    const { images, labels } = generateDigits({ seed: 1, split: 'test', samples });
    const counts = Array.from({ length: 10 }, () => 0);
    for (let sample = 0; sample < samples; sample++) {
      counts[labels[sample]!]!++;
      const image = images.subarray(sample * 784, (sample + 1) * 784);
      const inked = image.reduce((count, value) => count + (value >= 128 ? 1 : 0), 0);
      expect(inked, `pixels with ink in sample ${sample}`).toBeGreaterThanOrEqual(10);
      expect(inked, `pixels with ink in sample ${sample}`).toBeLessThan(392);
    }
    // 100 expected, standard deviation 9.5.
    for (const count of counts) expect(Math.abs(count - 100)).toBeLessThan(40);
  });

  it('loads without a file, scaled to 0 … 1', () => {
    const dataset = digits.load([]);
    const { test } = dataset;
    expect(test.samples).toBe(testSamples);
    const inputs = new Float32Array(2 * 784);
    const labels = new Int32Array(2);
    test.fill([0, 3], inputs, labels);
    const bytes = generateDigits({ seed: DIGITS_SEED, split: 'test', samples: 4 });
    const expected = [...bytes.images.subarray(0, 784), ...bytes.images.subarray(3 * 784)].map((byte) => Math.fround(byte / 255));
    expect([...inputs]).toEqual(expected);
    expect([...labels]).toEqual([bytes.labels[0], bytes.labels[3]]);
  });
});
