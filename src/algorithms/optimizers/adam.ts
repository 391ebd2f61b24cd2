/**
 * Adam: momentum divided by the root of a fading mean of squares, both corrected for having started at zero.
 *
 *   m = beta1 * m + (1 - beta1) * g
 *   v = beta2 * v + (1 - beta2) * g^2
 *   x -= rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)        t = 1 for the first step
 *
 * t counts the updates of the run of elements, not the iterations of any worker.
 * With coupled decay the decay passes through m and v like any gradient; decoupled, it is AdamW.
 * Source: Kingma and Ba 2015, algorithm 1, in PyTorch's form (epsilon outside the corrected root).
 * Sequential form: torch.optim.Adam(amsgrad=False).
 */
import type { OptimizerChoice, OptimizerConfig, WeightDecayMode } from './options.ts';
import { positiveEpsilon, readWeightDecay, share } from './options.ts';
import type { Optimizer } from './optimizer.ts';
import { stateVector } from './optimizer.ts';

/** Adam and AdamW differ in their names and in what weight decay they have by default. */
export function createAdam(config: OptimizerConfig, decayByDefault: { amount: number; mode: WeightDecayMode }): Optimizer {
  const beta1 = share(config, 'beta1', 0.9);
  const beta2 = share(config, 'beta2', 0.999);
  const epsilon = positiveEpsilon(config, 1e-8);
  const { coupled, decoupled } = readWeightDecay(config, decayByDefault);
  return {
    name: config.name,
    stateVectors: ['mean', 'meanSquare'],
    step(kernels, run, g, at) {
      kernels.adam(run.x, g, stateVector(run, 'mean'), stateVector(run, 'meanSquare'), {
        rate: at.rate,
        beta1,
        beta2,
        epsilon,
        weightDecay: coupled + decoupled,
        decoupled: decoupled > 0,
        step: at.step,
      });
    },
  };
}

export const adam: OptimizerChoice = {
  name: 'adam',
  options: ['beta1', 'beta2', 'epsilon', 'weightDecay', 'weightDecayMode'],
  create: (config) => createAdam(config, { amount: 0, mode: 'coupled' }),
};
