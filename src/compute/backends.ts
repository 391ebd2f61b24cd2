/**
 * Which engine computes. Three of tfjs's backends run the same model code: `tensorflow` (native, on a GPU when there is
 * one), `wasm` (SIMD; dense models only) and `cpu` (plain JavaScript, slow, always there). The first that loads is
 * taken, and what was chosen and why is one line that every worker prints: a slow run must never be a riddle.
 *
 * tfjs has one active backend for each thread, so a Backend is good until another is loaded in the same thread.
 */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { assert, errorMessage, TardigradError } from '../errors.ts';
import type { Model, TensorFlow } from '../models/model.ts';
import { loadNativeTensorFlow, usesGpu } from './native-tensorflow.ts';

export { tensorFlowEnvironment } from './native-tensorflow.ts';

/** In order of preference. */
export const backendNames = ['tensorflow', 'wasm', 'cpu'] as const;
export type BackendName = (typeof backendNames)[number];

export type Support = { readonly ok: true } | { readonly ok: false; readonly why: string };

export interface Backend {
  readonly tf: TensorFlow;
  readonly name: BackendName;
  readonly device: 'cpu' | 'gpu';
  /** What was chosen and why, with why a better one failed: one line. */
  readonly why: string;
  /** Whether the backend has every kernel that training the model needs. */
  supports(model: Model): Support;
}

export interface BackendOptions {
  /** Begin at this one; those after it in the order remain the fall-back. */
  readonly prefer?: BackendName | undefined;
  /** Cores for one operation of `tensorflow`. Default: all of them. */
  readonly threads?: number | undefined;
}

type Attempt = { readonly ok: true; readonly device: 'cpu' | 'gpu'; readonly what: string } | { readonly ok: false; readonly why: string };

const require = createRequire(import.meta.url);
const notInitialized: Attempt = { ok: false, why: 'tfjs could not initialize it' };

/** @throws TardigradError FAILED_PRECONDITION where none loads. */
export async function loadBackend(options: BackendOptions = {}): Promise<Backend> {
  const failures: string[] = [];
  for (const name of backendNames.slice(backendNames.indexOf(options.prefer ?? 'tensorflow'))) {
    const attempt = await attemptBackend(name, options);
    if (!attempt.ok) {
      failures.push(`${name}: ${attempt.why}`);
      continue;
    }
    const asked = options.prefer === name ? ', as asked for' : '';
    const why = [`${name}: ${attempt.what}${asked}`, ...failures.map((failure) => `not ${failure}`)].join('; ');
    return createBackend(name, attempt.device, why);
  }
  throw new TardigradError('FAILED_PRECONDITION', `No backend computes here (${failures.join('; ')}).`, {
    next: 'Install the dependencies again with npm ci.',
  });
}

/**
 * Whether what computes here is what a job requires.
 * @param backend what was chosen and why, as loadBackend said it
 * @returns FAILED_PRECONDITION where it is not
 */
export function lackOf(required: 'none' | 'gpu', { device, why }: { device: string; why: string }): TardigradError | undefined {
  if (required !== 'gpu' || device === 'gpu') return undefined;
  return new TardigradError('FAILED_PRECONDITION', `The job requires a GPU, and what computes here is no GPU (${why}).`, {
    facts: { required, device },
    next: 'tardigrad doctor says what is missing; or run the worker where there is an NVIDIA GPU, or remove require: gpu from the job.',
  });
}

/** Stops where another backend was activated in this thread after `backend` was loaded. */
export function requireActive(backend: Backend): void {
  const active = backend.tf.getBackend();
  assert(active === backend.name, `the active backend is ${active}, this step was made for ${backend.name}`);
}

async function attemptBackend(name: BackendName, options: BackendOptions): Promise<Attempt> {
  try {
    const tf = require('@tensorflow/tfjs') as TensorFlow;
    tf.enableProdMode(); // else tfjs greets on the console and advises another package
    if (name === 'tensorflow') return await attemptTensorFlow(tf, options.threads);
    if (name === 'wasm') return await attemptWasm(tf);
    return await attemptPlain(tf);
  } catch (error) {
    return { ok: false, why: errorMessage(error).split('\n', 1)[0]! };
  }
}

async function attemptTensorFlow(tf: TensorFlow, threads: number | undefined): Promise<Attempt> {
  const load = loadNativeTensorFlow(threads);
  if (!load.ok) return load;
  if (!(await tf.setBackend('tensorflow'))) return notInitialized;
  const device = usesGpu(tf.backend()) ? 'gpu' : 'cpu';
  const limit = threads === undefined || load.note !== undefined ? '' : `, ${threads === 1 ? '1 thread' : `${threads} threads`}`;
  const note = load.note === undefined ? '' : ` (${load.note})`;
  return { ok: true, device, what: `native TensorFlow on the ${device === 'gpu' ? 'GPU' : 'CPU'}${limit}${note}` };
}

async function attemptWasm(tf: TensorFlow): Promise<Attempt> {
  const wasm = require('@tensorflow/tfjs-backend-wasm') as typeof import('@tensorflow/tfjs-backend-wasm');
  if (tf.getBackend() !== 'wasm') wasm.setWasmPaths(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + sep);
  if (!(await withoutNewProcessListeners(() => tf.setBackend('wasm')))) return notInitialized;
  const simd = (await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')) === true;
  return { ok: true, device: 'cpu', what: `WebAssembly ${simd ? 'with SIMD' : 'without SIMD'}` };
}

async function attemptPlain(tf: TensorFlow): Promise<Attempt> {
  if (!(await tf.setBackend('cpu'))) return notInitialized;
  return { ok: true, device: 'cpu', what: 'plain JavaScript, slow' };
}

/**
 * The WebAssembly loader puts handlers on the process that rethrow every unhandled error as its own; they would take
 * over how the worker's process ends, so they are removed again.
 */
async function withoutNewProcessListeners<T>(load: () => Promise<T>): Promise<T> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => new Set<unknown>(process.listeners(event as 'uncaughtException')));
  const result = await load();
  for (const [index, event] of events.entries()) {
    for (const listener of process.listeners(event as 'uncaughtException')) {
      if (!before[index]!.has(listener)) process.off(event, listener as () => void);
    }
  }
  return result;
}

function createBackend(name: BackendName, device: 'cpu' | 'gpu', why: string): Backend {
  const tf = require('@tensorflow/tfjs') as TensorFlow;
  return {
    tf,
    name,
    device,
    why,
    supports(model) {
      const lacking = model.needs.filter((kernel) => tf.getKernel(kernel, name) === undefined);
      if (lacking.length === 0) return { ok: true };
      return { ok: false, why: `the backend ${name} has no ${lacking.join(', ')}, which training ${model.name} needs` };
    },
  };
}
