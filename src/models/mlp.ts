/**
 * A multilayer perceptron: dense layers with a relu between them. It takes any data set and trains on every backend.
 *
 *   inputs [batch, ...shape] → flatten → (dense, relu) for each hidden width → dense → logits [batch, classes]
 *
 * Parameters: the sum of (in + 1) * out over the layers; 784-128-10 (MNIST, the default) has 101,770.
 * First weights: He uniform before a relu (He et al. 2015, section 2.2), Glorot uniform for the logits
 * (Glorot, Bengio 2010, equation 16), biases zero.
 */
import type { DatasetDescription } from '../datasets/dataset.ts';
import { createLayout } from '../tensor/layout.ts';
import { dense, denseTensors, featuresOf, flatten } from './dense.ts';
import { drawWeights } from './initialization.ts';
import type { Model } from './model.ts';

export interface MlpOptions {
  /** Widths of the hidden layers, first to last. */
  readonly hidden: readonly number[];
}

export function mlp(dataset: DatasetDescription, { hidden }: MlpOptions): Model {
  const features = featuresOf(dataset.inputShape);
  const inputWidths = [features, ...hidden];
  const tensors = [
    ...hidden.flatMap((width, index) => denseTensors(`hidden${index + 1}`, inputWidths[index]!, width, 'he')),
    ...denseTensors('output', inputWidths[hidden.length]!, dataset.classes, 'glorot'),
  ];
  const layout = createLayout(tensors);
  return {
    name: 'mlp',
    layout,
    loss: 'softmax',
    needs: [],
    initialize: (seed) => drawWeights(layout, tensors, seed),
    logits(tf, parameters, inputs) {
      let x = flatten(tf, inputs, features);
      for (let layer = 0; layer < hidden.length; layer += 1) {
        x = tf.relu(dense(tf, x, parameters[2 * layer]!, parameters[2 * layer + 1]!));
      }
      return dense(tf, x, parameters[2 * hidden.length]!, parameters[2 * hidden.length + 1]!);
    },
  };
}
