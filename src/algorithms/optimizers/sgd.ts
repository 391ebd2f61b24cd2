/**
 * Plain stochastic gradient descent: a step against the gradient, and no memory of the steps before.
 *
 *   x -= rate * g
 *
 * Having no state, it is what a parameter server applies most cheaply, and the base that every asynchronous method is
 * compared with. Source: Robbins and Monro 1951.
 * Sequential form: torch.optim.SGD(momentum=0); coupled decay uses g + weightDecay * x for g.
 */
import type { OptimizerChoice } from './options.ts';
import { readWeightDecay, shrink } from './options.ts';

export const sgd: OptimizerChoice = {
  name: 'sgd',
  options: ['weightDecay', 'weightDecayMode'],
  create(config) {
    const weightDecay = readWeightDecay(config, { amount: 0, mode: 'coupled' });
    return {
      name: 'sgd',
      stateVectors: [],
      step(kernels, run, g, at) {
        shrink(kernels, run.x, at.rate, weightDecay);
        kernels.sgd(run.x, g, { rate: at.rate, weightDecay: weightDecay.coupled });
      },
    };
  },
};
