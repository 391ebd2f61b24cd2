/**
 * Accumulate: the gradients of k batches at the same weights go into one push, as the mean over all their samples.
 *
 *   push = sum_i n_i g_i / sum_i n_i        with n_i samples in batch i and g_i its mean gradient
 *
 * So a push of k batches is the push of one batch k times as large: fewer exchanges, larger steps, less memory than the
 * large batch would take. With k = 1 it is the plain gradient, untouched. Common practice; no single source.
 */
import { assert } from '../../errors.ts';
import type { LocalRule } from './local-rule.ts';

export function accumulate(k: number): LocalRule {
  assert(Number.isSafeInteger(k) && k >= 1, `accumulate is a whole number of at least 1, not ${k}`);
  let scratch = new Float32Array(0);
  return {
    name: 'accumulate',
    kind: 'gradient',
    batches: k,
    run(kernels, batches, gradient, weights, out) {
      if (batches === 1) return gradient(0, weights, out);
      if (scratch.length !== out.length) scratch = new Float32Array(out.length);
      out.fill(0);
      let samples = 0;
      let lossSum = 0;
      for (let index = 0; index < batches; index += 1) {
        const result = gradient(index, weights, scratch);
        kernels.add(out, scratch, result.samples);
        samples += result.samples;
        lossSum += result.loss * result.samples;
      }
      kernels.scale(out, 1 / samples);
      return { loss: lossSum / samples, samples };
    },
  };
}
