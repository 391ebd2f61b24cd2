/** Whole runs of `tardigrad train`, read from their summaries. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunSummary, WorkerTotals } from '../display/summary.ts';
import { startProcess } from './bench-processes.ts';

const EXAMPLES = fileURLToPath(new URL('../../../examples/', import.meta.url));

export interface TrainingResult {
  readonly updatesPerSecond: number;
  readonly samplesPerSecond: number;
  readonly firstUpdateSeconds: number;
  /** Milliseconds of a worker's iteration, the mean over all of the run. */
  readonly stepMs: WorkerTotals['time'];
}

export async function benchTraining(example: string, flags: readonly string[]): Promise<TrainingResult> {
  const runs = await mkdtemp(join(tmpdir(), 'tardigrad-bench-'));
  try {
    const run = startProcess(['train', join(EXAMPLES, `${example}.yaml`), '--json', '--runs', runs, ...flags]);
    const { lines, code, errors } = await run.output;
    const last = lines.map((line) => JSON.parse(line) as { type: string; folder?: string }).findLast(({ type }) => type === 'summary');
    if (last?.folder === undefined) throw new Error(`train ${example} ended with code ${code} and no summary: ${errors}`);
    const summary = JSON.parse(await readFile(join(last.folder, 'summary.json'), 'utf8')) as RunSummary;
    return {
      updatesPerSecond: summary.updatesPerSecond,
      samplesPerSecond: summary.samplesPerSecond,
      firstUpdateSeconds: summary.seconds.firstUpdate ?? NaN,
      stepMs: stepOf(summary),
    };
  } finally {
    await rm(runs, { recursive: true, force: true });
  }
}

/** The workers' shares of time, over the mean length of an iteration. */
function stepOf({ workers, seconds }: RunSummary): WorkerTotals['time'] {
  const trained = workers.filter(({ evaluator }) => !evaluator);
  const iterations = trained.reduce((sum, worker) => sum + worker.iterations, 0);
  const iterationMs = (seconds.training * 1000 * trained.length) / iterations;
  const mean = (part: keyof WorkerTotals['time']): number =>
    (trained.reduce((sum, { time }) => sum + time[part], 0) / trained.length) * iterationMs;
  return { data: mean('data'), compute: mean('compute'), exchange: mean('exchange'), waiting: mean('waiting') };
}
