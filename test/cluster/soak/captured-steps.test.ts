/** Native TensorFlow over as many steps as a long training takes. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tensorFlowEnvironment } from '../../../src/compute/native-tensorflow.ts';

const STEPS = 100_000;
const HIDDEN_UNITS = 32;
const LIMIT_MS = 170_000;
/** A leak of 280 bytes a step, the smallest tensor and its record, is as much over the steps that are compared. */
const GROWTH_BYTES = 16 * 2 ** 20;

interface Line {
  readonly step: number;
  readonly residentBytes: number;
  readonly tensors: number;
}

it(`leaves memory flat over ${STEPS} captured steps`, ({ skip }) => {
  const output = execFileSync(
    process.execPath,
    ['--expose-gc', join(import.meta.dirname, 'captured-steps.mjs'), String(STEPS), String(HIDDEN_UNITS)],
    { encoding: 'utf8', env: { ...process.env, ...tensorFlowEnvironment(1) }, timeout: LIMIT_MS, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line & { skipped?: string });
  const skipped = lines[0]?.skipped;
  if (skipped !== undefined) return skip(`no native TensorFlow: ${skipped}`);
  expect(lines.map(({ step }) => step)).toEqual(Array.from({ length: 10 }, (_, index) => ((index + 1) * STEPS) / 10));
  // Until then the allocator and the compilers settle.
  const [, , , settled, ...later] = lines;
  const last = later.at(-1)!;
  const resident = later.map(({ residentBytes }) => `${Math.round(residentBytes / 2 ** 20)} MiB`).join(', ');
  expect(last.residentBytes - settled!.residentBytes, `resident set: ${resident}`).toBeLessThan(GROWTH_BYTES);
  expect(last.tensors).toBe(settled!.tensors);
});
