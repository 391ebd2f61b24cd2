/**
 * A stretch of training, measured in updates or in data epochs, and how much of it lies behind.
 *
 * Both are exact: an epoch is counted in samples. One schedule may measure its warm-up in updates and its horizon in epochs.
 */
import { TardigradError } from '../../errors.ts';
import type { SchedulePosition } from './schedule.ts';

export interface Span {
  readonly unit: 'updates' | 'epochs';
  /** In that unit. */
  readonly length: number;
}

/** The count applied so far and the span's length, both in updates or both in samples. */
export function measure(span: Span, at: SchedulePosition): { done: number; length: number } {
  return span.unit === 'updates'
    ? { done: at.updates, length: span.length }
    : { done: at.samples, length: span.length * at.samplesPerEpoch };
}

/**
 * The span that a pair of keys such as everyUpdates and everyEpochs gives, or undefined with neither.
 * @throws INVALID_ARGUMENT for both at once, a number of updates that is not whole, or one below the least.
 */
export function readSpan(
  schedule: string,
  keys: { updatesKey: string; updates: number | undefined; epochsKey: string; epochs: number | undefined; zero: 'allowed' | 'refused' },
): Span | undefined {
  const { updatesKey, updates, epochsKey, epochs, zero } = keys;
  if (updates !== undefined && epochs !== undefined) {
    throw new TardigradError(
      'INVALID_ARGUMENT',
      `Schedule '${schedule}' was given both ${updatesKey} = ${updates} and ${epochsKey} = ${epochs}.`,
      {
        facts: { schedule, [updatesKey]: updates, [epochsKey]: epochs },
        next: 'Give one of the two.',
      },
    );
  }
  const key = updates === undefined ? epochsKey : updatesKey;
  const length = updates ?? epochs;
  if (length === undefined) return undefined;
  const inRange = Number.isFinite(length) && (length > 0 || (length === 0 && zero === 'allowed'));
  if (!inRange || (updates !== undefined && !Number.isSafeInteger(updates))) {
    const least = zero === 'allowed' ? 'of at least' : 'above';
    throw new TardigradError('INVALID_ARGUMENT', `Schedule '${schedule}' was given ${key} = ${length}.`, {
      facts: { schedule, [key]: length },
      next: `It must be a ${updates === undefined ? '' : 'whole '}number ${least} 0.`,
    });
  }
  return { unit: updates === undefined ? 'epochs' : 'updates', length };
}
