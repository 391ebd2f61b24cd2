/** Models and batches small enough to check by hand or by differences, and the backends that are here to run them. */
import type { Backend, BackendName } from '../../src/compute/backends.ts';
import { backendNames, loadBackend } from '../../src/compute/backends.ts';
import type { DatasetDescription } from '../../src/datasets/dataset.ts';
import type { Model } from '../../src/models/model.ts';
import type { ModelConfig } from '../../src/models/registry.ts';
import { createModel } from '../../src/models/registry.ts';
import { Random } from '../../src/random.ts';

const images: DatasetDescription = { name: 'images', inputShape: [8, 9, 2], classes: 4, trainSamples: 100, testSamples: 100 };
const rows: DatasetDescription = { name: 'rows', inputShape: [7], classes: 2, trainSamples: 100, testSamples: 100 };

export const smallModels: readonly { readonly title: string; readonly config: ModelConfig; readonly dataset: DatasetDescription }[] = [
  { title: 'logistic regression', config: { name: 'logistic-regression' }, dataset: rows },
  { title: 'softmax regression', config: { name: 'logistic-regression' }, dataset: images },
  { title: 'mlp', config: { name: 'mlp', hidden: [12, 10] }, dataset: images },
  { title: 'cnn', config: { name: 'cnn', filters: [3, 4], dense: 10 }, dataset: images },
];

export function smallModel(title: string): { readonly model: Model; readonly dataset: DatasetDescription } {
  const { config, dataset } = smallModels.find((small) => small.title === title)!;
  return { model: createModel(config, dataset), dataset };
}

export interface Batch {
  readonly batchShape: number[];
  readonly inputs: Float32Array;
  readonly labels: Int32Array;
}

/** Inputs uniform in [-1, 1), labels uniform over the classes. */
export function randomBatch(dataset: DatasetDescription, batch: number, seed: number): Batch {
  const random = new Random({ seed, stream: 'data' });
  const batchShape = [batch, ...dataset.inputShape];
  const inputs = Float32Array.from({ length: batchShape.reduce((a, b) => a * b) }, () => random.uniformBetween(-1, 1));
  const labels = Int32Array.from({ length: batch }, () => random.integer(dataset.classes));
  return { batchShape, inputs, labels };
}

/** The named backend, or why it is not here. */
export async function backendOrReason(name: BackendName): Promise<{ readonly backend: Backend } | { readonly reason: string }> {
  const backend = await loadBackend({ prefer: name, threads: 1 });
  return backend.name === name ? { backend } : { reason: backend.why };
}

export async function backendsHere(): Promise<readonly { readonly name: BackendName; readonly missing: string | undefined }[]> {
  const found = [];
  for (const name of backendNames) {
    const result = await backendOrReason(name);
    found.push({ name, missing: 'reason' in result ? result.reason : undefined });
  }
  return found;
}
