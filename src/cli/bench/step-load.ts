/** One training step of a model on one backend, eager and captured, in a process of its own. */
import { performance } from 'node:perf_hooks';
import { loadBackend, type BackendName } from '../../compute/backends.ts';
import { captureStep } from '../../compute/captured-step.ts';
import { createGradientStep, type GradientStep } from '../../compute/gradient-step.ts';
import { describeDataset } from '../../datasets/registry.ts';
import { createModel, type ModelConfig } from '../../models/registry.ts';
import { Random } from '../../random.ts';

export interface StepLoadOptions {
  readonly backend: BackendName;
  readonly threads: number;
  readonly model: ModelConfig;
  readonly batchSize: number;
  /** Steps of each kind, in turns. */
  readonly steps: number;
  /** Before those that count (default 3). */
  readonly warmupSteps?: number;
}

export interface StepLoadResult {
  readonly backend: string;
  /** Milliseconds of each step. */
  readonly eager: readonly number[];
  readonly captured: readonly number[];
  readonly why: string;
}

const WARMUP_STEPS = 3;

export async function runStepLoad(options: StepLoadOptions): Promise<StepLoadResult> {
  const backend = await loadBackend({ prefer: options.backend, threads: options.threads });
  if (backend.name !== options.backend) return { backend: backend.name, eager: [], captured: [], why: backend.why };
  const dataset = describeDataset('mnist');
  const model = createModel(options.model, dataset);
  const support = backend.supports(model);
  if (!support.ok) return { backend: backend.name, eager: [], captured: [], why: support.why };
  const shape = [options.batchSize, ...dataset.inputShape];
  const random = new Random({ seed: 1, stream: 'data' });
  const weights = model.initialize(1);
  const inputs = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.uniform());
  const labels = Int32Array.from({ length: options.batchSize }, () => random.integer(dataset.classes));
  const out = new Float32Array(model.layout.elements);
  const time = (step: GradientStep): number => {
    const start = performance.now();
    step.gradient(weights, inputs, labels, out);
    return performance.now() - start;
  };
  const eagerStep = createGradientStep(backend, model, shape);
  const capture = captureStep(backend, model, shape);
  const eager: number[] = [];
  const captured: number[] = [];
  for (let step = -(options.warmupSteps ?? WARMUP_STEPS); step < options.steps; step += 1) {
    const eagerMs = time(eagerStep);
    const capturedMs = capture.captured ? time(capture.step) : NaN;
    if (step < 0) continue;
    eager.push(eagerMs);
    if (capture.captured) captured.push(capturedMs);
  }
  return { backend: backend.name, eager, captured, why: capture.captured ? '' : capture.why };
}
