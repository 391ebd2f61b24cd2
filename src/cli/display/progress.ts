/** How far a job is: a bar for each data epoch, or one by time where the number of epochs is open. */
import type { JobStatus } from '../../coordinator/status.ts';
import { progressBar } from './bars.ts';
import { duration, percent, whole } from './figures.ts';
import type { View } from './frame.ts';
import { padEnd, padStart, span, type Line } from './styled.ts';

/** With more epochs than this, one bar shows all of them, and two the last finished and the current one. */
const EPOCH_ROWS_MAX = 5;
/** What stands right of a bar: "100 %     1:12  test 97.81 %". */
const ASIDE_COLUMNS = 28;
const NARROW_ASIDE_COLUMNS = 14;
const NARROW_BELOW = 72;

export function progressLines(view: View): Line[] {
  const { totalEpochs, epochs } = view.status;
  if (totalEpochs === undefined) return [timeLine(view)];
  if (totalEpochs <= EPOCH_ROWS_MAX) return Array.from({ length: Math.ceil(totalEpochs) }, (_, index) => epochLine(view, index + 1));
  const current = Math.min(totalEpochs, Math.floor(epochs) + 1);
  return [
    barLine(view, `all ${whole(totalEpochs)}`, epochs / totalEpochs, [
      percent(epochs / totalEpochs, 0),
      duration(view.status.elapsedSeconds),
    ]),
    ...(current > 1 ? [epochLine(view, current - 1)] : []),
    epochLine(view, current),
  ];
}

function epochLine(view: View, number: number): Line {
  const { status, course } = view;
  const fraction = Math.min(1, Math.max(0, status.epochs - (number - 1)));
  if (fraction === 0) return barLine(view, `epoch ${whole(number)}`, 0, []);
  const seconds = course.epochSeconds(number, status.elapsedSeconds);
  const accuracy = accuracyWithin(status, number);
  return barLine(view, `epoch ${whole(number)}`, fraction, [
    // A batch that is still out must not look like an end.
    percent(fraction === 1 ? 1 : Math.min(0.99, fraction), 0),
    seconds === undefined ? '' : duration(seconds),
    ...(accuracy === undefined ? [] : [`test ${percent(accuracy)}`]),
  ]);
}

/** The last measured within that epoch. */
function accuracyWithin({ evaluations }: JobStatus, number: number): number | undefined {
  return evaluations.findLast(({ epochs }) => epochs > number - 1 && epochs <= number)?.accuracy;
}

function timeLine(view: View): Line {
  const { status, job } = view;
  const { elapsedSeconds, secondsLeft } = status;
  const epochs = `${status.epochs.toFixed(2)} epochs`;
  if (secondsLeft !== undefined) {
    const share = elapsedSeconds + secondsLeft > 0 ? elapsedSeconds / (elapsedSeconds + secondsLeft) : 1;
    return barLine(view, 'time', share, [percent(share, 0), duration(elapsedSeconds), epochs]);
  }
  const target = job?.stop.targetAccuracy;
  const goal = target === undefined ? '' : `, until ${Number((100 * target).toFixed(4))} % test accuracy`;
  return [span(' time     '), span(duration(elapsedSeconds), 'bold'), span(`, ${epochs}${goal}`)];
}

function barLine({ columns }: View, label: string, fraction: number, [share = '', time = '', result = '']: readonly string[]): Line {
  const narrow = columns < NARROW_BELOW;
  const head = ` ${padEnd(label, 9)}`;
  const bar = progressBar(
    fraction,
    Math.max(4, columns - head.length - (narrow ? NARROW_ASIDE_COLUMNS : ASIDE_COLUMNS)),
    fraction >= 1 ? 'green' : 'cyan',
  );
  return [
    span(head, fraction > 0 ? undefined : 'dim'),
    ...bar,
    span(padStart(share, 6)),
    span(padStart(time, 7), 'dim'),
    ...(narrow ? [] : [span(padStart(result, 14), 'green')]),
  ];
}
