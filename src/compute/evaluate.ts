/**
 * Loss and accuracy of given weights, batch by batch. Results are sums, so that batches of different sizes and the
 * work of several evaluators add up to the same answer.
 */
import { assert } from '../errors.ts';
import { featuresOf } from '../models/dense.ts';
import type { Model } from '../models/model.ts';
import type { Backend } from './backends.ts';
import { requireActive } from './backends.ts';
import { weightTensors } from './gradient-step.ts';
import { countCorrect, fillTargets, logitsWidth, meanLoss } from './loss.ts';

export interface Evaluation {
  /** Sum of the loss over the samples. */
  readonly lossSum: number;
  readonly correct: number;
  /** Samples evaluated. */
  readonly count: number;
}

export interface EvaluationBatch {
  /** layout.elements float32 */
  readonly weights: Float32Array;
  readonly inputs: Float32Array;
  readonly labels: Int32Array;
  /** [batch, ...inputShape]; the last batch of a data set may be a smaller one. */
  readonly batchShape: readonly number[];
}

export const nothingEvaluated: Evaluation = { lossSum: 0, correct: 0, count: 0 };

export function evaluateBatch(backend: Backend, model: Model, { weights, inputs, labels, batchShape }: EvaluationBatch): Evaluation {
  const { tf } = backend;
  requireActive(backend);
  const count = batchShape[0]!;
  const width = logitsWidth(model);
  assert(weights.length === model.layout.elements, `weights has ${weights.length} elements, not ${model.layout.elements}`);
  assert(inputs.length === featuresOf(batchShape), `inputs has ${inputs.length} elements, not ${featuresOf(batchShape)}`);
  assert(labels.length === count, `labels has ${labels.length} elements, not ${count}`);
  const targets = new Float32Array(count * width);
  fillTargets(labels, width, targets);
  return tf.tidy(() => {
    const logits = model.logits(tf, weightTensors(backend, model, weights), tf.tensor(inputs, [...batchShape], 'float32'));
    const loss = meanLoss(tf, model.loss, logits, tf.tensor(targets, [count, width], 'float32'));
    return { lossSum: loss.dataSync()[0]! * count, correct: countCorrect(logits.dataSync(), width, labels), count };
  });
}

export function addEvaluations(a: Evaluation, b: Evaluation): Evaluation {
  return { lossSum: a.lossSum + b.lossSum, correct: a.correct + b.correct, count: a.count + b.count };
}
