/**
 * Records what one eager step asks of TensorFlow. Every tfjs-node kernel goes through two calls of the native binding,
 * `createTensor` and `executeOp`: a forwarding object in the binding's place sees them all. Tensors made from the step's
 * own inputs become placeholders, other tensors made on the way become constants, each operation one node.
 */
import type { Backend } from './backends.ts';
import { shapeAttr, type GraphNode } from './graph-def.ts';

interface TensorMetadata {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: number;
}

interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** The native binding, as far as it is used here. */
export interface NativeBinding {
  createTensor(shape: readonly number[], dtype: number, values: ArrayBufferView): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(name: string, attributes: readonly OpAttribute[], inputs: readonly number[], outputs: number): TensorMetadata[];
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  runSavedModel(id: number, inputs: readonly number[], inputNames: string, outputNames: string): TensorMetadata[];
  readonly TF_FLOAT: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
}

export interface Recording {
  readonly nodes: readonly GraphNode[];
  /** Placeholder of each input, by its place among the step's inputs; undefined: not used. */
  readonly placeholders: readonly (string | undefined)[];
  /** Bytes of each constant in order: two recordings with other inputs must agree in them. */
  readonly constants: readonly Buffer[];
  /** `node:output` of a native tensor of the recorded step, by its id. */
  readonly names: ReadonlyMap<number, string>;
}

/** Why a step cannot be captured. */
export class NotCapturable extends Error {
  override readonly name = 'NotCapturable';
}

/** Native id of a tensor that is alive. */
export function nativeId(backend: Backend, dataId: object): number | undefined {
  return nativeBackend(backend).tensorMap.get(dataId)?.id;
}

interface BackendInternals {
  binding: NativeBinding;
  readonly tensorMap: { get(dataId: object): { readonly id: number } | undefined };
}

export function nativeBackend(backend: Backend): BackendInternals {
  return backend.tf.backend() as unknown as BackendInternals;
}

/** Runs `step` once, eagerly, and returns what it did. `inputs`: the vectors that change from step to step. */
export function record(backend: Backend, inputs: readonly ArrayBufferView[], step: () => void): Recording {
  const native = nativeBackend(backend);
  const { binding } = native;
  const recorder = new Recorder(binding, inputs);
  native.binding = recorder.forwarding();
  try {
    step();
  } finally {
    native.binding = binding;
  }
  return recorder.finish();
}

class Recorder {
  private readonly binding: NativeBinding;
  private readonly inputs: readonly ArrayBufferView[];
  private readonly nodes: GraphNode[] = [];
  private readonly placeholders: (string | undefined)[];
  private readonly constants: Buffer[] = [];
  /** Native tensor id to `node:output`; kept when the tensor is deleted, for ids are not used twice. */
  private readonly names = new Map<number, string>();

  constructor(binding: NativeBinding, inputs: readonly ArrayBufferView[]) {
    this.binding = binding;
    this.inputs = inputs;
    this.placeholders = inputs.map(() => undefined);
  }

  /** Everything as it is, but for the two calls that are watched. The binding's own properties are read-only. */
  forwarding(): NativeBinding {
    const { binding } = this;
    const rest = Object.fromEntries(Object.getOwnPropertyNames(binding).map((name) => [name, binding[name as keyof NativeBinding]]));
    return {
      ...(rest as unknown as NativeBinding),
      createTensor: (shape, dtype, values) => {
        const id = binding.createTensor(shape, dtype, values);
        this.created(id, shape, dtype, values);
        return id;
      },
      executeOp: (name, attributes, inputs, outputs) => {
        const results = binding.executeOp(name, attributes, inputs, outputs);
        this.executed(name, attributes, inputs, results);
        return results;
      },
    };
  }

  finish(): Recording {
    const { nodes, placeholders, constants, names } = this;
    return { nodes, placeholders, constants, names };
  }

  private created(id: number, shape: readonly number[], dtype: number, values: ArrayBufferView): void {
    const index = this.inputs.findIndex(
      (input) => input.buffer === values.buffer && input.byteOffset === values.byteOffset && input.byteLength === values.byteLength,
    );
    if (index >= 0) {
      const name = `in${index}`;
      if (this.placeholders[index] === undefined) {
        this.nodes.push({ name, op: 'Placeholder', input: [], attr: { dtype: { type: dtype }, shape: { shape: shapeAttr(shape) } } });
        this.placeholders[index] = name;
      }
      this.names.set(id, `${name}:0`);
      return;
    }
    if (!ArrayBuffer.isView(values)) throw new NotCapturable('it makes a tensor of something other than numbers');
    const tensorContent = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    const name = `c${this.nodes.length}`;
    const content = Buffer.from(tensorContent);
    this.constants.push(content);
    const tensor = { dtype, tensorShape: shapeAttr(shape), tensorContent: content };
    this.nodes.push({ name, op: 'Const', input: [], attr: { dtype: { type: dtype }, value: { tensor } } });
    this.names.set(id, `${name}:0`);
  }

  private executed(op: string, attributes: readonly OpAttribute[], inputs: readonly number[], results: readonly TensorMetadata[]): void {
    const name = `n${this.nodes.length}`;
    const input = inputs.map((id) => {
      const known = this.names.get(id);
      if (known === undefined) throw new NotCapturable(`${op} uses a tensor that was made before the step`);
      return known;
    });
    const attr = Object.fromEntries(attributes.map((attribute) => [attribute.name, this.attr(op, attribute)]));
    this.nodes.push({ name, op, input, attr });
    results.forEach(({ id }, output) => this.names.set(id, `${name}:${output}`));
  }

  private attr(op: string, { name, type, value }: OpAttribute): object {
    const { binding } = this;
    const list = Array.isArray(value);
    switch (type) {
      case binding.TF_ATTR_STRING:
        return list ? { list: { s: (value as string[]).map((text) => Buffer.from(text)) } } : { s: Buffer.from(String(value)) };
      case binding.TF_ATTR_INT:
        return list ? { list: { i: value } } : { i: value };
      case binding.TF_ATTR_FLOAT:
        return list ? { list: { f: value } } : { f: value };
      case binding.TF_ATTR_BOOL:
        return list ? { list: { b: value } } : { b: value };
      case binding.TF_ATTR_TYPE:
        return list ? { list: { type: value } } : { type: value };
      case binding.TF_ATTR_SHAPE:
        return { shape: shapeAttr(value as number[]) };
      default:
        throw new NotCapturable(`attribute ${name} of ${op} has a kind that is not known here`);
    }
  }
}
