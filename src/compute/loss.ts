/**
 * What the logits are compared with: the mean loss over a batch, and the count of right answers.
 *
 * Softmax cross-entropy is -log softmax(z)[label]; sigmoid cross-entropy of one logit z and a label y in {0, 1} is
 * log(1 + e^z) - z y. Both are computed from the logits, never through a probability that could round to 0.
 */
import type * as tfjs from '@tensorflow/tfjs';
import { assert } from '../errors.ts';
import type { Model, TensorFlow } from '../models/model.ts';

/** Outputs for each sample: the width of the last layer. */
export function logitsWidth(model: Model): number {
  const bias = model.layout.tensors.at(-1);
  assert(model.loss === 'sigmoid' || bias !== undefined, 'a model has tensors');
  return model.loss === 'sigmoid' ? 1 : bias!.shape.at(-1)!;
}

/** Labels as the loss takes them: softmax one-hot [batch * width], sigmoid 0 or 1 [batch]. */
export function fillTargets(labels: Int32Array, width: number, targets: Float32Array): void {
  targets.fill(0);
  const classes = width === 1 ? 2 : width;
  for (let i = 0; i < labels.length; i += 1) {
    const label = labels[i]!;
    assert(label >= 0 && label < classes, `label ${label} is not one of ${classes} classes`);
    if (width === 1) targets[i] = label;
    else targets[i * width + label] = 1;
  }
}

/** logits and targets [batch, width] → the mean loss, a scalar. */
export function meanLoss(tf: TensorFlow, loss: Model['loss'], logits: tfjs.Tensor, targets: tfjs.Tensor): tfjs.Scalar {
  if (loss === 'sigmoid') return tf.mean(tf.sub(tf.softplus(logits), tf.mul(logits, targets)));
  return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), targets), 1)));
}

/** Samples whose largest logit (sigmoid: whose sign) names their label. A tie goes to the lower class; NaN is never right. */
export function countCorrect(logits: ArrayLike<number>, width: number, labels: Int32Array): number {
  let correct = 0;
  for (let i = 0; i < labels.length; i += 1) {
    if (predictedClass(logits, i * width, width) === labels[i]) correct += 1;
  }
  return correct;
}

function predictedClass(logits: ArrayLike<number>, offset: number, width: number): number {
  if (width === 1) {
    const logit = logits[offset]!;
    if (Number.isNaN(logit)) return -1;
    return logit > 0 ? 1 : 0;
  }
  let best = -1;
  let bestLogit = -Infinity;
  for (let k = 0; k < width; k += 1) {
    const logit = logits[offset + k]!;
    if (Number.isNaN(logit)) return -1;
    if (logit > bestLogit) {
      best = k;
      bestLogit = logit;
    }
  }
  return best;
}
