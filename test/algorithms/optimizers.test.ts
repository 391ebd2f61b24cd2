import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Optimizer } from '../../src/algorithms/optimizers/optimizer.ts';
import type { OptimizerConfig } from '../../src/algorithms/optimizers/registry.ts';
import { createOptimizer, optimizerNames } from '../../src/algorithms/optimizers/registry.ts';
import { Random } from '../../src/random.ts';
import { plainKernels } from '../../src/tensor/plain-kernels.ts';
import { createShardMap } from '../../src/tensor/shard-map.ts';
import type { ScalarSettings } from './scalar-optimizers.ts';
import { scalarOptimizers } from './scalar-optimizers.ts';

interface Goldens {
  torch: string;
  initial: number[];
  gradients: number[][];
  cases: { config: OptimizerConfig; rate: number; weights: number[][] }[];
}

const goldens = JSON.parse(readFileSync(new URL('pytorch-goldens.json', import.meta.url), 'utf8')) as Goldens;

function startRun(optimizer: Optimizer, x: Float32Array) {
  return { x, state: Object.fromEntries(optimizer.stateVectors.map((name) => [name, new Float32Array(x.length)])) };
}

/** The weights after each step. */
function train(optimizer: Optimizer, initial: Float32Array, gradients: readonly Float32Array[], rates: readonly number[]): Float32Array[] {
  const run = startRun(optimizer, initial.slice());
  return gradients.map((gradient, index) => {
    optimizer.step(plainKernels, run, gradient.slice(), { rate: rates[index]!, step: index + 1 });
    return run.x.slice();
  });
}

function normals(count: number, scale: number, iteration: number): Float32Array {
  const random = new Random({ seed: 7, stream: 'fault', iteration });
  return Float32Array.from({ length: count }, () => scale * random.normal());
}

const variants: OptimizerConfig[] = optimizerNames.flatMap((name) => [
  { name },
  { name, weightDecay: 0.05, ...(name === 'adamw' ? {} : { weightDecayMode: 'coupled' as const }) },
  { name, weightDecay: 0.05, weightDecayMode: 'decoupled' as const },
]);

function titled<T extends { config: OptimizerConfig }>(cases: readonly T[]): [string, T][] {
  return cases.map((one) => [JSON.stringify(one.config), one]);
}

describe('against PyTorch', () => {
  test.each(titled(goldens.cases))('%s follows PyTorch for 20 steps within 1e-6', (_title, { config, rate, weights }) => {
    const gradients = goldens.gradients.map((gradient) => Float32Array.from(gradient));
    const ours = train(
      createOptimizer(config),
      Float32Array.from(goldens.initial),
      gradients,
      gradients.map(() => rate),
    );
    expect(ours.length).toBe(20);
    let worst = 0;
    goldens.initial.forEach((first, i) => {
      // A weight on its way through zero keeps the rounding of where it has been: relative to the largest so far.
      let largest = Math.abs(first);
      ours.forEach((x, step) => {
        const theirs = weights[step]![i]!;
        largest = Math.max(largest, Math.abs(theirs));
        worst = Math.max(worst, Math.abs(x[i]! - theirs) / largest);
      });
    });
    expect(worst).toBeLessThan(1e-6);
    expect(ours.at(-1)).not.toEqual(Float32Array.from(goldens.initial));
  });

  test('there is a golden history for every optimizer, alone and with each weight decay that it has', () => {
    const covered = new Set(
      goldens.cases.map(({ config }) => `${config.name} ${config.weightDecay ? (config.weightDecayMode ?? 'default') : ''}`),
    );
    for (const name of optimizerNames) {
      expect(covered).toContain(`${name} `);
      expect(covered).toContain(`${name} default`);
      if (name !== 'adamw') expect(covered).toContain(`${name} decoupled`);
    }
  });
});

describe('exact check 1: every optimizer equals its sequential form bit for bit', () => {
  const gradients = Array.from({ length: 40 }, (_, step) => normals(37, 10 ** ((step % 5) - 3), step));
  const initial = normals(37, 1, 1_000);
  const rates = gradients.map((_, step) => 0.05 / (1 + step));

  test.each(titled(variants.map((config) => ({ config }))))('%s, weight by weight', (_title, { config }) => {
    const ours = train(
      createOptimizer(config),
      initial,
      gradients,
      gradients.map(() => 0.05),
    );
    const decoupled = config.weightDecayMode === 'decoupled' || config.name === 'adamw';
    const amount = config.weightDecay ?? (config.name === 'adamw' ? 0.01 : 0);
    const settings: ScalarSettings = decoupled ? { decoupled: amount } : { coupled: amount };
    initial.forEach((first, i) => {
      const scalar = scalarOptimizers[config.name]!(settings);
      const expected = scalar(
        first,
        gradients.map((gradient) => gradient[i]!),
        0.05,
        settings,
      );
      expect(ours.map((x) => x[i]!)).toEqual(expected);
    });
  });

  test.each(titled(variants.map((config) => ({ config }))))('%s, at 1, 2, 3 and 5 shards', (_title, { config }) => {
    const elements = 100;
    const long = Array.from({ length: 12 }, (_, step) => normals(elements, 1, step));
    const whole = train(createOptimizer(config), normals(elements, 1, 2_000), long, rates);
    for (const count of [2, 3, 5]) {
      for (const [run] of createShardMap(elements, count).shards) {
        const end = run!.start + run!.length;
        const initialPart = normals(elements, 1, 2_000).subarray(run!.start, end);
        const part = train(
          createOptimizer(config),
          initialPart,
          long.map((gradient) => gradient.subarray(run!.start, end)),
          rates,
        );
        part.forEach((x, step) => expect(x).toEqual(whole[step]!.subarray(run!.start, end)));
      }
    }
  });
});

