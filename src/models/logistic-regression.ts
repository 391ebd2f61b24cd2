/**
 * Logistic regression for two classes: one weight for each feature and one bias; the sigmoid of the sum is the
 * probability of class 1. The loss is convex, so any policy and optimizer that converges finds the same weights,
 * which makes it the model to compare them by.
 *
 *   inputs [batch, ...shape] → flatten [batch, features] → x W + b → one logit [batch, 1]
 *
 * Parameters: features + 1; for a9a (123 features) 124.
 * First weights: W Glorot uniform (Glorot, Bengio 2010, equation 16), b zero.
 * More than two classes: softmax-regression.ts.
 */
import type { DatasetDescription } from '../datasets/dataset.ts';
import { createLayout } from '../tensor/layout.ts';
import { dense, denseTensors, featuresOf, flatten } from './dense.ts';
import { drawWeights } from './initialization.ts';
import type { Model } from './model.ts';

export function logisticRegression(dataset: DatasetDescription): Model {
  const features = featuresOf(dataset.inputShape);
  const tensors = denseTensors('output', features, 1, 'glorot');
  const layout = createLayout(tensors);
  return {
    name: 'logistic-regression',
    layout,
    loss: 'sigmoid',
    needs: [],
    initialize: (seed) => drawWeights(layout, tensors, seed),
    logits: (tf, parameters, inputs) => dense(tf, flatten(tf, inputs, features), parameters[0]!, parameters[1]!),
  };
}
