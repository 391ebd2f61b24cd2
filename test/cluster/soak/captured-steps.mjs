// Runs captured steps, and says as JSON lines how much memory the process has after each tenth of them.
// Arguments: how many steps, hidden units.
import { loadBackend } from '../../../dist/compute/backends.js';
import { captureStep } from '../../../dist/compute/captured-step.js';
import { describeDataset } from '../../../dist/datasets/registry.js';
import { createModel } from '../../../dist/models/registry.js';

const BATCH = 16;
const [steps, hidden] = process.argv.slice(2).map(Number);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const backend = await loadBackend({ prefer: 'tensorflow', threads: 1 });
if (backend.name !== 'tensorflow') {
  say({ skipped: backend.why });
  process.exit(0);
}
const dataset = describeDataset('digits');
const model = createModel({ name: 'mlp', hidden: [hidden] }, dataset);
const capture = captureStep(backend, model, [BATCH, ...dataset.inputShape]);
if (!capture.captured) throw new Error(capture.why);
const features = dataset.inputShape.reduce((a, b) => a * b, 1);
const weights = new Float32Array(new SharedArrayBuffer(model.layout.elements * 4));
const gradient = new Float32Array(new SharedArrayBuffer(model.layout.elements * 4));
weights.set(model.initialize(1));
const inputs = new Float32Array(BATCH * features);
const labels = new Int32Array(BATCH);
for (let step = 1; step <= steps; step += 1) {
  for (let i = 0; i < inputs.length; i += 1) inputs[i] = ((i * 7 + step) % 17) / 17;
  for (let i = 0; i < BATCH; i += 1) labels[i] = (step + i) % dataset.classes;
  const { loss } = capture.step.gradient(weights, inputs, labels, gradient);
  if (!Number.isFinite(loss)) throw new Error(`step ${step} has loss ${loss}`);
  for (let i = 0; i < weights.length; i += 1) weights[i] -= 0.01 * gradient[i];
  if (step % (steps / 10) === 0) {
    globalThis.gc();
    say({ step, residentBytes: process.memoryUsage.rss(), tensors: backend.tf.memory().numTensors, loss });
  }
}
