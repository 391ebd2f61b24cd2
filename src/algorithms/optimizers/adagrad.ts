/**
 * Adagrad: each element has a rate of its own, which falls with the squared gradients that the element has seen.
 *
 *   s += g^2
 *   x -= rate * g / (sqrt(s) + epsilon)
 *
 * Rare features keep large steps. It is also the server optimizer of Downpour SGD (Dean et al. 2012, section 4.1), where its
 * shrinking steps were found to tame stale gradients.
 * Source: Duchi, Hazan and Singer 2011, in PyTorch's form (epsilon outside the root, no decay of the rate).
 * Sequential form: torch.optim.Adagrad(lr_decay=0, initial_accumulator_value=0).
 */
import type { OptimizerChoice } from './options.ts';
import { positiveEpsilon, readWeightDecay, shrink } from './options.ts';
import { stateVector } from './optimizer.ts';

export const adagrad: OptimizerChoice = {
  name: 'adagrad',
  options: ['epsilon', 'weightDecay', 'weightDecayMode'],
  create(config) {
    const epsilon = positiveEpsilon(config, 1e-10);
    const weightDecay = readWeightDecay(config, { amount: 0, mode: 'coupled' });
    return {
      name: 'adagrad',
      stateVectors: ['squares'],
      step(kernels, run, g, at) {
        shrink(kernels, run.x, at.rate, weightDecay);
        kernels.adagrad(run.x, g, stateVector(run, 'squares'), { rate: at.rate, epsilon, weightDecay: weightDecay.coupled });
      },
    };
  },
};
