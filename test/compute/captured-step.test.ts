import { beforeAll, describe, expect, it } from 'vitest';
import type * as tfjs from '@tensorflow/tfjs';
import { loadBackend, type Backend } from '../../src/compute/backends.ts';
import { captureStep, capturing } from '../../src/compute/captured-step.ts';
import { StepCache, createGradientStep } from '../../src/compute/gradient-step.ts';
import type { Model, TensorFlow } from '../../src/models/model.ts';
import { createModel, type ModelConfig } from '../../src/models/registry.ts';
import { Random } from '../../src/random.ts';

const IMAGES = { name: 'images', inputShape: [28, 28, 1], classes: 10, trainSamples: 64, testSamples: 64 };
const ROWS = { name: 'rows', inputShape: [123], classes: 2, trainSamples: 64, testSamples: 64 };

function batchOf(model: Model, shape: readonly number[], seed: number) {
  const random = new Random({ seed, stream: 'data' });
  const classes = model.loss === 'sigmoid' ? 2 : 10;
  return {
    weights: model.initialize(seed),
    inputs: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.uniform()),
    labels: Int32Array.from({ length: shape[0]! }, () => random.integer(classes)),
    out: new Float32Array(model.layout.elements),
  };
}

let backend: Backend;
beforeAll(async () => {
  backend = await loadBackend({ threads: 1 });
  // Whoever runs this to see one backend at work must not be content with another.
  const wanted = process.env['TARDIGRAD_TEST_BACKEND'] ?? backend.name;
  if (backend.name !== wanted) throw new Error(`it computes with ${backend.why}`);
});

describe('a captured step', () => {
  const cases: [string, ModelConfig, typeof IMAGES, number][] = [
    ['logistic regression', { name: 'logistic-regression' }, ROWS, 32],
    ['the mlp', { name: 'mlp' }, IMAGES, 64],
    ['the mlp on a smaller last batch', { name: 'mlp' }, IMAGES, 32],
    ['the cnn', { name: 'cnn', filters: [8, 8], dense: 16 }, IMAGES, 16],
  ];
  it.each(cases)('gives the bits of the eager step for %s', (_name, config, dataset, batch) => {
    if (backend.name !== 'tensorflow')
      return expect(captureStep(backend, createModel(config, dataset), [batch, ...dataset.inputShape]).captured).toBe(false);
    const model = createModel(config, dataset);
    const shape = [batch, ...dataset.inputShape];
    const capture = captureStep(backend, model, shape);
    expect(capture).toMatchObject({ captured: true });
    const eager = createGradientStep(backend, model, shape);
    const before = backend.tf.memory().numTensors;
    for (let seed = 10; seed < 14; seed += 1) {
      const a = batchOf(model, shape, seed);
      const b = batchOf(model, shape, seed);
      const captured = capture.step.gradient(a.weights, a.inputs, a.labels, a.out);
      expect(captured).toEqual(eager.gradient(b.weights, b.inputs, b.labels, b.out));
      expect(Buffer.from(a.out.buffer).equals(Buffer.from(b.out.buffer))).toBe(true);
    }
    expect(backend.tf.memory().numTensors).toBe(before);
    capture.step.dispose();
  });

  it('is refused with the reason where the step draws values in JavaScript', () => {
    const plain = createModel({ name: 'mlp', hidden: [8] }, IMAGES);
    const noisy: Model = {
      ...plain,
      logits: (tf: TensorFlow, parameters: readonly tfjs.Tensor[], inputs: tfjs.Tensor) =>
        plain.logits(tf, parameters, tf.add(inputs, tf.randomUniform(inputs.shape))),
    };
    const capture = captureStep(backend, noisy, [4, 28, 28, 1]);
    expect(capture).toMatchObject({ captured: false });
    expect(capture.captured ? '' : capture.why).toMatch(backend.name === 'tensorflow' ? /JavaScript/ : /only native TensorFlow/);
  });

  it('comes with the second step of a shape: the first is eager, and the same', () => {
    const plain = createModel({ name: 'mlp', hidden: [8] }, IMAGES);
    let built = 0;
    // TensorFlow.js builds a step's operations anew for every eager step, and never for a captured one.
    const watched: Model = { ...plain, logits: (...of) => (built++, plain.logits(...of)) };
    const notices: string[] = [];
    const shape = [4, 28, 28, 1];
    const steps = new StepCache(
      backend,
      watched,
      capturing((line) => notices.push(line)),
    );
    const numbers = batchOf(plain, shape, 3);
    const gradients: string[] = [];
    const counts: number[] = [];
    for (let step = 0; step < 4; step += 1) {
      steps.for(shape).gradient(numbers.weights, numbers.inputs, numbers.labels, numbers.out);
      gradients.push(Buffer.from(numbers.out.buffer).toString('hex'));
      counts.push(built);
    }
    expect(new Set(gradients).size).toBe(1);
    expect(counts[0]).toBe(1);
    if (backend.name === 'tensorflow') {
      expect(counts[1]).toBeGreaterThan(2); // captured: some eager steps are watched and compared
      expect(counts.slice(2)).toEqual([counts[1], counts[1]]);
      expect(notices).toEqual([]);
    } else {
      expect(counts).toEqual([1, 2, 3, 4]);
      expect(notices).toEqual([expect.stringContaining('only native TensorFlow')]);
    }
    steps.dispose();
  });
});
