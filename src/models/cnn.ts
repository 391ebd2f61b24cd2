/**
 * A small convolutional network for images: two 3x3 convolutions see strokes and corners, the pooling makes their
 * exact place matter less, and two dense layers decide.
 *
 *   inputs [batch, height, width, channels]
 *     → conv 3x3, relu   [batch, height - 2, width - 2, filters 1]      ('valid': no padding, stride 1)
 *     → conv 3x3, relu   [batch, height - 4, width - 4, filters 2]
 *     → max pool 2x2     [batch, (height - 4) / 2, (width - 4) / 2, filters 2]   (rounded down)
 *     → flatten → dense, relu [batch, dense] → dense → logits [batch, classes]
 *
 * Parameters for MNIST with filters 32 and 64, dense 128: 320 + 18,496 + 1,179,776 + 1,290 = 1,199,882.
 * First weights: He uniform before a relu (He et al. 2015, section 2.2), Glorot uniform for the logits
 * (Glorot, Bengio 2010, equation 16), biases zero.
 */
import type * as tfjs from '@tensorflow/tfjs';
import type { DatasetDescription } from '../datasets/dataset.ts';
import { assert } from '../errors.ts';
import { createLayout } from '../tensor/layout.ts';
import { dense, denseTensors, flatten } from './dense.ts';
import type { InitializedTensor } from './initialization.ts';
import { drawWeights } from './initialization.ts';
import type { Model, TensorFlow } from './model.ts';

export interface CnnOptions {
  /** Output channels of the first and second convolution. */
  readonly filters: readonly [number, number];
  /** Width of the dense layer before the logits. */
  readonly dense: number;
}

/** Two 'valid' 3x3 convolutions take 4 off each side, and the pooling needs 2 of what is left. */
export const smallestCnnSide = 6;

function convolutionTensors(name: string, channelsIn: number, channelsOut: number): InitializedTensor[] {
  return [
    { name: `${name}/kernel`, shape: [3, 3, channelsIn, channelsOut], initializer: 'he' },
    { name: `${name}/bias`, shape: [channelsOut], initializer: 'zeros' },
  ];
}

function convolution(tf: TensorFlow, x: tfjs.Tensor, kernel: tfjs.Tensor, bias: tfjs.Tensor): tfjs.Tensor {
  return tf.relu(tf.add(tf.conv2d(x as tfjs.Tensor4D, kernel as tfjs.Tensor4D, 1, 'valid'), bias));
}

export function cnn(dataset: DatasetDescription, options: CnnOptions): Model {
  assert(dataset.inputShape.length === 3, 'the registry lets only images in');
  const [height, width, channels] = dataset.inputShape as [number, number, number];
  const [filters1, filters2] = options.filters;
  const features = Math.floor((height - 4) / 2) * Math.floor((width - 4) / 2) * filters2;
  const tensors = [
    ...convolutionTensors('conv1', channels, filters1),
    ...convolutionTensors('conv2', filters1, filters2),
    ...denseTensors('dense', features, options.dense, 'he'),
    ...denseTensors('output', options.dense, dataset.classes, 'glorot'),
  ];
  const layout = createLayout(tensors);
  return {
    name: 'cnn',
    layout,
    loss: 'softmax',
    needs: ['Conv2D', 'Conv2DBackpropFilter', 'Conv2DBackpropInput', 'MaxPool', 'MaxPoolGrad'],
    initialize: (seed) => drawWeights(layout, tensors, seed),
    logits(tf, parameters, inputs) {
      const [kernel1, bias1, kernel2, bias2, denseKernel, denseBias, outputKernel, outputBias] = parameters as tfjs.Tensor[];
      let x = convolution(tf, inputs, kernel1!, bias1!);
      x = convolution(tf, x, kernel2!, bias2!);
      x = flatten(tf, tf.maxPool(x as tfjs.Tensor4D, 2, 2, 'valid'), features);
      x = tf.relu(dense(tf, x, denseKernel!, denseBias!));
      return dense(tf, x, outputKernel!, outputBias!);
    },
  };
}
