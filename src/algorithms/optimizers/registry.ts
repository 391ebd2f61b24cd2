/** All optimizers by name. To add one: write its file, put it in this list. */
import { closest } from 'fastest-levenshtein';
import { TardigradError } from '../../errors.ts';
import { adagrad } from './adagrad.ts';
import { adam } from './adam.ts';
import { adamw } from './adamw.ts';
import { momentum } from './momentum.ts';
import { nesterov } from './nesterov.ts';
import type { Optimizer } from './optimizer.ts';
import type { OptimizerChoice, OptimizerConfig } from './options.ts';
import { rmsprop } from './rmsprop.ts';
import { sgd } from './sgd.ts';

export type { OptimizerConfig } from './options.ts';

const choices: readonly OptimizerChoice[] = [sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw];

export const optimizerNames: readonly string[] = choices.map((choice) => choice.name);

/**
 * The optimizer that the configuration names, with PyTorch's defaults. Optimizers are pure: their state lives in the run.
 * @throws INVALID_ARGUMENT for an unknown name, an option that the optimizer does not use, or a value out of range.
 */
export function createOptimizer(config: OptimizerConfig): Optimizer {
  const choice = choices.find(({ name }) => name === config.name);
  if (choice === undefined) {
    throw new TardigradError('INVALID_ARGUMENT', `There is no optimizer '${config.name}'.`, {
      facts: { optimizer: config.name },
      next: `Did you mean '${closest(config.name, [...optimizerNames])}'? There are: ${optimizerNames.join(', ')}.`,
    });
  }
  for (const [option, value] of Object.entries(config)) {
    if (option === 'name' || value === undefined || choice.options.some((known) => known === option)) continue;
    throw new TardigradError(
      'INVALID_ARGUMENT',
      `Optimizer '${choice.name}' does not use the option ${option} (given: ${String(value)}).`,
      {
        facts: { optimizer: choice.name, option },
        next: `Leave it out; ${choice.name} uses: ${choice.options.join(', ')}.`,
      },
    );
  }
  return choice.create(config);
}
