/** What a model is to the rest of the project: a layout of flat weights, their first values, and tfjs code for its outputs. */
import type * as tfjs from '@tensorflow/tfjs';
import type { Layout } from '../tensor/layout.ts';

/** The tfjs module of whichever backend was chosen. */
export type TensorFlow = typeof tfjs;

/**
 * A model: its layout, its initial weights, and ordinary tfjs code for its outputs. The loss is the mean over the batch.
 * Only `logits` needs TensorFlow; the coordinator and the shards use the layout alone.
 */
export interface Model {
  readonly name: string;
  readonly layout: Layout;
  /** Sigmoid cross-entropy on one logit (two classes), or softmax cross-entropy on one logit for each class. */
  readonly loss: 'sigmoid' | 'softmax';
  /** Backend kernels that training it needs and some backends lack, e.g. 'Conv2DBackpropFilter'. */
  readonly needs: readonly string[];
  /** Initial weights: layout.elements float32, the same bits on every machine for one seed. */
  initialize(seed: number): Float32Array;
  /** parameters in layout order, inputs [batch, ...inputShape]; returns [batch, 1] or [batch, classes]. */
  logits(tf: TensorFlow, parameters: readonly tfjs.Tensor[], inputs: tfjs.Tensor): tfjs.Tensor;
}
