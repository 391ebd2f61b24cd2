import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { backendNames, lackOf, loadBackend, requireActive, tensorFlowEnvironment } from '../../src/compute/backends.ts';
import type { DatasetDescription } from '../../src/datasets/dataset.ts';
import { createModel } from '../../src/models/registry.ts';
import { buildSources } from './built-sources.ts';

const mnist: DatasetDescription = { name: 'mnist', inputShape: [28, 28, 1], classes: 10, trainSamples: 60000, testSamples: 10000 };

afterEach(async () => {
  await loadBackend({ prefer: 'cpu' });
});

describe('loadBackend', () => {
  test('takes the one asked for and says so', async () => {
    const backend = await loadBackend({ prefer: 'wasm' });
    expect(backend).toMatchObject({ name: 'wasm', device: 'cpu' });
    expect(backend.why).toMatch(/^wasm: WebAssembly with SIMD, as asked for$/);
    expect(backend.tf.getBackend()).toBe('wasm');
  });

  test('without a wish takes the first that loads, and says why no better one', async () => {
    const backend = await loadBackend();
    const better = backendNames.slice(0, backendNames.indexOf(backend.name));
    expect(backend.why.startsWith(`${backend.name}: `)).toBe(true);
    for (const name of better) expect(backend.why).toContain(`; not ${name}: `);
    expect(backend.why).not.toContain('\n');
  });

  test('refuses a job that requires a GPU where the backend computes on the CPU', async () => {
    const backend = await loadBackend({ prefer: 'cpu' });
    const lack = lackOf('gpu', backend);
    expect(lack).toMatchObject({ code: 'FAILED_PRECONDITION', retryable: false, facts: { required: 'gpu', device: 'cpu' } });
    expect(lack?.message).toMatch(/requires a GPU.*cpu: plain JavaScript.*doctor.*remove require: gpu/);
    expect(lackOf('none', backend)).toBeUndefined();
    expect(lackOf('gpu', { device: 'gpu', why: 'tensorflow: native TensorFlow on the GPU' })).toBeUndefined();
  });

  test('wasm says that it cannot train the cnn; the mlp it can; cpu can both', async () => {
    const cnn = createModel({ name: 'cnn' }, mnist);
    const mlp = createModel({ name: 'mlp' }, mnist);
    const wasm = await loadBackend({ prefer: 'wasm' });
    expect(wasm.supports(cnn)).toEqual({ ok: false, why: 'the backend wasm has no Conv2DBackpropFilter, which training cnn needs' });
    expect(wasm.supports(mlp)).toEqual({ ok: true });
    const cpu = await loadBackend({ prefer: 'cpu' });
    expect(cpu.supports(cnn)).toEqual({ ok: true });
  });

  test('a backend that is no longer the active one is refused', async () => {
    const wasm = await loadBackend({ prefer: 'wasm' });
    await loadBackend({ prefer: 'cpu' });
    expect(() => requireActive(wasm)).toThrow(/active backend is cpu.*made for wasm/);
  });

  test('leaves stdout empty and puts no error handlers on the process', { timeout: 20_000 }, async () => {
    const sources = buildSources();
    const script = `
      import { loadBackend } from '${sources.url('compute/backends.js')}';
      for (const prefer of ['tensorflow', 'wasm', 'cpu']) {
        const { tf } = await loadBackend({ prefer });
        tf.tidy(() => tf.sum(tf.ones([2, 2])).dataSync());
      }
      console.error('handlers', process.listenerCount('uncaughtException'), process.listenerCount('unhandledRejection'));`;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^handlers 0 0$/m);
    expect(stderr).not.toMatch(/looks like you are running/);
  });
});

describe('tensorFlowEnvironment', () => {
  test('quietens TensorFlow, shares GPU memory, and limits threads when told', () => {
    const shared = { TF_CPP_MIN_LOG_LEVEL: '2', TF_FORCE_GPU_ALLOW_GROWTH: 'true' };
    expect(tensorFlowEnvironment()).toEqual(shared);
    expect(tensorFlowEnvironment(2)).toEqual({ ...shared, TF_NUM_INTRAOP_THREADS: '2', TF_NUM_INTEROP_THREADS: '2' });
  });
});
