/**
 * All learning-rate schedules by name, and the linear warm-up that each may have in front.
 *
 * The warm-up is a factor (count + 1) / length on the schedule's curve, counted in updates or, for epochs, in samples: the
 * first update already moves, the last of the warm-up has the whole rate, and there is no jump where it ends.
 * Source: Goyal et al. 2017 (arXiv 1706.02677, section 2.2), which warms up over 5 epochs.
 * To add a schedule: write its file, put it in this list.
 */
import { closest } from 'fastest-levenshtein';
import { TardigradError } from '../../errors.ts';
import { constant } from './constant.ts';
import { cosine } from './cosine.ts';
import type { ScheduleChoice, ScheduleConfig, ScheduledJob } from './options.ts';
import type { Schedule, SchedulePosition } from './schedule.ts';
import type { Span } from './span.ts';
import { measure, readSpan } from './span.ts';
import { step } from './step.ts';

export type { ScheduleConfig, ScheduledJob } from './options.ts';

const choices: readonly ScheduleChoice[] = [constant, step, cosine];
const warmupOptions: readonly string[] = ['warmupUpdates', 'warmupEpochs'];

export const scheduleNames: readonly string[] = choices.map((choice) => choice.name);

/**
 * The schedule that the configuration names: a pure function of how many updates, or samples, were applied before.
 * @throws INVALID_ARGUMENT for an unknown name, an option that the schedule does not use, a value out of range, or a cosine
 *   whose end nothing tells.
 */
export function createSchedule(config: ScheduleConfig, job: ScheduledJob): Schedule {
  const choice = choices.find(({ name }) => name === config.name);
  if (choice === undefined) {
    throw new TardigradError('INVALID_ARGUMENT', `There is no schedule '${config.name}'.`, {
      facts: { schedule: config.name },
      next: `Did you mean '${closest(config.name, [...scheduleNames])}'? There are: ${scheduleNames.join(', ')}.`,
    });
  }
  refuseUnusedOptions(choice, config);
  checkJob(job);
  const curve = choice.curve(config, job);
  const warmup = readSpan(choice.name, {
    updatesKey: 'warmupUpdates',
    updates: config.warmupUpdates,
    epochsKey: 'warmupEpochs',
    epochs: config.warmupEpochs,
    zero: 'allowed',
  });
  const factor = warmup === undefined ? curve : (at: SchedulePosition) => warmupFactor(warmup, at) * curve(at);
  return { name: choice.name, factor };
}

function warmupFactor(warmup: Span, at: SchedulePosition): number {
  const { done, length } = measure(warmup, at);
  return done + 1 < length ? (done + 1) / length : 1;
}

function refuseUnusedOptions(choice: ScheduleChoice, config: ScheduleConfig): void {
  const known = [...choice.options, ...warmupOptions];
  for (const [option, value] of Object.entries(config)) {
    if (option === 'name' || value === undefined || known.includes(option)) continue;
    throw new TardigradError('INVALID_ARGUMENT', `Schedule '${choice.name}' does not use the option ${option} (given: ${String(value)}).`, {
      facts: { schedule: choice.name, option },
      next: `Leave it out; ${choice.name} uses: ${known.join(', ')}.`,
    });
  }
}

function checkJob(job: ScheduledJob): void {
  const { samplesPerEpoch, stopEpochs } = job;
  if (!Number.isSafeInteger(samplesPerEpoch) || samplesPerEpoch < 1) {
    throw new TardigradError('INVALID_ARGUMENT', `A schedule was told of ${samplesPerEpoch} samples in an epoch.`, {
      facts: { samplesPerEpoch },
      next: 'It must be a whole number of at least 1: look at the data set.',
    });
  }
  if (stopEpochs !== undefined && !(stopEpochs > 0 && stopEpochs < Infinity)) {
    throw new TardigradError('INVALID_ARGUMENT', `A schedule was told that the job stops after ${stopEpochs} epochs.`, {
      facts: { stopEpochs },
      next: 'stop.epochs must be a number above 0.',
    });
  }
}
