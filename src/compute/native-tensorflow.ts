/**
 * Loading native TensorFlow (`@tensorflow/tfjs-node-gpu`) without surprises. TensorFlow's own library reads its
 * settings from the environment of the process, once, while it loads. That decides where they must be set:
 *
 * - In a process's main thread `process.env` is the process's environment: setting it just before loading is enough.
 * - In a worker_thread `process.env` is a copy that the native library never sees (unless the thread was started with
 *   `env: SHARE_ENV`). So whoever starts the process puts `tensorFlowEnvironment(threads)` into its environment.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import util from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { errorMessage } from '../errors.ts';

const require = createRequire(import.meta.url);
const packageName = '@tensorflow/tfjs-node-gpu';

/**
 * Variables for the environment of a process that will load TensorFlow, in its main thread or in a worker_thread.
 * @param threads cores one operation may use; without it TensorFlow takes all. Several workers on one machine share the
 *   cores by this; with 1, results have the same bits in every run.
 */
export function tensorFlowEnvironment(threads?: number): Record<string, string> {
  // With one thread, -1 runs a graph's operations in the thread that asks for it, and not in one that must first be woken.
  const between = threads === 1 ? -1 : threads;
  return {
    // Warnings and errors only; at 0 and 1 TensorFlow tells what it was compiled with.
    TF_CPP_MIN_LOG_LEVEL: '2',
    // Else one process takes a GPU's whole memory, and several workers cannot share it.
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    ...(threads === undefined ? {} : { TF_NUM_INTRAOP_THREADS: String(threads), TF_NUM_INTEROP_THREADS: String(between) }),
  };
}

/** Sets what is not set yet, so that a person's own TF_CPP_MIN_LOG_LEVEL holds. A thread count asked for goes first. */
function setEnvironment(threads: number | undefined): void {
  for (const [name, value] of Object.entries(tensorFlowEnvironment(threads))) {
    if (name.startsWith('TF_NUM_')) process.env[name] = value;
    else process.env[name] ??= value;
  }
}

/** True where a thread count can no longer be given to the library: see the head of this file. */
function threadsComeTooLate(threads: number | undefined): boolean {
  return !isMainThread && threads !== undefined && process.env['TF_NUM_INTRAOP_THREADS'] !== String(threads);
}

/** tfjs-node 4.22 calls util.isNullOrUndefined, which Node 22 warns of and Node 23 dropped. */
function replaceIsNullOrUndefined(): void {
  (util as { isNullOrUndefined?: (value: unknown) => boolean }).isNullOrUndefined = (value) => value === null || value === undefined;
}

export type NativeLoad = { readonly ok: true; readonly note?: string } | { readonly ok: false; readonly why: string };

/** Loads the native module and so registers and activates tfjs's backend `tensorflow`. */
export function loadNativeTensorFlow(threads: number | undefined): NativeLoad {
  const tooLate = threadsComeTooLate(threads);
  setEnvironment(threads);
  replaceIsNullOrUndefined();
  try {
    require(packageName);
  } catch (error) {
    return { ok: false, why: setUpReason() ?? loadReason(error) };
  }
  if (!tooLate) return { ok: true };
  return { ok: true, note: 'the thread count was not in the environment when this thread started, so TensorFlow may use every core' };
}

/** Whether operations run on a GPU; only after loadNativeTensorFlow. */
export function usesGpu(backend: unknown): boolean {
  return (backend as { isUsingGpuDevice?: boolean }).isUsingGpuDevice === true;
}

function loadReason(error: unknown): string {
  const message = errorMessage(error);
  if (message.includes('native addon module')) return 'its native part is not installed (npm run setup installs it)';
  return message.split('\n', 1)[0]!;
}

/** What set-up wrote about a native part that it could not install. */
function setUpReason(): string | undefined {
  try {
    const modules = dirname(dirname(dirname(require.resolve(`${packageName}/package.json`))));
    const record = JSON.parse(readFileSync(join(modules, '.tardigrad', 'native.json'), 'utf8')) as {
      installed?: unknown;
      reason?: unknown;
    };
    return record.installed !== true && typeof record.reason === 'string' ? record.reason.split('\n', 1)[0] : undefined;
  } catch {
    return undefined; // set-up has not run, or the package is not there: the loader's own words must do
  }
}
