import { describe, expect, test } from 'vitest';
import { loadBackend } from '../../src/compute/backends.ts';
import { addEvaluations, evaluateBatch, nothingEvaluated } from '../../src/compute/evaluate.ts';
import { createGradientStep } from '../../src/compute/gradient-step.ts';
import { countCorrect } from '../../src/compute/loss.ts';
import { randomBatch, smallModel, smallModels } from './small-models.ts';

describe('evaluateBatch', () => {
  test.each(smallModels.map(({ title }) => title))('of %s sums to what the training step says as a mean', async (title) => {
    const backend = await loadBackend({ prefer: 'cpu' });
    const { model, dataset } = smallModel(title);
    const batch = randomBatch(dataset, 6, 4);
    const weights = model.initialize(2);
    const trained = createGradientStep(backend, model, batch.batchShape).gradient(
      weights,
      batch.inputs,
      batch.labels,
      new Float32Array(model.layout.elements),
    );
    const before = backend.tf.memory().numTensors;
    const evaluation = evaluateBatch(backend, model, { weights, ...batch });
    expect(evaluation.lossSum / 6).toBeCloseTo(trained.loss, 6);
    expect(evaluation).toMatchObject({ correct: trained.correct, count: 6 });
    expect(backend.tf.memory().numTensors).toBe(before);
  });

  test('batches of different sizes add up to the whole', async () => {
    const backend = await loadBackend({ prefer: 'cpu' });
    const { model, dataset } = smallModel('mlp');
    const { inputs, labels } = randomBatch(dataset, 7, 4);
    const weights = model.initialize(2);
    const features = inputs.length / 7;
    const part = (start: number, end: number) =>
      evaluateBatch(backend, model, {
        weights,
        inputs: inputs.subarray(start * features, end * features),
        labels: labels.subarray(start, end),
        batchShape: [end - start, ...dataset.inputShape],
      });
    const sum = [part(0, 4), part(4, 6), part(6, 7)].reduce(addEvaluations, nothingEvaluated);
    const whole = part(0, 7);
    expect(sum.lossSum).toBeCloseTo(whole.lossSum, 5);
    expect([sum.correct, sum.count]).toEqual([whole.correct, 7]);
  });
});

describe('countCorrect', () => {
  test('takes the largest logit, the lower class on a tie, and nothing where a logit is NaN', () => {
    expect(countCorrect([0, 1, 2, 2, -1, -3], 3, Int32Array.of(2, 0))).toBe(2);
    expect(countCorrect([5, 5], 2, Int32Array.of(1))).toBe(0);
    expect(countCorrect([Number.NaN, 9, 9, Number.NaN], 2, Int32Array.of(1, 0))).toBe(0);
  });

  test('takes the sign of a single logit, zero as class 0', () => {
    expect(countCorrect([0.1, -0.1, 0, 0, Number.NaN], 1, Int32Array.of(1, 0, 0, 1, 0))).toBe(3);
  });
});
