/**
 * Constant: the factor is 1 throughout (after the warm-up, if there is one).
 * Sequential form: no scheduler at all.
 */
import type { ScheduleChoice } from './options.ts';

export const constant: ScheduleChoice = {
  name: 'constant',
  options: [],
  curve: () => () => 1,
};
