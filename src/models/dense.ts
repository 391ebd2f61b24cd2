/**
 * A dense layer, y = x W + b, as the models share it: its two tensors and its tfjs code.
 */
import type * as tfjs from '@tensorflow/tfjs';
import type { TensorFlow } from './model.ts';
import type { InitializedTensor, Initializer } from './initialization.ts';

/** The two tensors of one dense layer: `name/kernel` [inputs, outputs] and `name/bias` [outputs]. */
export function denseTensors(name: string, inputs: number, outputs: number, initializer: Initializer): InitializedTensor[] {
  return [
    { name: `${name}/kernel`, shape: [inputs, outputs], initializer },
    { name: `${name}/bias`, shape: [outputs], initializer: 'zeros' },
  ];
}

/** x [batch, inputs] → [batch, outputs]. */
export function dense(tf: TensorFlow, x: tfjs.Tensor, kernel: tfjs.Tensor, bias: tfjs.Tensor): tfjs.Tensor {
  return tf.add(tf.matMul(x as tfjs.Tensor2D, kernel as tfjs.Tensor2D), bias);
}

/** [batch, ...shape] → [batch, features], where features is the product of the shape. */
export function flatten(tf: TensorFlow, x: tfjs.Tensor, features: number): tfjs.Tensor {
  return x.rank === 2 ? x : tf.reshape(x, [-1, features]);
}

export function featuresOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
