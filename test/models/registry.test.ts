import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { DatasetDescription } from '../../src/datasets/dataset.ts';
import type { ModelConfig } from '../../src/models/registry.ts';
import { createModel, modelNames } from '../../src/models/registry.ts';

const mnist: DatasetDescription = { name: 'mnist', inputShape: [28, 28, 1], classes: 10, trainSamples: 60000, testSamples: 10000 };
const a9a: DatasetDescription = { name: 'a9a', inputShape: [123], classes: 2, trainSamples: 32561, testSamples: 16281 };

function hash(weights: Float32Array): string {
  return createHash('sha256').update(new Uint8Array(weights.buffer)).digest('hex');
}

function shapes(config: ModelConfig, dataset: DatasetDescription): Record<string, readonly number[]> {
  return Object.fromEntries(createModel(config, dataset).layout.tensors.map(({ name, shape }) => [name, shape]));
}

describe('layouts', () => {
  test('logistic regression on two classes has one weight for each feature, one bias, and the sigmoid loss', () => {
    const model = createModel({ name: 'logistic-regression' }, a9a);
    expect(shapes({ name: 'logistic-regression' }, a9a)).toEqual({ 'output/kernel': [123, 1], 'output/bias': [1] });
    expect([model.name, model.layout.elements, model.loss]).toEqual(['logistic-regression', 124, 'sigmoid']);
  });

  test('logistic regression on ten classes is softmax regression with 7,850 parameters on MNIST', () => {
    const model = createModel({ name: 'logistic-regression' }, mnist);
    expect([model.name, model.layout.elements, model.loss]).toEqual(['softmax-regression', 7850, 'softmax']);
  });

  test('the mlp is 784-128-10 with 101,770 parameters unless told otherwise', () => {
    expect(createModel({ name: 'mlp' }, mnist).layout.elements).toBe(101_770);
    expect(shapes({ name: 'mlp' }, mnist)).toEqual({
      'hidden1/kernel': [784, 128],
      'hidden1/bias': [128],
      'output/kernel': [128, 10],
      'output/bias': [10],
    });
    expect(shapes({ name: 'mlp', hidden: [16, 8] }, a9a)).toMatchObject({ 'hidden2/kernel': [16, 8], 'output/kernel': [8, 2] });
  });

  test('the cnn has 1,199,882 parameters on MNIST unless told otherwise', () => {
    expect(createModel({ name: 'cnn' }, mnist).layout.elements).toBe(1_199_882);
    expect(shapes({ name: 'cnn', filters: [2, 3], dense: 5 }, mnist)).toEqual({
      'conv1/kernel': [3, 3, 1, 2],
      'conv1/bias': [2],
      'conv2/kernel': [3, 3, 2, 3],
      'conv2/bias': [3],
      'dense/kernel': [12 * 12 * 3, 5],
      'dense/bias': [5],
      'output/kernel': [5, 10],
      'output/bias': [10],
    });
  });

  test('the cnn takes images with odd sides and several channels', () => {
    const odd: DatasetDescription = { ...mnist, name: 'odd', inputShape: [9, 7, 3], classes: 4 };
    expect(shapes({ name: 'cnn', filters: [2, 3], dense: 5 }, odd)).toMatchObject({
      'conv1/kernel': [3, 3, 3, 2],
      'dense/kernel': [2 * 1 * 3, 5],
    });
  });
});

describe('refusals', () => {
  test.each<[ModelConfig, DatasetDescription, RegExp]>([
    [{ name: 'logistic-regression', hidden: [3] }, a9a, /does not use the option hidden: it takes no options.*choose mlp/],
    [{ name: 'mlp', filters: [3, 4] }, mnist, /does not use the option filters: it takes hidden.*choose cnn/],
    [{ name: 'cnn', hidden: [3] }, mnist, /does not use the option hidden: it takes filters and dense.*choose mlp/],
    [{ name: 'cnn' }, a9a, /cnn does not fit the data set a9a \(inputs \[123\] and 2 classes\).*at least 6 x 6, as in mnist/],
    [{ name: 'cnn' }, { ...mnist, inputShape: [5, 28, 1] }, /at least 6 x 6/],
    [{ name: 'mlp' }, { ...mnist, classes: 1 }, /at least 2 classes/],
    [{ name: 'mlp', hidden: [128, 0] }, mnist, /has the size 0; sizes are whole numbers from 1/],
    [{ name: 'cnn', dense: 2.5 }, mnist, /has the size 2.5/],
    [{ name: 'resnet' as 'cnn' }, mnist, /no model named resnet. Choose one of logistic-regression, mlp, cnn/],
    [{ name: 'toString' as 'cnn' }, mnist, /no model named toString/],
  ])('%j says why', (config, dataset, message) => {
    expect(() => createModel(config, dataset)).toThrow(message);
  });

  test('an option that is undefined counts as not given', () => {
    expect(createModel({ name: 'mlp', hidden: undefined, filters: undefined }, mnist).layout.elements).toBe(101_770);
  });
});

describe('first weights', () => {
  /** Recorded: a change here means that a seed no longer gives the weights it gave, on this machine or between two. */
  const recorded: Record<string, string> = {
    'logistic-regression': '5e569d6ba8d05ae426b19043201e77456c93bc59cb219a1cf2bca0969e67bece',
    mlp: '1d8902cd1341d744c588bc9342f368a98d5112249aa34ed770624b9e878acda6',
    cnn: '6c63a07226d50ae1fc06a6d3820e2d98b04a8c1fb63994daf5b931f08813df70',
  };

  test.each(modelNames)('%s with seed 1 has the recorded bits', (name) => {
    expect(hash(createModel({ name }, mnist).initialize(1))).toBe(recorded[name]);
  });

  test('one seed gives the same weights twice, and another seed gives others', () => {
    const model = createModel({ name: 'mlp' }, mnist);
    expect(hash(model.initialize(7))).toBe(hash(model.initialize(7)));
    expect(hash(model.initialize(8))).not.toBe(hash(model.initialize(7)));
  });

  test('biases are zero; kernels are uniform within their limit, with the variance of He and Glorot', () => {
    const { layout, initialize } = createModel({ name: 'cnn' }, mnist);
    const weights = initialize(3);
    const variances: Record<string, number> = {
      'conv1/kernel': 2 / 9,
      'conv2/kernel': 2 / (9 * 32),
      'dense/kernel': 2 / 9216,
      'output/kernel': 2 / (128 + 10),
    };
    for (const { name, offset, elements } of layout.tensors) {
      const values = weights.subarray(offset, offset + elements);
      const variance = variances[name] ?? 0;
      expect(values.every((value) => Math.abs(value) <= Math.sqrt(3 * variance) * 1.000001)).toBe(true);
      const meanSquare = values.reduce((sum, value) => sum + value * value, 0) / elements;
      // Four standard deviations of the mean of n squares of a uniform variable (each has 0.894 of the variance).
      expect(Math.abs(meanSquare - variance)).toBeLessThanOrEqual((4 * 0.8945 * variance) / Math.sqrt(elements));
    }
  });

  test('a tensor does not depend on what comes after it in the layout', () => {
    const short = createModel({ name: 'mlp', hidden: [20] }, mnist).initialize(5);
    const long = createModel({ name: 'mlp', hidden: [20, 30] }, mnist).initialize(5);
    expect(hash(long.slice(0, 784 * 20))).toBe(hash(short.slice(0, 784 * 20)));
  });
});
