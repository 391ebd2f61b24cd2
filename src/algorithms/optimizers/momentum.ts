/**
 * Heavy-ball momentum: a velocity gathers past gradients, so that steps which agree grow and steps which quarrel cancel.
 *
 *   v = momentum * v + g        (v = 0 at first, so the first velocity is the first gradient)
 *   x -= rate * v               (the rate stays outside the velocity: changing it does not rescale the past)
 *
 * Under asynchrony staleness acts like extra momentum; where lags are large a smaller momentum serves better.
 * Source: Polyak 1964, in PyTorch's form (Sutskever et al. 2013, section 2, but for the place of the rate).
 * Sequential form: torch.optim.SGD(momentum=momentum, dampening=0).
 */
import type { OptimizerChoice } from './options.ts';
import { readWeightDecay, share, shrink } from './options.ts';
import { stateVector } from './optimizer.ts';

export const momentum: OptimizerChoice = {
  name: 'momentum',
  options: ['momentum', 'weightDecay', 'weightDecayMode'],
  create(config) {
    const kept = share(config, 'momentum', 0.9);
    const weightDecay = readWeightDecay(config, { amount: 0, mode: 'coupled' });
    return {
      name: 'momentum',
      stateVectors: ['velocity'],
      step(kernels, run, g, at) {
        shrink(kernels, run.x, at.rate, weightDecay);
        kernels.momentum(run.x, g, stateVector(run, 'velocity'), {
          rate: at.rate,
          momentum: kept,
          weightDecay: weightDecay.coupled,
          nesterov: false,
        });
      },
    };
  },
};
