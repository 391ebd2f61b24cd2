/**
 * A step captured as one graph: recorded from one eager step, written as a SavedModel, and run by TensorFlow as a single
 * call. The results are the eager step's, bit for bit (checked when it is captured), without a call across the binding
 * for every operation. One graph belongs to one batch shape.
 *
 * A step that draws values in JavaScript (dropout masks, random noise) would freeze them: it is recorded twice with other
 * inputs, and where the constants differ it is refused and stays eager, with the reason.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Model } from '../models/model.ts';
import { Random } from '../random.ts';
import type { Backend } from './backends.ts';
import { requireActive } from './backends.ts';
import { SAVED_MODEL_TAG, encodeSavedModel } from './graph-def.ts';
import { NotCapturable, nativeBackend, nativeId, record, type NativeBinding, type Recording } from './graph-recorder.ts';
import { checkStep, createGradientStep, runStep, type GradientStep, type StepMaker } from './gradient-step.ts';
import { countCorrect, fillTargets, logitsWidth } from './loss.ts';

export type Capture =
  | { readonly captured: true; readonly step: GradientStep }
  | { readonly captured: false; readonly why: string; readonly step: GradientStep };

interface Captured extends Recording {
  readonly outputs: readonly string[];
  readonly values: readonly Buffer[];
}

/**
 * A step maker for StepCache: captured where it can be; `notice` gets one line where it cannot. The first step of a shape is
 * eager: capturing costs several steps, which delay the first update, and a shape that comes once never earns them back.
 */
export function capturing(notice: (line: string) => void): StepMaker {
  return (backend, model, batchShape) => {
    let step = createGradientStep(backend, model, batchShape);
    let ran = 0;
    const capture = (): void => {
      const result = captureStep(backend, model, batchShape);
      if (!result.captured) notice(`${model.name} for batches of ${batchShape[0]} runs operation by operation: ${result.why}`);
      step = result.step;
    };
    return {
      batchShape,
      gradient(...numbers) {
        if (ran === 1) capture();
        ran += 1;
        return step.gradient(...numbers);
      },
      dispose: () => step.dispose(),
    };
  };
}

/** Captures the step for this batch shape, or keeps it eager and says why. Costs three eager steps. */
export function captureStep(backend: Backend, model: Model, batchShape: readonly number[]): Capture {
  if (backend.name !== 'tensorflow') {
    return {
      captured: false,
      why: `only native TensorFlow runs graphs; this is ${backend.name}`,
      step: createGradientStep(backend, model, batchShape),
    };
  }
  try {
    return { captured: true, step: new CapturedStep(backend, model, batchShape) };
  } catch (error) {
    if (!(error instanceof NotCapturable)) throw error;
    return { captured: false, why: error.message, step: createGradientStep(backend, model, batchShape) };
  }
}

class CapturedStep implements GradientStep {
  readonly batchShape: readonly number[];
  private readonly backend: Backend;
  private readonly model: Model;
  private readonly binding: NativeBinding;
  private readonly graph: number;
  private readonly inputNames: string;
  private readonly outputNames: string;
  private readonly usedInputs: readonly boolean[];
  private readonly targets: Float32Array;
  private readonly width: number;

  constructor(backend: Backend, model: Model, batchShape: readonly number[]) {
    this.backend = backend;
    this.model = model;
    this.batchShape = [...batchShape];
    this.width = logitsWidth(model);
    this.targets = new Float32Array(batchShape[0]! * this.width);
    this.binding = nativeBackend(backend).binding;
    const first = this.recordOnce(1);
    const second = this.recordOnce(2);
    requireSameConstants(first, second);
    this.usedInputs = first.placeholders.map((name) => name !== undefined);
    this.inputNames = first.placeholders.flatMap((name) => (name === undefined ? [] : [`${name}:0`])).join(',');
    this.outputNames = first.outputs.join(',');
    this.graph = this.load(first);
    this.requireSameBits(first);
  }

  gradient(weights: Float32Array, inputs: Float32Array, labels: Int32Array, out: Float32Array) {
    requireActive(this.backend);
    checkStep(this.model, this.batchShape, { weights, inputs, labels, out });
    fillTargets(labels, this.width, this.targets);
    const [loss, logits, ...gradients] = this.run(weights, inputs);
    for (const [index, { offset }] of this.model.layout.tensors.entries()) out.set(gradients[index]!, offset);
    return { loss: loss![0]!, correct: countCorrect(logits!, this.width, labels) };
  }

