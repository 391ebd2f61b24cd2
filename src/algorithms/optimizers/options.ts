/**
 * What a job may say about its optimizer, and the checks that every choice shares.
 *
 * Names, forms and defaults are PyTorch's. An option that the named optimizer does not read is refused rather than ignored:
 * a number that silently does nothing is worse than an error.
 */
import { TardigradError } from '../../errors.ts';
import type { Kernels } from '../../tensor/kernels.ts';
import type { Optimizer } from './optimizer.ts';

const weightDecayModes = ['coupled', 'decoupled'] as const;
export type WeightDecayMode = (typeof weightDecayModes)[number];

export interface OptimizerConfig {
  readonly name: string;
  /** Share of the velocity kept at each step, in [0, 1); default 0.9 (momentum, nesterov). */
  readonly momentum?: number;
  /** Share of the mean gradient kept at each step, in [0, 1); default 0.9 (adam, adamw). */
  readonly beta1?: number;
  /** Share of the mean squared gradient kept at each step, in [0, 1); default 0.999 (adam, adamw). */
  readonly beta2?: number;
  /** Added to the root in the denominator, above 0; default 1e-8, adagrad 1e-10. */
  readonly epsilon?: number;
  /** Share of the mean squared gradient kept at each step, in [0, 1); default 0.99 (rmsprop; PyTorch's alpha). */
  readonly decay?: number;
  /** Pull of the weights towards zero, at least 0; default 0, adamw 0.01. */
  readonly weightDecay?: number;
  /**
   * 'coupled' adds weightDecay * x to the gradient, 'decoupled' first multiplies x by 1 - rate * weightDecay.
   * Default 'coupled'; adamw is always decoupled.
   */
  readonly weightDecayMode?: WeightDecayMode;
}

export type OptimizerOption = Exclude<keyof OptimizerConfig, 'name'>;

/** One choice in the registry. `create` sees only options that stand in `options`. */
export interface OptimizerChoice {
  readonly name: string;
  readonly options: readonly OptimizerOption[];
  create(config: OptimizerConfig): Optimizer;
}

/** Weight decay as an optimizer uses it: at most one of the two is above 0. */
export interface WeightDecay {
  /** Goes to the kernel, which adds it times x to the gradient. */
  readonly coupled: number;
  /** For `shrink`, before the kernel. */
  readonly decoupled: number;
}

/** A share of an average that is kept: in [0, 1), also after rounding to float32. */
export function share(config: OptimizerConfig, option: 'momentum' | 'beta1' | 'beta2' | 'decay', byDefault: number): number {
  const value = config[option] ?? byDefault;
  if (value >= 0 && Math.fround(value) < 1) return value;
  throw refused(config, option, value, 'It must be at least 0 and, rounded to float32, below 1.');
}

/** Above 0, also after rounding to float32: without it an element that never had a gradient would be 0 / 0. */
export function positiveEpsilon(config: OptimizerConfig, byDefault: number): number {
  const value = config.epsilon ?? byDefault;
  if (Math.fround(value) > 0 && Math.fround(value) < Infinity) return value;
  throw refused(config, 'epsilon', value, 'It must be above 0 and fit in a float32 (at least 1e-45).');
}

export function readWeightDecay(config: OptimizerConfig, byDefault: { amount: number; mode: WeightDecayMode }): WeightDecay {
  const amount = config.weightDecay ?? byDefault.amount;
  const mode = config.weightDecayMode ?? byDefault.mode;
  if (!(amount >= 0 && amount < Infinity)) throw refused(config, 'weightDecay', amount, 'It must be a number of at least 0.');
  if (!weightDecayModes.includes(mode)) throw refused(config, 'weightDecayMode', mode, `It is one of ${weightDecayModes.join(', ')}.`);
  if (config.weightDecayMode !== undefined && config.weightDecay === undefined && byDefault.amount === 0) {
    throw refused(config, 'weightDecayMode', mode, 'It does nothing without weightDecay: set weightDecay too, or leave it out.');
  }
  return mode === 'coupled' ? { coupled: amount, decoupled: 0 } : { coupled: 0, decoupled: amount };
}

/** Decoupled decay, in front of the step: x *= 1 - rate * weightDecay (Loshchilov and Hutter, arXiv 1711.05101). */
export function shrink(kernels: Kernels, x: Float32Array, rate: number, weightDecay: WeightDecay): void {
  if (weightDecay.decoupled > 0) kernels.scale(x, 1 - rate * weightDecay.decoupled);
}

/** The error for an option's value that the named optimizer does not take. */
export function refused(config: OptimizerConfig, option: OptimizerOption, value: unknown, next: string): TardigradError {
  return new TardigradError('INVALID_ARGUMENT', `Optimizer '${config.name}' was given ${option} = ${String(value)}.`, {
    facts: { optimizer: config.name, option, value: String(value) },
    next,
  });
}
