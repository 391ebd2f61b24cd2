/**
 * Logistic regression for more than two classes (multinomial): one weight for each feature and class, one bias for
 * each class; the softmax of the sums is the distribution over classes. Convex, like its two-class form.
 *
 *   inputs [batch, ...shape] → flatten [batch, features] → x W + b → logits [batch, classes]
 *
 * Parameters: (features + 1) * classes; for MNIST (784 features, 10 classes) 7,850.
 * First weights: W Glorot uniform (Glorot, Bengio 2010, equation 16), b zero.
 */
import type { DatasetDescription } from '../datasets/dataset.ts';
import { createLayout } from '../tensor/layout.ts';
import { dense, denseTensors, featuresOf, flatten } from './dense.ts';
import { drawWeights } from './initialization.ts';
import type { Model } from './model.ts';

export function softmaxRegression(dataset: DatasetDescription): Model {
  const features = featuresOf(dataset.inputShape);
  const tensors = denseTensors('output', features, dataset.classes, 'glorot');
  const layout = createLayout(tensors);
  return {
    name: 'softmax-regression',
    layout,
    loss: 'softmax',
    needs: [],
    initialize: (seed) => drawWeights(layout, tensors, seed),
    logits: (tf, parameters, inputs) => dense(tf, flatten(tf, inputs, features), parameters[0]!, parameters[1]!),
  };
}