  dispose(): void {
    this.binding.deleteSavedModel(this.graph);
  }

  /** Loss, logits, then the gradients in layout order. */
  private run(weights: Float32Array, inputs: Float32Array): Float32Array[] {
    const { binding } = this;
    const ids: number[] = [];
    try {
      this.vectors(weights, inputs).forEach(({ values, shape }, index) => {
        if (this.usedInputs[index]) ids.push(binding.createTensor(shape, binding.TF_FLOAT, values));
      });
      const outputs = binding.runSavedModel(this.graph, ids, this.inputNames, this.outputNames);
      return outputs.map(({ id }) => {
        const values = binding.tensorDataSync(id);
        binding.deleteTensor(id);
        return values as Float32Array;
      });
    } finally {
      for (const id of ids) binding.deleteTensor(id);
    }
  }

  /** What changes from step to step, in the order of the placeholders. */
  private vectors(weights: Float32Array, inputs: Float32Array): { values: Float32Array; shape: readonly number[] }[] {
    const { targets, batchShape, width } = this;
    return [
      ...this.model.layout.tensors.map(({ offset, elements, shape }) => ({ values: weights.subarray(offset, offset + elements), shape })),
      { values: inputs, shape: batchShape },
      { values: targets, shape: [batchShape[0]!, width] },
    ];
  }

  /** One eager step on made-up numbers, watched. */
  private recordOnce(seed: number): Captured {
    const { backend, model, batchShape, targets, width } = this;
    const { weights, inputs, labels } = madeUp(model, batchShape, seed);
    fillTargets(labels, width, targets);
    const vectors = this.vectors(weights, inputs).map(({ values }) => values);
    let values: Buffer[] = [];
    let ids: (number | undefined)[] = [];
    const recording = record(backend, vectors, () =>
      runStep(backend, model, batchShape, { weights, inputs, targets }, ({ loss, logits, gradients }) => {
        const tensors = [loss, logits, ...gradients];
        values = tensors.map((tensor) => bytesOf(tensor.dataSync() as Float32Array));
        ids = tensors.map(({ dataId }) => nativeId(backend, dataId));
      }),
    );
    const outputs = ids.map((id) => {
      const name = id === undefined ? undefined : recording.names.get(id);
      if (name === undefined) throw new NotCapturable('one of its results does not come from an operation');
      return name;
    });
    return { ...recording, outputs, values };
  }

  private load(recording: Captured): number {
    const folder = mkdtempSync(join(tmpdir(), 'tardigrad-graph-'));
    try {
      writeFileSync(join(folder, 'saved_model.pb'), encodeSavedModel(recording.nodes));
      return this.binding.loadSavedModel(folder, SAVED_MODEL_TAG);
    } catch (error) {
      throw new NotCapturable(`TensorFlow refuses its graph: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  private requireSameBits(recording: Captured): void {
    const { weights, inputs, labels } = madeUp(this.model, this.batchShape, 1);
    fillTargets(labels, this.width, this.targets);
    const results = this.run(weights, inputs);
    const same = results.every((values, index) => bytesOf(values).equals(recording.values[index]!));
    if (same) return;
    this.dispose();
    throw new NotCapturable('as a graph it gives other bits than step by step');
  }
}

function requireSameConstants(first: Captured, second: Captured): void {
  const same =
    first.nodes.length === second.nodes.length &&
    first.constants.length === second.constants.length &&
    first.constants.every((constant, index) => constant.equals(second.constants[index]!));
  if (!same) throw new NotCapturable('it draws or computes values in JavaScript, which would be frozen');
}

function bytesOf(values: ArrayBufferView): Buffer {
  return Buffer.from(Buffer.from(values.buffer, values.byteOffset, values.byteLength));
}

/** Weights, inputs and labels of the right sizes that are nothing in particular; another seed gives others. */
function madeUp(
  model: Model,
  batchShape: readonly number[],
  seed: number,
): { weights: Float32Array; inputs: Float32Array; labels: Int32Array } {
  const random = new Random({ seed, stream: 'data', worker: 0, iteration: 0 });
  const batch = batchShape[0]!;
  const classes = Math.max(2, logitsWidth(model));
  const elements = batchShape.reduce((product, size) => product * size, 1);
  return {
    weights: model.initialize(seed),
    inputs: Float32Array.from({ length: elements }, () => random.uniform()),
    labels: Int32Array.from({ length: batch }, () => random.integer(classes)),
  };
}