describe('equalities between optimizers', () => {
  const gradients = Array.from({ length: 15 }, (_, step) => normals(20, 1, step));
  const initial = normals(20, 1, 3_000);
  const rates = gradients.map(() => 0.02);
  const after = (config: OptimizerConfig) => train(createOptimizer(config), initial, gradients, rates).at(-1);

  test('momentum 0 is sgd', () => {
    expect(after({ name: 'momentum', momentum: 0 })).toEqual(after({ name: 'sgd' }));
  });

  test('adamw is adam with decoupled decay, and adam without decay is adamw without', () => {
    expect(after({ name: 'adamw', weightDecay: 0.2 })).toEqual(after({ name: 'adam', weightDecay: 0.2, weightDecayMode: 'decoupled' }));
    expect(after({ name: 'adamw', weightDecay: 0 })).toEqual(after({ name: 'adam' }));
  });

  test('adam resumes in the middle from weights, state and step count', () => {
    const optimizer = createOptimizer({ name: 'adam' });
    const run = startRun(optimizer, initial.slice());
    gradients.slice(0, 7).forEach((g, i) => optimizer.step(plainKernels, run, g.slice(), { rate: 0.02, step: i + 1 }));
    const state = Object.fromEntries(Object.entries(run.state).map(([name, vector]) => [name, vector.slice()]));
    const resumed = { x: run.x.slice(), state };
    const again = createOptimizer({ name: 'adam' });
    gradients.slice(7).forEach((g, i) => again.step(plainKernels, resumed, g.slice(), { rate: 0.02, step: i + 8 }));
    expect(resumed.x).toEqual(after({ name: 'adam' }));
  });

  test('a step whose state vector is missing stops at once', () => {
    const optimizer = createOptimizer({ name: 'adagrad' });
    expect(() => optimizer.step(plainKernels, { x: new Float32Array(1), state: {} }, new Float32Array(1), { rate: 1, step: 1 })).toThrow(
      /no state vector 'squares'/,
    );
  });
});

describe('createOptimizer', () => {
  test.each<[OptimizerConfig, RegExp]>([
    [{ name: 'adamx' }, /no optimizer 'adamx'.*Did you mean 'adam'/],
    [{ name: 'sgd', momentum: 0.9 }, /'sgd' does not use the option momentum .*uses: weightDecay, weightDecayMode/],
    [{ name: 'adam', decay: 0.9 }, /does not use the option decay/],
    [{ name: 'rmsprop', beta2: 0.9 }, /does not use the option beta2/],
    [{ name: 'momentum', epsilon: 1e-8 }, /does not use the option epsilon/],
    [{ name: 'sgd', learningRate: 0.1 } as OptimizerConfig, /does not use the option learningRate/],
    [{ name: 'momentum', momentum: 1 }, /momentum = 1\. It must be at least 0 and.* below 1/],
    [{ name: 'momentum', momentum: -0.1 }, /momentum = -0.1/],
    [{ name: 'adam', beta2: 0.999999999 }, /rounded to float32, below 1/],
    [{ name: 'adam', beta1: Number.NaN }, /beta1 = NaN/],
    [{ name: 'nesterov', momentum: 0 }, /nothing to look ahead with: use 'sgd'/],
    [{ name: 'adagrad', epsilon: 0 }, /epsilon = 0/],
    [{ name: 'adam', epsilon: 1e-50 }, /epsilon = 1e-50.*float32/],
    [{ name: 'sgd', weightDecay: -1 }, /weightDecay = -1/],
    [{ name: 'sgd', weightDecay: Infinity }, /weightDecay = Infinity/],
    [{ name: 'sgd', weightDecayMode: 'decoupled' }, /does nothing without weightDecay/],
    [{ name: 'sgd', weightDecay: 1, weightDecayMode: 'both' as 'coupled' }, /weightDecayMode = both\. It is one of coupled, decoupled/],
    [{ name: 'adamw', weightDecayMode: 'coupled' }, /for coupled decay use 'adam'/],
  ])('refuses %o', (config, message) => {
    expect(() => createOptimizer(config)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    );
  });

  test('names what it made, and says which state it needs', () => {
    const state = Object.fromEntries(
      optimizerNames.map((name) => [createOptimizer({ name }).name, createOptimizer({ name }).stateVectors]),
    );
    expect(state).toEqual({
      sgd: [],
      momentum: ['velocity'],
      nesterov: ['velocity'],
      adagrad: ['squares'],
      rmsprop: ['meanSquare'],
      adam: ['mean', 'meanSquare'],
      adamw: ['mean', 'meanSquare'],
    });
  });
});
