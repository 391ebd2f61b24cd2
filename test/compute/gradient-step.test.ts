import { describe, expect, test } from 'vitest';
import type { Backend } from '../../src/compute/backends.ts';
import { loadBackend } from '../../src/compute/backends.ts';
import type { GradientStep } from '../../src/compute/gradient-step.ts';
import { createGradientStep, StepCache } from '../../src/compute/gradient-step.ts';
import type { Model } from '../../src/models/model.ts';
import type { Batch } from './small-models.ts';
import { backendsHere, randomBatch, smallModel, smallModels } from './small-models.ts';

const titles = smallModels.map(({ title }) => title);
const backends = await backendsHere();

function run(backend: Backend, model: Model, { batchShape, inputs, labels }: Batch, weights = model.initialize(1)) {
  const out = new Float32Array(model.layout.elements).fill(Number.NaN);
  const outcome = createGradientStep(backend, model, batchShape).gradient(weights, inputs, labels, out);
  return { ...outcome, out };
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

/** The loss's slope along a direction of length 1, by central difference. */
function slope(backend: Backend, model: Model, batch: Batch, direction: Float32Array): number {
  const distance = 1e-3; // small, so that few relus bend between the two points
  const weights = model.initialize(1);
  const ahead = run(
    backend,
    model,
    batch,
    weights.map((weight, i) => weight + distance * direction[i]!),
  ).loss;
  const behind = run(
    backend,
    model,
    batch,
    weights.map((weight, i) => weight - distance * direction[i]!),
  ).loss;
  return (ahead - behind) / (2 * distance);
}

describe('the gradient', () => {
  test.each(titles)('of %s is the slope of the loss, tensor by tensor', async (title) => {
    const backend = await loadBackend({ prefer: 'cpu' });
    const { model, dataset } = smallModel(title);
    const batch = randomBatch(dataset, 6, 11);
    const { out } = run(backend, model, batch);
    for (const { name, offset, elements } of model.layout.tensors) {
      const length = norm(out.subarray(offset, offset + elements));
      expect(length, name).toBeGreaterThan(1e-3);
      const direction = out.map((value, i) => (i >= offset && i < offset + elements ? value / length : 0));
      expect(slope(backend, model, batch, direction) / length, name).toBeCloseTo(1, 1.7); // within 1 %
    }
  });

  test('of logistic regression is (sigmoid(z) - y) x averaged, as double precision computes it', async () => {
    const backend = await loadBackend({ prefer: 'cpu' });
    const { model, dataset } = smallModel('logistic regression');
    const { batchShape, inputs, labels } = randomBatch(dataset, 5, 3);
    const weights = model.initialize(1).fill(0.25, 7); // the bias too
    const expected = new Float64Array(8);
    let loss = 0;
    let correct = 0;
    for (let sample = 0; sample < 5; sample += 1) {
      const x = [...inputs.subarray(sample * 7, sample * 7 + 7), 1];
      const z = x.reduce((sum, value, i) => sum + value * weights[i]!, 0);
      const probability = 1 / (1 + Math.exp(-z));
      loss -= Math.log(labels[sample] === 1 ? probability : 1 - probability) / 5;
      correct += probability > 0.5 === (labels[sample] === 1) ? 1 : 0;
      x.forEach((value, i) => (expected[i]! += ((probability - labels[sample]!) * value) / 5));
    }
    const result = run(backend, model, { batchShape, inputs, labels }, weights);
    expect(result.loss).toBeCloseTo(loss, 6);
    expect(result.correct).toBe(correct);
    result.out.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 6));
  });

  test('with all weights zero the loss is the logarithm of the classes', async () => {
    const backend = await loadBackend({ prefer: 'cpu' });
    for (const title of titles) {
      const { model, dataset } = smallModel(title);
      const { loss } = run(backend, model, randomBatch(dataset, 3, 5), new Float32Array(model.layout.elements));
      expect(loss).toBeCloseTo(Math.log(dataset.classes), 6);
    }
  });

  test('stays finite where a probability rounds to 0 or 1', async () => {
    const backend = await loadBackend({ prefer: 'cpu' });
    for (const title of ['logistic regression', 'softmax regression']) {
      const { model, dataset } = smallModel(title);
      const { loss, out } = run(
        backend,
        model,
        randomBatch(dataset, 4, 6),
        model.initialize(1).map((weight) => weight * 1e4),
      );
      expect(loss).toBeGreaterThan(100);
      expect(out.every((value) => Number.isFinite(value))).toBe(true);
    }
  });

  test('reads weights from and writes the gradient to memory shared between threads, and leaves the weights alone', async () => {
    const backend = await loadBackend({ prefer: 'cpu' });
    const { model, dataset } = smallModel('mlp');
    const batch = randomBatch(dataset, 4, 2);
    const plain = run(backend, model, batch);
    const bytes = model.layout.elements * 4;
    const weights = new Float32Array(new SharedArrayBuffer(bytes + 64), 64);
    weights.set(model.initialize(1));
    const out = new Float32Array(new SharedArrayBuffer(bytes));
    createGradientStep(backend, model, batch.batchShape).gradient(weights, batch.inputs, batch.labels, out);
    expect([...out]).toEqual([...plain.out]);
    expect([...weights]).toEqual([...model.initialize(1)]);
  });

  test('a NaN in the weights comes out as NaN, with no sample right', async () => {
    const backend = await loadBackend({ prefer: 'cpu' });
    const { model, dataset } = smallModel('softmax regression');
    const { loss, correct, out } = run(backend, model, randomBatch(dataset, 4, 2), model.initialize(1).fill(Number.NaN));
    expect(loss).toBeNaN();
    expect(correct).toBe(0);
    expect(out.some((value) => Number.isNaN(value))).toBe(true);
  });

  test('wrong lengths and labels that are no class are our bug, and stop', async () => {
    const backend = await loadBackend({ prefer: 'cpu' });
    const { model, dataset } = smallModel('mlp');
    const { batchShape, inputs, labels } = randomBatch(dataset, 4, 2);
    const step = createGradientStep(backend, model, batchShape);
    const weights = model.initialize(1);
    const out = new Float32Array(model.layout.elements);
    expect(() => step.gradient(weights.subarray(1), inputs, labels, out)).toThrow(/weights has/);
    expect(() => step.gradient(weights, inputs.subarray(1), labels, out)).toThrow(/inputs has/);
    expect(() => step.gradient(weights, inputs, labels.subarray(1), out)).toThrow(/labels has/);
    expect(() => step.gradient(weights, inputs, labels, out.subarray(1))).toThrow(/out has/);
    expect(() => step.gradient(weights, inputs, Int32Array.of(0, 1, 4, 0), out)).toThrow(/label 4 is not one of 4 classes/);
  });
});

