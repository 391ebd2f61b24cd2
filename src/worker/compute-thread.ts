/**
 * The compute thread of a worker: loads TensorFlow, the data and the model, and turns weights in a slot into a gradient in
 * the same slot. It blocks in TensorFlow as long as it likes; the I/O thread beside it keeps leases and streams alive.
 */
import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { addEvaluations, evaluateBatch, nothingEvaluated } from '../compute/evaluate.ts';
import { loadBackend, type Backend } from '../compute/backends.ts';
import { capturing } from '../compute/captured-step.ts';
import { clipByGlobalNorm } from '../compute/global-norm.ts';
import { StepCache } from '../compute/gradient-step.ts';
import { accumulate } from '../algorithms/local/accumulate.ts';
import type { BatchGradient, LocalRule } from '../algorithms/local/local-rule.ts';
import { BatchReader } from '../datasets/batches.ts';
import type { Dataset } from '../datasets/dataset.ts';
import { batchPlan } from '../datasets/permutation.ts';
import { loadDataset } from '../datasets/registry.ts';
import { assert, errorMessage } from '../errors.ts';
import type { Model } from '../models/model.ts';
import { createModel } from '../models/registry.ts';
import { plainKernels } from '../tensor/plain-kernels.ts';
import type { ComputeReply, ComputeRequest, ComputeThreadData } from './compute-messages.ts';

/** Test samples evaluated at once: bounds the memory of the largest activations. */
const EVALUATION_BATCH = 250;

interface Prepared {
  readonly request: Extract<ComputeRequest, { type: 'prepare' }>;
  readonly model: Model;
  readonly dataset: Dataset;
  readonly steps: StepCache;
  readonly rule: LocalRule;
  readonly reader: BatchReader;
  readonly inputs: Float32Array;
  readonly labels: Int32Array;
}

const port = parentPort;
assert(port !== null, 'this file runs in a worker thread');
const say = (reply: ComputeReply): void => port.postMessage(reply);
const options = workerData as ComputeThreadData;
const loading: Promise<Backend> = loadBackend({
  prefer: options.backend === 'auto' ? undefined : options.backend,
  threads: options.threads,
});
let prepared: Prepared | undefined;

function slotOf(buffer: SharedArrayBuffer, slot: number, elements: number): Float32Array {
  return new Float32Array(buffer, slot * elements * Float32Array.BYTES_PER_ELEMENT, elements);
}

async function prepare(backend: Backend, request: Extract<ComputeRequest, { type: 'prepare' }>): Promise<void> {
  const { spec } = request;
  const dataset = await loadDataset(spec.dataset.name, {
    ...(options.dataDirectory === undefined ? {} : { dataDirectory: options.dataDirectory }),
    environment: process.env,
  });
  const model = createModel(spec.model, dataset.description);
  const support = backend.supports(model);
  if (!support.ok) throw new Error(support.why);
  const { batchSize, order } = spec.dataset;
  const split = dataset[request.split];
  const size = request.split === 'train' ? batchSize : EVALUATION_BATCH;
  prepared?.steps.dispose();
  prepared = {
    request,
    model,
    dataset,
    steps: new StepCache(
      backend,
      model,
      capturing((line) => say({ type: 'notice', line })),
    ),
    rule: accumulate(spec.accumulate),
    reader: new BatchReader({
      split,
      plan: batchPlan({ samples: split.samples, batchSize: size }),
      seed: spec.seed,
      order: request.split === 'train' ? order : 'sequential',
    }),
    inputs: new Float32Array(size * dataset.description.inputShape.reduce((a, b) => a * b, 1)),
    labels: new Int32Array(size),
  };
}

function batchViews({ dataset, inputs, labels }: Prepared, count: number): { shape: number[]; inputs: Float32Array; labels: Int32Array } {
  const { inputShape } = dataset.description;
  const features = inputShape.reduce((a, b) => a * b, 1);
  return { shape: [count, ...inputShape], inputs: inputs.subarray(0, count * features), labels: labels.subarray(0, count) };
}

function gradient(state: Prepared, { slot, firstBatch, count, life }: Extract<ComputeRequest, { type: 'gradient' }>): void {
  const { model, request } = state;
  const { elements } = model.layout;
  const out = slotOf(request.gradients, slot, elements);
  const startMs = performance.now();
  let dataMs = 0;
  const batchGradient: BatchGradient = (index, weights, into) => {
    const readMs = performance.now();
    const samples = state.reader.read(firstBatch + index, state.inputs, state.labels);
    const batch = batchViews(state, samples);
    dataMs += performance.now() - readMs;
    const { loss } = state.steps.for(batch.shape).gradient(weights, batch.inputs, batch.labels, into);
    return { loss, samples };
  };
  const { loss, samples } = state.rule.run(plainKernels, count, batchGradient, slotOf(request.weights, slot, elements), out);
  const finite = plainKernels.firstNonFinite(out) < 0;
  const { byGlobalNorm } = request.spec.clip;
  if (finite && byGlobalNorm !== undefined) clipByGlobalNorm(out, byGlobalNorm);
  say({ type: 'gradient', slot, life, loss, samples, finite, dataMs, computeMs: performance.now() - startMs - dataMs });
}

function evaluate(backend: Backend, state: Prepared, slot: number): void {
  const startMs = performance.now();
  const weights = slotOf(state.request.weights, slot, state.model.layout.elements);
  let sum = nothingEvaluated;
  for (let batch = 0; batch < state.reader.plan.batchesPerEpoch; batch += 1) {
    const { shape: batchShape, inputs, labels } = batchViews(state, state.reader.read(batch, state.inputs, state.labels));
    sum = addEvaluations(sum, evaluateBatch(backend, state.model, { weights, inputs, labels, batchShape }));
  }
  const { lossSum, correct, count } = sum;
  say({
    type: 'evaluated',
    loss: lossSum / count,
    accuracy: correct / count,
    samples: count,
    seconds: (performance.now() - startMs) / 1000,
  });
}

async function handle(request: ComputeRequest): Promise<void> {
  const backend = await loading;
  if (request.type === 'prepare') {
    await prepare(backend, request);
    say({ type: 'prepared' });
    return;
  }
  assert(prepared !== undefined, 'prepared before it computes');
  switch (request.type) {
    case 'gradient':
      gradient(prepared, request);
      return;
    case 'initialize':
      slotOf(prepared.request.gradients, 0, prepared.model.layout.elements).set(prepared.model.initialize(prepared.request.spec.seed));
      say({ type: 'initialized', life: request.life });
      return;
    case 'evaluate':
      evaluate(backend, prepared, request.slot);
      return;
  }
}

const failed = (error: unknown): void => say({ type: 'failed', message: errorMessage(error) });
// A step that throws inside TensorFlow leaks what it saved for the way back: the process is replaced, not patched up.
port.on('message', (request: ComputeRequest) => void handle(request).catch(failed));
loading.then(({ name, device, why }) => say({ type: 'backend', name, device, why }), failed);
