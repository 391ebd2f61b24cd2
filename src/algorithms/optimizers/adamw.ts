/**
 * AdamW: Adam whose weight decay bypasses the moments, so that every weight decays at the same rate.
 *
 *   x *= 1 - rate * weightDecay, then Adam's step with the gradient alone
 *
 * Coupled, weights with large gradients decay less than others, since the decay is divided by the same root.
 * Source: Loshchilov and Hutter 2019 (arXiv 1711.05101, algorithm 2), in PyTorch's form (the decay is scaled by the rate).
 * Sequential form: torch.optim.AdamW(amsgrad=False).
 */
import { createAdam } from './adam.ts';
import type { OptimizerChoice } from './options.ts';
import { refused } from './options.ts';

export const adamw: OptimizerChoice = {
  name: 'adamw',
  options: ['beta1', 'beta2', 'epsilon', 'weightDecay', 'weightDecayMode'],
  create(config) {
    if (config.weightDecayMode === 'coupled') {
      throw refused(config, 'weightDecayMode', 'coupled', "AdamW is Adam with decoupled decay: for coupled decay use 'adam'.");
    }
    return createAdam(config, { amount: 0.01, mode: 'decoupled' });
  },
};
