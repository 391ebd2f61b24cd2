/**
 * Nesterov's accelerated gradient: momentum that looks ahead, stepping with the velocity it will have next.
 *
 *   v = momentum * v + g
 *   x -= rate * (g + momentum * v)
 *
 * The weights kept are the looked-ahead ones, so workers compute gradients where the formula wants them without knowing it.
 * Source: Nesterov 1983, in PyTorch's form (Sutskever et al. 2013, section 2, but for the place of the rate).
 * Sequential form: torch.optim.SGD(momentum=momentum, dampening=0, nesterov=True).
 */
import type { OptimizerChoice } from './options.ts';
import { readWeightDecay, refused, share, shrink } from './options.ts';
import { stateVector } from './optimizer.ts';

export const nesterov: OptimizerChoice = {
  name: 'nesterov',
  options: ['momentum', 'weightDecay', 'weightDecayMode'],
  create(config) {
    const kept = share(config, 'momentum', 0.9);
    if (kept === 0) throw refused(config, 'momentum', kept, "Without momentum there is nothing to look ahead with: use 'sgd'.");
    const weightDecay = readWeightDecay(config, { amount: 0, mode: 'coupled' });
    return {
      name: 'nesterov',
      stateVectors: ['velocity'],
      step(kernels, run, g, at) {
        shrink(kernels, run.x, at.rate, weightDecay);
        kernels.momentum(run.x, g, stateVector(run, 'velocity'), {
          rate: at.rate,
          momentum: kept,
          weightDecay: weightDecay.coupled,
          nesterov: true,
        });
      },
    };
  },
};
