/**
 * RMSprop: Adagrad with a fading memory, so that steps do not shrink for ever.
 *
 *   s = decay * s + (1 - decay) * g^2
 *   x -= rate * g / (sqrt(s) + epsilon)
 *
 * s starts at zero and is not corrected for it: the first step is about rate / sqrt(1 - decay) in each element.
 * Source: Tieleman and Hinton 2012 (lecture 6.5), in PyTorch's form (epsilon outside the root).
 * Sequential form: torch.optim.RMSprop(alpha=decay, centered=False, momentum=0).
 */
import type { OptimizerChoice } from './options.ts';
import { positiveEpsilon, readWeightDecay, share, shrink } from './options.ts';
import { stateVector } from './optimizer.ts';

export const rmsprop: OptimizerChoice = {
  name: 'rmsprop',
  options: ['decay', 'epsilon', 'weightDecay', 'weightDecayMode'],
  create(config) {
    const decay = share(config, 'decay', 0.99);
    const epsilon = positiveEpsilon(config, 1e-8);
    const weightDecay = readWeightDecay(config, { amount: 0, mode: 'coupled' });
    return {
      name: 'rmsprop',
      stateVectors: ['meanSquare'],
      step(kernels, run, g, at) {
        shrink(kernels, run.x, at.rate, weightDecay);
        kernels.rmsprop(run.x, g, stateVector(run, 'meanSquare'), { rate: at.rate, decay, epsilon, weightDecay: weightDecay.coupled });
      },
    };
  },
};
