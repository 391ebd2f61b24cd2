/**
 * A model's dense tensors laid end to end in declared order: one flat vector of float32.
 * Everything elementwise therefore splits over shards exactly.
 */
import { assert, TardigradError } from '../errors.ts';

export interface TensorSpec {
  readonly name: string;
  /** Whole numbers of at least 1; an empty shape is a scalar. */
  readonly shape: readonly number[];
}

export interface PlacedTensor extends TensorSpec {
  /** First element of the tensor in the flat vector. */
  readonly offset: number;
  /** Product of the shape. */
  readonly elements: number;
}

export interface Layout {
  readonly tensors: readonly PlacedTensor[];
  /** Length of the flat vector. */
  readonly elements: number;
}

/**
 * Lays the tensors end to end, in the order given.
 * @throws INVALID_ARGUMENT for no tensor at all, an empty or repeated name, or a shape that is not of whole numbers >= 1.
 */
export function createLayout(specs: readonly TensorSpec[]): Layout {
  if (specs.length === 0) {
    throw new TardigradError('INVALID_ARGUMENT', 'A layout needs at least one tensor, got none.', {
      next: "Declare the model's tensors with their shapes.",
    });
  }
  const names = new Set<string>();
  const tensors: PlacedTensor[] = [];
  let offset = 0;
  for (const { name, shape } of specs) {
    checkName(name, names);
    const elements = countElements(name, shape);
    tensors.push(Object.freeze({ name, shape: Object.freeze([...shape]), offset, elements }));
    offset += elements;
    if (!Number.isSafeInteger(offset)) {
      throw new TardigradError('INVALID_ARGUMENT', `The layout passes ${Number.MAX_SAFE_INTEGER} elements at tensor '${name}'.`, {
        facts: { tensor: name },
        next: 'Make the model smaller.',
      });
    }
  }
  return Object.freeze({ tensors: Object.freeze(tensors), elements: offset });
}

/** The named tensor's elements in the flat vector: a view, not a copy. */
export function tensorView(flat: Float32Array, layout: Layout, name: string): Float32Array {
  assert(flat.length === layout.elements, `the flat vector has ${flat.length} elements, its layout ${layout.elements}`);
  const tensor = layout.tensors.find((placed) => placed.name === name);
  if (tensor === undefined) {
    throw new TardigradError('NOT_FOUND', `The layout has no tensor '${name}'.`, {
      facts: { tensor: name },
      next: `It has: ${layout.tensors.map((placed) => placed.name).join(', ')}.`,
    });
  }
  return flat.subarray(tensor.offset, tensor.offset + tensor.elements);
}

function checkName(name: string, seen: Set<string>): void {
  if (name === '') {
    throw new TardigradError('INVALID_ARGUMENT', `Tensor ${seen.size} of the layout has an empty name.`, {
      facts: { index: seen.size },
      next: 'Give every tensor a name of its own.',
    });
  }
  if (seen.has(name)) {
    throw new TardigradError('INVALID_ARGUMENT', `The layout declares tensor '${name}' twice.`, {
      facts: { tensor: name },
      next: 'Give every tensor a name of its own.',
    });
  }
  seen.add(name);
}

function countElements(name: string, shape: readonly number[]): number {
  let elements = 1;
  for (const size of shape) {
    elements *= size;
    if (!Number.isSafeInteger(size) || size < 1 || !Number.isSafeInteger(elements)) {
      throw new TardigradError('INVALID_ARGUMENT', `Tensor '${name}' has the shape [${shape.join(', ')}].`, {
        facts: { tensor: name },
        next: `Every size must be a whole number of at least 1, and their product at most ${Number.MAX_SAFE_INTEGER}.`,
      });
    }
  }
  return elements;
}
