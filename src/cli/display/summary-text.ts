/** The end of a run for people: a dozen aligned lines, the result first, then what it took, then where it is. */
import { NO_VALUE, counted, duration, mean, percent, rate, seconds, whole } from './figures.ts';
import { padEnd, span, type Line, type Span, type Style } from './styled.ts';
import type { RunSummary, WorkerTotals } from './summary.ts';

const LABEL_COLUMNS = 15;

export function summaryLines(summary: RunSummary): Line[] {
  return [
    outcome(summary),
    labelled('test accuracy', accuracy(summary)),
    labelled('training', [span(seconds(summary.seconds.training), 'bold'), span(wholeTime(summary))]),
    labelled('updates', [
      span(whole(summary.updates), 'bold'),
      span(`, ${rate(summary.updatesPerSecond)} /s; ${whole(summary.samplesPerSecond)} samples/s`),
    ]),
    labelled('version lag', [span(lag(summary))]),
    labelled('samples', samples(summary)),
    ...workers(summary.workers),
    ...(summary.backend === '' ? [] : [labelled('backend', [span(summary.backend)])]),
    ...failures(summary),
    ...(summary.checkpoint === null ? [] : [labelled('checkpoint', [span(checkpoint(summary.checkpoint))])]),
    ...(summary.model === null ? [] : [labelled('model', [span(summary.model.path, 'underline')])]),
    labelled('folder', [span(summary.folder, 'underline')]),
  ];
}

const STATES: Readonly<Record<string, Style>> = { succeeded: ['bold', 'green'], stopped: ['bold', 'yellow'], failed: ['bold', 'red'] };

function outcome({ state, reason, exitReason, job }: RunSummary): Line {
  const why = reason === '' ? exitReason : reason;
  return [
    span(padEnd(` ${job}`, LABEL_COLUMNS + 1), 'bold'),
    span(` ${state}`, STATES[state] ?? 'bold'),
    span(why === '' ? '' : `: ${why}`),
  ];
}

function labelled(label: string, value: readonly Span[]): Line {
  return [span(` ${padEnd(label, LABEL_COLUMNS)} `, 'dim'), ...value];
}

function accuracy({ test: { final, best } }: RunSummary): Span[] {
  if (final === null || best === null) return [span('not evaluated')];
  const rest =
    best.accuracy > final.accuracy
      ? `, the best ${percent(best.accuracy)} after ${whole(best.updates)} updates (${duration(best.atSeconds)})`
      : `, the best, after ${whole(final.updates)} updates`;
  return [span(percent(final.accuracy), ['bold', 'green']), span(rest)];
}

function wholeTime({ seconds: { total, firstUpdate }, epochs, totalEpochs }: RunSummary): string {
  const passes = totalEpochs === null || epochs < totalEpochs ? `${epochs.toFixed(2)} epochs` : counted(totalEpochs, 'epoch');
  const first = firstUpdate === null ? '' : `, ${seconds(firstUpdate)} to the first update`;
  return ` for ${passes}; ${seconds(total)} in all${first}`;
}

function lag({ versionLag, policy }: RunSummary): string {
  const name = policy.policy === 'ssp' ? `ssp, bound ${policy.bound}` : policy.policy;
  return `mean ${mean(versionLag.mean)}, p99 ${whole(versionLag.p99)}, max ${whole(versionLag.max)} updates under ${name}`;
}

/** Every sample by what became of it; the kinds that did not occur are left out. */
function samples({ samples: books }: RunSummary): Span[] {
  const kinds = [
    [books.withheld, 'withheld'],
    [books.partlyRefused, 'partly refused'],
    [books.torn, 'torn'],
    [books.refused, 'refused'],
    [books.neverSeen ?? 0, 'never seen'],
  ] as const;
  const others = kinds.flatMap(([count, words]) => (count === 0 ? [] : [`${whole(count)} ${words}`]));
  const of = books.planned === null ? '' : ` of ${whole(books.planned)}`;
  const text = `${[`${whole(books.trained)}${of} trained`, ...others].join(', ')}`;
  if (books.complete === null) return [span(text)];
  return books.complete
    ? [span(text), span('; every one accounted for', 'dim')]
    : [span(text), span('; THEY DO NOT ADD UP', ['bold', 'red'])];
}

/** Those that trained, by share; many are told as one line. */
const WORKERS_LISTED_MAX = 4;

function workers(all: readonly WorkerTotals[]): Line[] {
  const trained = all.filter(({ evaluator }) => !evaluator);
  const total = trained.reduce((sum, { samples }) => sum + samples, 0);
  if (trained.length > WORKERS_LISTED_MAX) {
    const names = new Set(trained.map(({ name }) => name)).size;
    const lives = trained.length === names ? '' : ` in ${trained.length} lives`;
    return [labelled('workers', [span(`${names}${lives}, ${whole(total)} samples`)])];
  }
  return trained.map((worker, index) => {
    const life = worker.incarnation > 1 ? ` (life ${worker.incarnation})` : '';
    const share = total === 0 ? NO_VALUE : percent(worker.samples / total, 0);
    const text = `${worker.name}${life}: ${whole(worker.samples)} samples (${share}), ${percent(worker.time.compute, 0)} computing`;
    return labelled(index === 0 ? 'workers' : '', [span(text)]);
  });
}

function failures({ samples: { restores, redoneUpdates, redoneBatches, refusedAttempts } }: RunSummary): Line[] {
  const parts = [
    ...(restores === 0
      ? []
      : [`${counted(restores, 'restore')}: ${counted(redoneUpdates, 'update')}, ${redoneBatches} batches done again`]),
    ...(refusedAttempts === 0 ? [] : [counted(refusedAttempts, 'refused attempt')]),
  ];
  return parts.length === 0 ? [] : [labelled('failures', [span(parts.join('; '), 'yellow')])];
}

function checkpoint({ id, updates, heldMsMax }: NonNullable<RunSummary['checkpoint']>): string {
  return `${id}, at ${whole(updates)} updates; pushes beyond it waited at most ${heldMsMax.toFixed(1)} ms`;
}
