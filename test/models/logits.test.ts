/** The models' tfjs code against the same networks written as plain loops in double precision. */
import { describe, expect, test } from 'vitest';
import { loadBackend } from '../../src/compute/backends.ts';
import { weightTensors } from '../../src/compute/gradient-step.ts';
import type { Model } from '../../src/models/model.ts';
import { tensorView } from '../../src/tensor/layout.ts';
import { randomBatch, smallModel } from '../compute/small-models.ts';

const backend = await loadBackend({ prefer: 'cpu' });
const relu = (value: number) => Math.max(value, 0);

/** Weights with no zero in them, so that a forgotten bias shows. */
function weightsOf(model: Model): Float32Array {
  return model.initialize(4).map((weight, index) => (weight === 0 ? 0.05 * ((index % 7) - 3.5) : weight));
}

function denseLayer(x: readonly number[], kernel: Float32Array, bias: Float32Array): number[] {
  return Array.from(bias, (start, output) => x.reduce((sum, value, input) => sum + value * kernel[input * bias.length + output]!, start));
}

interface Image {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly values: readonly number[];
}

/** Builds an image from a function of row, column and channel. */
function image(height: number, width: number, channels: number, value: (row: number, column: number, channel: number) => number): Image {
  const place = (i: number) => value(Math.floor(i / channels / width), Math.floor(i / channels) % width, i % channels);
  return { height, width, channels, values: Array.from({ length: height * width * channels }, (_, i) => place(i)) };
}

function at({ width, channels, values }: Image, row: number, column: number, channel: number): number {
  return values[(row * width + column) * channels + channel]!;
}

function convolve3x3(input: Image, kernel: Float32Array, bias: Float32Array): Image {
  return image(input.height - 2, input.width - 2, bias.length, (row, column, output) => {
    let sum = bias[output]!;
    for (let i = 0; i < 9 * input.channels; i += 1) {
      const window = Math.floor(i / input.channels);
      const seen = at(input, row + Math.floor(window / 3), column + (window % 3), i % input.channels);
      sum += seen * kernel[i * bias.length + output]!;
    }
    return relu(sum);
  });
}

function pool2x2(input: Image): Image {
  return image(Math.floor(input.height / 2), Math.floor(input.width / 2), input.channels, (row, column, channel) =>
    Math.max(...[0, 1].flatMap((down) => [0, 1].map((right) => at(input, 2 * row + down, 2 * column + right, channel)))),
  );
}

function logitsByTensorFlow(model: Model, weights: Float32Array, inputs: Float32Array, batchShape: number[]): Float32Array {
  const { tf } = backend;
  return tf.tidy(() => model.logits(tf, weightTensors(backend, model, weights), tf.tensor(inputs, batchShape)).dataSync() as Float32Array);
}

describe('logits', () => {
  test.each<[string, (x: readonly number[], tensor: (name: string) => Float32Array, shape: readonly number[]) => number[]]>([
    ['logistic regression', (x, tensor) => denseLayer(x, tensor('output/kernel'), tensor('output/bias'))],
    ['softmax regression', (x, tensor) => denseLayer(x, tensor('output/kernel'), tensor('output/bias'))],
    [
      'mlp',
      (x, tensor) => {
        const hidden1 = denseLayer(x, tensor('hidden1/kernel'), tensor('hidden1/bias')).map(relu);
        const hidden2 = denseLayer(hidden1, tensor('hidden2/kernel'), tensor('hidden2/bias')).map(relu);
        return denseLayer(hidden2, tensor('output/kernel'), tensor('output/bias'));
      },
    ],
    [
      'cnn',
      (x, tensor, shape) => {
        const [height, width, channels] = shape as [number, number, number];
        const conv1 = convolve3x3({ height, width, channels, values: x }, tensor('conv1/kernel'), tensor('conv1/bias'));
        const pooled = pool2x2(convolve3x3(conv1, tensor('conv2/kernel'), tensor('conv2/bias')));
        const hidden = denseLayer(pooled.values, tensor('dense/kernel'), tensor('dense/bias')).map(relu);
        return denseLayer(hidden, tensor('output/kernel'), tensor('output/bias'));
      },
    ],
  ])('of %s are what plain loops compute', (title, expectedLogits) => {
    const { model, dataset } = smallModel(title);
    const { batchShape, inputs } = randomBatch(dataset, 3, 8);
    const weights = weightsOf(model);
    const features = inputs.length / 3;
    const expected = [0, 1, 2].flatMap((sample) =>
      expectedLogits(
        [...inputs.subarray(sample * features, (sample + 1) * features)],
        (name) => tensorView(weights, model.layout, name),
        dataset.inputShape,
      ),
    );
    const actual = [...logitsByTensorFlow(model, weights, inputs, batchShape)];
    expect(actual).toHaveLength(expected.length);
    actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
  });
});
