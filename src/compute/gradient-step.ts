/**
 * One training step: flat weights and a batch in, the flat gradient of the batch's mean loss out.
 *
 * This is the seam between the cluster, which knows flat vectors only, and TensorFlow, which knows tensors. Weights are
 * read in place, also from a SharedArrayBuffer that another thread fills, and the gradient is written in place; every
 * tensor made on the way is freed before the step returns.
 *
 * A step belongs to one batch shape, and StepCache is the one place where steps are made: what a step prepares for its
 * shape (a captured graph, see captured-step.ts) is prepared there once.
 */
import type * as tfjs from '@tensorflow/tfjs';
import { assert } from '../errors.ts';
import type { Model } from '../models/model.ts';
import { featuresOf } from '../models/dense.ts';
import type { Backend } from './backends.ts';
import { requireActive } from './backends.ts';
import { countCorrect, fillTargets, logitsWidth, meanLoss } from './loss.ts';

export interface BatchOutcome {
  /** Mean loss over the batch. */
  readonly loss: number;
  /** Samples classified right, of batchShape[0]. */
  readonly correct: number;
}

export interface GradientStep {
  /** [batch, ...inputShape] */
  readonly batchShape: readonly number[];
  /**
   * @param weights layout.elements float32; not written.
   * @param inputs the batch's inputs one after another, product(batchShape) float32.
   * @param labels class numbers, batchShape[0].
   * @param out receives the gradient of the mean loss, layout.elements float32. It may hold NaN or infinities where
   *   training diverged: see firstNonFinite.
   */
  gradient(weights: Float32Array, inputs: Float32Array, labels: Int32Array, out: Float32Array): BatchOutcome;
  /** Frees what the step holds for its shape. */
  dispose(): void;
}

/** Views of each tensor's part of a flat vector, as tensors. They hold no copy: use them before the vector changes. */
export function weightTensors(backend: Backend, model: Model, weights: Float32Array): tfjs.Tensor[] {
  return model.layout.tensors.map(({ offset, elements, shape }) =>
    backend.tf.tensor(weights.subarray(offset, offset + elements), [...shape], 'float32'),
  );
}

export interface StepTensors {
  readonly loss: tfjs.Tensor;
  /** [batch, classes] or [batch, 1] */
  readonly logits: tfjs.Tensor;
  /** In layout order. */
  readonly gradients: readonly tfjs.Tensor[];
}

/** The step itself, as tfjs operations: what an eager step runs each time, and a captured one is recorded from. */
export function runStep<T extends tfjs.TensorContainer>(
  backend: Backend,
  model: Model,
  batchShape: readonly number[],
  { weights, inputs, targets }: { readonly weights: Float32Array; readonly inputs: Float32Array; readonly targets: Float32Array },
  read: (tensors: StepTensors) => T,
): T {
  const { tf } = backend;
  return tf.tidy(() => {
    const parameters = weightTensors(backend, model, weights);
    const inputTensor = tf.tensor(inputs, [...batchShape], 'float32');
    const targetTensor = tf.tensor(targets, [batchShape[0]!, logitsWidth(model)], 'float32');
    // The gradient call frees everything made inside it but the loss, so the logits are kept by hand.
    let logits: tfjs.Tensor | undefined;
    const lossAndGradients = tf.valueAndGrads((...tensors: tfjs.Tensor[]) => {
      logits = tf.keep(model.logits(tf, tensors, inputTensor));
      return meanLoss(tf, model.loss, logits, targetTensor);
    });
    try {
      const { value, grads } = lossAndGradients(parameters);
      return read({ loss: value, logits: logits!, gradients: grads });
    } finally {
      logits?.dispose();
    }
  });
}

/** Checks the sizes of what a step is given. */
export function checkStep(
  model: Model,
  batchShape: readonly number[],
  of: { weights: Float32Array; inputs: Float32Array; labels: Int32Array; out: Float32Array },
): void {
  requireLength('weights', of.weights.length, model.layout.elements);
  requireLength('inputs', of.inputs.length, featuresOf(batchShape));
  requireLength('labels', of.labels.length, batchShape[0]!);
  requireLength('out', of.out.length, model.layout.elements);
}

/** An eager step: each operation is a call of the backend. */
export function createGradientStep(backend: Backend, model: Model, batchShape: readonly number[]): GradientStep {
  const width = logitsWidth(model);
  const targets = new Float32Array(batchShape[0]! * width);
  return {
    batchShape,
    gradient(weights, inputs, labels, out) {
      requireActive(backend);
      checkStep(model, batchShape, { weights, inputs, labels, out });
      fillTargets(labels, width, targets);
      return runStep(backend, model, batchShape, { weights, inputs, targets }, ({ loss, logits, gradients }) => {
        for (const [index, { offset }] of model.layout.tensors.entries()) out.set(gradients[index]!.dataSync(), offset);
        return { loss: loss.dataSync()[0]!, correct: countCorrect(logits.dataSync(), width, labels) };
      });
    },
    dispose() {},
  };
}

function requireLength(name: string, length: number, expected: number): void {
  assert(length === expected, `${name} has ${length} elements, the step takes ${expected}`);
}

export type StepMaker = (backend: Backend, model: Model, batchShape: readonly number[]) => GradientStep;

/** Batch shapes a worker keeps a step for: its batch size, the last batch of a task, and room for changed settings. */
const maxSteps = 8;

/** The one place where steps are made: one for each batch shape, the longest unused given up beyond 8. */
export class StepCache {
  readonly #backend: Backend;
  readonly #model: Model;
  readonly #make: StepMaker;
  /** In order of last use, oldest first. */
  readonly #steps = new Map<string, GradientStep>();

  constructor(backend: Backend, model: Model, make: StepMaker = createGradientStep) {
    this.#backend = backend;
    this.#model = model;
    this.#make = make;
  }

  /** @param batchShape [batch, ...inputShape] */
  for(batchShape: readonly number[]): GradientStep {
    const key = batchShape.join('x');
    const step = this.#steps.get(key) ?? this.#make(this.#backend, this.#model, [...batchShape]);
    this.#steps.delete(key);
    this.#steps.set(key, step);
    if (this.#steps.size > maxSteps) this.#giveUpOldest();
    return step;
  }

  dispose(): void {
    for (const step of this.#steps.values()) step.dispose();
    this.#steps.clear();
  }

  #giveUpOldest(): void {
    const [key, step] = this.#steps.entries().next().value!;
    this.#steps.delete(key);
    step.dispose();
  }
}
