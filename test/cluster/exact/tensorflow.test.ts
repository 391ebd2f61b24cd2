import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBackend, tensorFlowEnvironment, type BackendName } from '../../../src/compute/backends.ts';
import { clipByGlobalNorm } from '../../../src/compute/global-norm.ts';
import { StepCache } from '../../../src/compute/gradient-step.ts';
import { jobFromObject } from '../../../src/config/job.ts';
import { BatchReader } from '../../../src/datasets/batches.ts';
import { batchPlan } from '../../../src/datasets/permutation.ts';
import { loadDataset } from '../../../src/datasets/registry.ts';
import { createModel } from '../../../src/models/registry.ts';
import { Cluster } from './cluster.ts';
import { SAMPLES, firstDifference } from './exact-job.ts';
import { trainSequentially, type Settings } from '../../ps/sequential.ts';
import { noGradients, synthetic } from './synthetic-compute.ts';

const DETECT_MS = 10_000;
const BATCH_SIZE = 512;
const GLOBAL_NORM = 0.2;

const job = jobFromObject({
  name: 'a9a-one-worker',
  seed: 5,
  model: { name: 'logistic-regression' },
  dataset: { name: 'a9a', batchSize: BATCH_SIZE, order: 'shuffled' },
  shards: 2,
  workers: 1,
  taskBatches: 10,
  consistency: { policy: 'asp' },
  optimizer: { name: 'nesterov', learningRate: 0.1, weightDecay: 0.001, schedule: { name: 'cosine', totalUpdates: 64, warmupUpdates: 10 } },
  clip: { byGlobalNorm: GLOBAL_NORM },
  checkpoint: { everySeconds: 3600 },
  evaluate: { everyUpdates: 1_000_000 },
  stop: { epochs: 1 },
  detectFailureMs: DETECT_MS,
});
const SETTINGS: Settings = {
  name: 'nesterov',
  learningRate: 0.1,
  weightDecay: 0.001,
  schedule: { name: 'cosine', totalUpdates: 64, warmupUpdates: 10 },
};

describe('one worker process with one TensorFlow thread', () => {
  let cluster: Cluster | undefined;
  beforeAll(async () => {
    if (process.env['TARDIGRAD_DATA'] !== undefined) cluster = await Cluster.start({ servers: job.shards, detectFailureMs: DETECT_MS });
  });
  afterAll(() => cluster?.close());

  it('equals sequential training on the same backend, bit for bit, on a9a', async (context) => {
    if (!cluster) return context.skip('a9a is not here: TARDIGRAD_DATA does not name a folder that holds it');
    await cluster.submit(job);
    cluster.evaluator(synthetic(noGradients));
    const worker = await cluster.role(
      'worker-0',
      [
        'worker',
        '--name',
        'worker-0',
        '--coordinator',
        cluster.coordinator.address,
        '--threads',
        '1',
        '--detect-failure-ms',
        String(DETECT_MS),
      ],
      tensorFlowEnvironment(1),
    );
    const status = await cluster.succeeded(job.name);
    expect(status).toMatchObject({ state: 'succeeded', accounting: { trained: SAMPLES, neverSeen: 0 } });
    expect(await worker.exited, 'the worker has done its work').toBe(0);

    const described = status.workers.find(({ name }) => name === 'worker-0')?.backend ?? worker.log();
    const prefer = /tensorflow|wasm|cpu/.exec(described)?.[0] as BackendName;
    const backend = await loadBackend({ prefer, threads: 1 });
    expect(backend.name).toBe(prefer);
    const dataset = await loadDataset('a9a', { environment: process.env });
    const model = createModel(job.model, dataset.description);
    const plan = batchPlan({ samples: SAMPLES, batchSize: BATCH_SIZE });
    const reader = new BatchReader({ split: dataset.train, plan, seed: job.seed, order: 'shuffled' });
    const steps = new StepCache(backend, model);
    const features = dataset.description.inputShape.reduce((a, b) => a * b, 1);
    const inputs = new Float32Array(BATCH_SIZE * features);
    const labels = new Int32Array(BATCH_SIZE);
    let clipped = 0;
    const expected = trainSequentially(model.initialize(job.seed), plan.batchesPerEpoch, SETTINGS, (batch, x) => {
      const count = reader.read(batch, inputs, labels);
      const shape = [count, ...dataset.description.inputShape];
      const gradient = new Float32Array(x.length);
      steps.for(shape).gradient(x, inputs.subarray(0, count * features), labels.subarray(0, count), gradient);
      if (clipByGlobalNorm(gradient, GLOBAL_NORM) > GLOBAL_NORM) clipped += 1;
      return gradient;
    });
    steps.dispose();
    expect(clipped, 'some steps are clipped by their global norm').toBeGreaterThan(0);
    expect(firstDifference(await cluster.weights(job, expected.length), expected), `on ${backend.why}`).toBeUndefined();
    expect(firstDifference((await cluster.lastCheckpoint(job, expected.length)).flat, expected)).toBeUndefined();
    expect(status.updates).toBe(plan.batchesPerEpoch);
  });
});
