/** What one training step takes on each backend that loads here, each measured in a process of its own. */
import { availableParallelism } from 'node:os';
import { backendNames, tensorFlowEnvironment, type BackendName } from '../../compute/backends.ts';
import { startProcess } from '../bench/bench-processes.ts';
import { spreadOf } from '../bench/statistics.ts';
import type { StepLoadOptions, StepLoadResult } from '../bench/step-load.ts';
import { errorMessage } from '../../errors.ts';

export const BENCH_BATCH = 64;

const MODELS = [
  { model: 'mlp', title: 'MLP 784-128-10' },
  { model: 'cnn', title: 'CNN 32-64-128' },
] as const;
type ModelKey = (typeof MODELS)[number]['model'];

/** Steps of each kind, enough for a median within seconds. */
const STEPS: Readonly<Record<BackendName, Readonly<Record<ModelKey, { steps: number; warmupSteps: number }>>>> = {
  tensorflow: { mlp: { steps: 100, warmupSteps: 3 }, cnn: { steps: 15, warmupSteps: 3 } },
  wasm: { mlp: { steps: 20, warmupSteps: 3 }, cnn: { steps: 3, warmupSteps: 1 } },
  cpu: { mlp: { steps: 5, warmupSteps: 1 }, cnn: { steps: 1, warmupSteps: 0 } },
};

/** A step of the CNN in plain JavaScript takes minutes: nobody waits for that here. */
const LIMIT_MS = 20_000;

export interface StepTimes {
  readonly backend: BackendName;
  readonly model: ModelKey;
  readonly title: string;
  /** Medians, in milliseconds; undefined where the step does not run that way. */
  readonly eagerMs: number | undefined;
  readonly capturedMs: number | undefined;
  /** Why something has no time, or how little a time rests on. */
  readonly note: string | undefined;
}

/** @param progress told what is being measured */
export async function timeSteps(loading: readonly BackendName[], progress: (line: string) => void): Promise<StepTimes[]> {
  const times: StepTimes[] = [];
  for (const backend of backendNames) {
    if (!loading.includes(backend)) continue;
    for (const { model, title } of MODELS) {
      progress(`timing ${backend}, ${title} …`);
      times.push({ backend, model, title, ...(await timeStep(backend, model)) });
    }
  }
  return times;
}

async function timeStep(backend: BackendName, model: ModelKey): Promise<Pick<StepTimes, 'eagerMs' | 'capturedMs' | 'note'>> {
  const threads = availableParallelism();
  const options: StepLoadOptions = { backend, threads, model: { name: model }, batchSize: BENCH_BATCH, ...STEPS[backend][model] };
  const { child, firstLine, output } = startProcess(['step-load', JSON.stringify(options)], tensorFlowEnvironment(threads));
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, LIMIT_MS);
  try {
    return timesOf(JSON.parse(await firstLine) as StepLoadResult, options.steps);
  } catch (error) {
    const why = late ? `not done after ${LIMIT_MS / 1000} s, so given up` : errorMessage(error).replaceAll(/\s+/g, ' ');
    return { eagerMs: undefined, capturedMs: undefined, note: why };
  } finally {
    clearTimeout(timer);
    await output;
  }
}

/** Medians out of a process's answer; pure. */
export function timesOf(
  { eager, captured, why, backend }: StepLoadResult,
  steps: number,
): Pick<StepTimes, 'eagerMs' | 'capturedMs' | 'note'> {
  const median = (values: readonly number[]): number | undefined => (values.length === 0 ? undefined : spreadOf(values).median);
  const few = eager.length === 1 && steps === 1 ? 'one step only, it takes so long' : undefined;
  // That only TensorFlow runs graphs is no news for the others.
  const reason = why === '' || (eager.length > 0 && backend !== 'tensorflow') ? undefined : why;
  return { eagerMs: median(eager), capturedMs: median(captured), note: reason ?? few };
}