describe.each(backends)('on $name', ({ name, missing }) => {
  test('every model it supports agrees with the cpu backend', async (context) => {
    context.skip(missing !== undefined, missing);
    for (const title of titles) {
      const { model, dataset } = smallModel(title);
      const batch = randomBatch(dataset, 6, 11);
      const reference = run(await loadBackend({ prefer: 'cpu' }), model, batch);
      const backend = await loadBackend({ prefer: name, threads: 1 });
      if (!backend.supports(model).ok) continue;
      const { loss, correct, out } = run(backend, model, batch);
      expect(loss).toBeCloseTo(reference.loss, 5);
      expect(correct).toBe(reference.correct);
      out.forEach((value, i) => expect(value).toBeCloseTo(reference.out[i]!, 5));
    }
  });

  test('two runs give the same bits with one thread', async (context) => {
    context.skip(missing !== undefined, missing);
    const backend = await loadBackend({ prefer: name, threads: 1 });
    for (const title of titles) {
      const { model, dataset } = smallModel(title);
      if (!backend.supports(model).ok) continue;
      const batch = randomBatch(dataset, 32, 12);
      const [first, second] = [run(backend, model, batch), run(backend, model, batch)];
      expect(Buffer.from(first.out.buffer).equals(Buffer.from(second.out.buffer))).toBe(true);
      expect(first.loss).toBe(second.loss);
    }
  });

  test('500 steps leave as many tensors as before', async (context) => {
    context.skip(missing !== undefined, missing);
    const backend = await loadBackend({ prefer: name, threads: 1 });
    const { model, dataset } = smallModel('softmax regression');
    const { batchShape, inputs, labels } = randomBatch(dataset, 4, 2);
    const step = createGradientStep(backend, model, batchShape);
    const weights = model.initialize(1);
    const out = new Float32Array(model.layout.elements);
    const before = backend.tf.memory();
    for (let i = 0; i < 500; i += 1) step.gradient(weights, inputs, labels, out);
    const after = backend.tf.memory();
    expect([after.numTensors, after.numDataBuffers, after.numBytes]).toEqual([before.numTensors, before.numDataBuffers, before.numBytes]);
  });
});

describe('StepCache', () => {
  function countingCache() {
    const events: string[] = [];
    const cache = new StepCache({} as Backend, {} as Model, (_backend, _model, batchShape): GradientStep => {
      events.push(`make ${batchShape.join('x')}`);
      return { batchShape, gradient: () => ({ loss: 0, correct: 0 }), dispose: () => void events.push(`dispose ${batchShape.join('x')}`) };
    });
    return { cache, events };
  }

  test('makes one step for each batch shape', () => {
    const { cache, events } = countingCache();
    expect(cache.for([64, 784])).toBe(cache.for([64, 784]));
    expect(cache.for([32, 784])).not.toBe(cache.for([64, 784]));
    expect(events).toEqual(['make 64x784', 'make 32x784']);
  });

  test('gives up the longest unused beyond eight, and all when disposed', () => {
    const { cache, events } = countingCache();
    for (let batch = 1; batch <= 8; batch += 1) cache.for([batch]);
    cache.for([1]);
    cache.for([9]);
    expect(events.filter((event) => event.startsWith('dispose'))).toEqual(['dispose 2']);
    cache.dispose();
    expect(events.filter((event) => event.startsWith('dispose'))).toHaveLength(9);
  });
});
