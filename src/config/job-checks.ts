/**
 * What no single key can be judged by: settings that contradict one another, and what the models, optimizers and schedules
 * themselves refuse. A section that already has a problem of its own is missing here, and the checks that need it are
 * skipped, so that one mistake is reported once.
 */
import { createOptimizer } from '../algorithms/optimizers/registry.ts';
import { createSchedule } from '../algorithms/schedules/registry.ts';
import { describeDataset } from '../datasets/registry.ts';
import { TardigradError } from '../errors.ts';
import { createModel } from '../models/registry.ts';
import { grouped } from './fields.ts';
import type { Job } from './job-schema.ts';
import { optimization } from './optimization.ts';
import type { Problem } from './problem.ts';

export type JobSections = { readonly [Section in keyof Job]?: Job[Section] };

export function crossCheck(sections: JobSections): Problem[] {
  return [
    ...checkWorkers(sections),
    ...checkTasks(sections),
    ...checkData(sections),
    ...checkStop(sections),
    ...checkDevice(sections),
    ...checkOptimization(sections),
  ];
}

function checkWorkers({ workers }: JobSections): Problem[] {
  if (workers === undefined) return [];
  const { count, min, max } = workers;
  const problems: Problem[] = [];
  if (min > count)
    problems.push({ path: 'workers.min', message: `${min} is more than workers.count, ${count}; lower it, or raise the count` });
  if (max < count)
    problems.push({ path: 'workers.max', message: `${max} is less than workers.count, ${count}; raise it, or lower the count` });
  return problems;
}

function checkTasks({ accumulate, taskBatches }: JobSections): Problem[] {
  if (accumulate === undefined || taskBatches === undefined || accumulate <= taskBatches) return [];
  const message = `${accumulate} is more than taskBatches, ${taskBatches}: a push never goes beyond its task; raise taskBatches`;
  return [{ path: 'accumulate', message }];
}

function checkData({ model, dataset }: JobSections): Problem[] {
  if (dataset === undefined) return [];
  const description = describeDataset(dataset.name);
  const { trainSamples } = description;
  const problems: Problem[] = [];
  if (dataset.batchSize > trainSamples) {
    const message = `${grouped(dataset.batchSize)} is more than ${dataset.name} has, ${grouped(trainSamples)} samples; give fewer`;
    problems.push({ path: 'dataset.batchSize', message });
  }
  if (model === undefined) return problems;
  return [...problems, ...refusalOf('model', () => void createModel(model, description))];
}

function checkStop({ stop }: JobSections): Problem[] {
  if (stop === undefined) return [];
  if (stop.epochs !== undefined || stop.maxSeconds !== undefined || stop.maxUpdates !== undefined) return [];
  const alone = stop.targetAccuracy === undefined ? '' : ' beside targetAccuracy, which may never be reached';
  return [{ path: 'stop', message: `the job would never end; give epochs, maxSeconds or maxUpdates${alone}` }];
}

function checkDevice({ backend, require }: JobSections): Problem[] {
  if (require !== 'gpu' || (backend !== 'wasm' && backend !== 'cpu')) return [];
  return [{ path: 'require', message: `${backend} never computes on a GPU; set backend to auto or tensorflow, or remove require` }];
}

function checkOptimization({ optimizer, dataset, stop }: JobSections): Problem[] {
  if (optimizer === undefined) return [];
  const { optimizer: config, schedule } = optimization(optimizer);
  const problems = refusalOf('optimizer', () => void createOptimizer(config));
  if (dataset === undefined || stop === undefined) return problems;
  const samplesPerEpoch = describeDataset(dataset.name).trainSamples;
  const scheduled = { samplesPerEpoch, ...(stop.epochs === undefined ? {} : { stopEpochs: stop.epochs }) };
  return [...problems, ...refusalOf('optimizer.schedule', () => void createSchedule(schedule, scheduled))];
}

/** What the room that a section belongs to says against it. */
function refusalOf(path: string, attempt: () => void): Problem[] {
  try {
    attempt();
    return [];
  } catch (error) {
    if (error instanceof TardigradError) return [{ path, message: error.message }];
    throw error;
  }
}
