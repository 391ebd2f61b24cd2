/**
 * Cosine: the rate glides from its full value to a floor along half a cosine wave, and stays there.
 *
 *   floor + (1 - floor) * (1 + cos(pi * p)) / 2        p = count / horizon, at most 1
 *
 * The count runs from the start of training, the warm-up included (which multiplies), so that the two may be measured in
 * different units. The horizon is totalUpdates or totalEpochs, else the epochs after which the job stops.
 * Source: Loshchilov and Hutter 2017 (arXiv 1608.03983, equation 5), without restarts.
 * Sequential form: torch.optim.lr_scheduler.CosineAnnealingLR(T_max=horizon, eta_min=floor * rate).
 */
import { TardigradError } from '../../errors.ts';
import { cos } from '../../fixed-math.ts';
import type { ScheduleChoice, ScheduleConfig, ScheduledJob } from './options.ts';
import type { Span } from './span.ts';
import { measure, readSpan } from './span.ts';

export const cosine: ScheduleChoice = {
  name: 'cosine',
  options: ['totalUpdates', 'totalEpochs', 'floor'],
  curve(config, job) {
    const horizon = readHorizon(config, job);
    const floor = config.floor ?? 0;
    if (!(floor >= 0 && floor <= 1)) {
      throw new TardigradError('INVALID_ARGUMENT', `Schedule 'cosine' was given floor = ${floor}.`, {
        facts: { floor },
        next: 'It is the share of the rate left in the end: at least 0 and at most 1.',
      });
    }
    return (at) => {
      const { done, length } = measure(horizon, at);
      const progress = done < length ? done / length : 1;
      return floor + (1 - floor) * ((1 + cos(Math.PI * progress)) / 2);
    };
  },
};

function readHorizon(config: ScheduleConfig, job: ScheduledJob): Span {
  const given = readSpan('cosine', {
    updatesKey: 'totalUpdates',
    updates: config.totalUpdates,
    epochsKey: 'totalEpochs',
    epochs: config.totalEpochs,
    zero: 'refused',
  });
  if (given !== undefined) return given;
  if (job.stopEpochs !== undefined) return { unit: 'epochs', length: job.stopEpochs };
  throw new TardigradError('INVALID_ARGUMENT', "Schedule 'cosine' does not know when it ends.", {
    next: 'Set totalUpdates or totalEpochs, or let the job stop after stop.epochs.',
  });
}
