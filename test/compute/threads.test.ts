/**
 * TensorFlow in worker_threads of real processes, as the worker role runs it. The process is a child of the test:
 * TensorFlow reads a process's environment only once.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { tensorFlowEnvironment } from '../../src/compute/backends.ts';
import type { BuiltSources } from './built-sources.ts';
import { buildSources } from './built-sources.ts';
import { backendOrReason } from './small-models.ts';

interface ThreadReport {
  readonly name: string;
  readonly why: string;
  readonly loss: number;
  readonly gradientNorm: number;
}

const native = await backendOrReason('tensorflow');
const missing = 'reason' in native ? native.reason : undefined;
const timeoutMs = 30_000;

/** One gradient step in a worker_thread, reported; CommonJS, as a thread from a string is. */
function threadSource(sources: BuiltSources): string {
  return `
    const { parentPort, workerData } = require('node:worker_threads');
    (async () => {
      const { loadBackend } = await import('${sources.url('compute/backends.js')}');
      const { createGradientStep } = await import('${sources.url('compute/gradient-step.js')}');
      const { globalNorm } = await import('${sources.url('compute/global-norm.js')}');
      const { createModel } = await import('${sources.url('models/registry.js')}');
      const backend = await loadBackend({ threads: 1 });
      const model = createModel({ name: 'mlp', hidden: [5] }, { name: 'rows', inputShape: [6], classes: 3, trainSamples: 9, testSamples: 9 });
      const out = new Float32Array(model.layout.elements);
      const step = createGradientStep(backend, model, [2, 6]);
      const { loss } = step.gradient(model.initialize(1), Float32Array.from({ length: 12 }, (_, i) => i / 12), Int32Array.of(0, 2), out);
      parentPort.postMessage({ name: backend.name, why: backend.why, loss, gradientNorm: globalNorm(out) });
      if (workerData.lives === 'until terminated') setInterval(() => {}, 1000);
    })();`;
}

/** Starts five threads in one process and prints their reports: three one after another, then two at once. */
function processSource(sources: BuiltSources): string {
  return `
    import { once } from 'node:events';
    import { Worker } from 'node:worker_threads';
    async function inThread(lives, env = process.env) {
      const worker = new Worker(${JSON.stringify(threadSource(sources))}, { eval: true, execArgv: [], env, workerData: { lives } });
      const exited = once(worker, 'exit');
      const [report] = await once(worker, 'message');
      if (lives === 'until terminated') await worker.terminate();
      await exited;
      return report;
    }
    const reports = [await inThread('to its end'), await inThread('until terminated')];
    reports.push(await inThread('to its end', { ...process.env, TF_NUM_INTRAOP_THREADS: '' }));
    reports.push(...(await Promise.all([inThread('to its end'), inThread('to its end')])));
    console.log(JSON.stringify(reports));`;
}

describe('native TensorFlow in worker_threads', () => {
  test(
    'threads one after another and two at once compute the same, also after one was terminated',
    { timeout: timeoutMs },
    async (context) => {
      context.skip(missing !== undefined, missing);
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', processSource(buildSources())], {
        env: { ...process.env, ...tensorFlowEnvironment(1) },
        timeout: timeoutMs,
      });
      const reports = JSON.parse(stdout) as ThreadReport[];
      expect(reports).toHaveLength(5);
      const { why, ...first } = reports[0]!;
      expect(why).toMatch(/^tensorflow: native TensorFlow on the (CPU|GPU), 1 thread$/);
      expect(first.gradientNorm).toBeGreaterThan(0);
      for (const report of reports) expect(report).toMatchObject(first);
      // The third thread could not see the limit in its environment: a limit set inside a thread would never reach TensorFlow.
      expect(reports[2]!.why).toMatch(/thread count was not in the environment/);
    },
  );
});
