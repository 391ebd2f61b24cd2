/**
 * Step: the rate falls by a factor at equal distances.
 *
 *   factor^floor(count / every)
 *
 * The count is of updates or, with everyEpochs, of samples against whole epochs; it runs from the start of training, the
 * warm-up included, so that a fall "at epoch 80" is at epoch 80.
 * Sequential form: torch.optim.lr_scheduler.StepLR(step_size=every, gamma=factor).
 */
import { TardigradError } from '../../errors.ts';
import { powInteger } from '../../fixed-math.ts';
import type { ScheduleChoice } from './options.ts';
import { measure, readSpan } from './span.ts';

export const step: ScheduleChoice = {
  name: 'step',
  options: ['everyUpdates', 'everyEpochs', 'factor'],
  curve(config) {
    const every = readSpan('step', {
      updatesKey: 'everyUpdates',
      updates: config.everyUpdates,
      epochsKey: 'everyEpochs',
      epochs: config.everyEpochs,
      zero: 'refused',
    });
    if (every === undefined) {
      throw new TardigradError('INVALID_ARGUMENT', "Schedule 'step' was not told how often the rate falls.", {
        next: 'Set everyUpdates or everyEpochs.',
      });
    }
    const factor = config.factor ?? 0.1;
    if (!(factor > 0 && factor <= 1)) {
      throw new TardigradError('INVALID_ARGUMENT', `Schedule 'step' was given factor = ${factor}.`, {
        facts: { factor },
        next: 'It must be above 0 and at most 1.',
      });
    }
    return (at) => {
      const { done, length } = measure(every, at);
      return powInteger(factor, Math.floor(done / length));
    };
  },
};
