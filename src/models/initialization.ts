/**
 * How a model's first weights are drawn. Each tensor has a stream of its own, named by its place in the layout, so that
 * adding a layer at the end changes no tensor before it. Only correctly rounded operations are used: one seed gives the
 * same bits on every machine.
 *
 * - `he`: uniform in ±sqrt(6 / fanIn), for layers followed by a relu. He, Zhang, Ren, Sun 2015, "Delving Deep into
 *   Rectifiers", section 2.2 (their variance 2 / fanIn, drawn uniformly).
 * - `glorot`: uniform in ±sqrt(6 / (fanIn + fanOut)), for layers that end in logits. Glorot, Bengio 2010,
 *   "Understanding the difficulty of training deep feedforward neural networks", equation 16.
 * - `zeros`: biases.
 */
import type { Layout, TensorSpec } from '../tensor/layout.ts';
import { assert } from '../errors.ts';
import { Random } from '../random.ts';

export type Initializer = 'he' | 'glorot' | 'zeros';

export interface InitializedTensor extends TensorSpec {
  readonly initializer: Initializer;
}

/** Kernels are [...window, in, out]: a window position counts as often as it is applied to one output. */
function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  assert(shape.length >= 2, `a kernel has at least 2 dimensions, not [${shape.join(', ')}]`);
  const [inputs, outputs] = shape.slice(-2) as [number, number];
  const window = shape.slice(0, -2).reduce((product, size) => product * size, 1);
  return { fanIn: window * inputs, fanOut: window * outputs };
}

function uniformLimit(tensor: InitializedTensor): number {
  const { fanIn, fanOut } = fans(tensor.shape);
  return Math.sqrt(6 / (tensor.initializer === 'he' ? fanIn : fanIn + fanOut));
}

/** @returns layout.elements float32: each tensor of `tensors` drawn as it says, biases zero. */
export function drawWeights(layout: Layout, tensors: readonly InitializedTensor[], seed: number): Float32Array {
  const weights = new Float32Array(layout.elements);
  for (const [index, tensor] of tensors.entries()) {
    const placed = layout.tensors[index];
    assert(placed !== undefined && placed.name === tensor.name, `the layout has ${tensor.name} at place ${index}`);
    if (tensor.initializer === 'zeros') continue;
    const limit = uniformLimit(tensor);
    const random = new Random({ seed, stream: 'initialize', worker: index });
    fillUniform(weights.subarray(placed.offset, placed.offset + placed.elements), limit, random);
  }
  return weights;
}

function fillUniform(target: Float32Array, limit: number, random: Random): void {
  for (let i = 0; i < target.length; i += 1) target[i] = random.uniformBetween(-limit, limit);
}
