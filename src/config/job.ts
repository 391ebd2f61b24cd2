/**
 * A job file becomes a `Job` here, once, at the start: read, checked key by key and against itself, filled with defaults,
 * frozen. Whoever holds a `Job` need not check anything again. All problems are reported at once.
 */
import { Document, isCollection, isMap } from 'yaml';
import { assert } from '../errors.ts';
import { explainIssue } from './job-explain.ts';
import { crossCheck, type JobSections } from './job-checks.ts';
import { JOB_SCHEMA, JOB_SECTIONS, type Job } from './job-schema.ts';
import { applyOverrides, type FlagNames, type JobOverrides } from './overrides.ts';
import { copyPlainData } from './plain-data.ts';
import { InvalidJobError, type Problem } from './problem.ts';
import { parseYaml } from './yaml-text.ts';

export type { Job } from './job-schema.ts';

/**
 * @param origin the file's name, for messages
 * @param overrides what the command line says instead of the file
 * @throws InvalidJobError with every problem
 */
export function parseJob(text: string, origin: string, overrides: JobOverrides = {}): Job {
  const { value, flags } = applyOverrides(parseYaml(text, origin), overrides);
  return jobFromObject(value, origin, flags);
}

/**
 * @param value plain data, as JSON or YAML give it; never trusted
 * @param flags which paths the command line set, so that messages can name the flag
 * @throws InvalidJobError with every problem
 */
export function jobFromObject(value: unknown, origin = 'The job', flags: FlagNames = new Map()): Job {
  const copy = copyPlainData(value);
  if (copy.problems.length > 0) throw new InvalidJobError(origin, copy.problems);
  const { sections, problems } = checkSections(copy.value);
  problems.push(...crossCheck(sections));
  if (problems.length > 0) throw new InvalidJobError(origin, withFlags(problems, flags));
  return deepFreeze(withDerived(sections as Job));
}

/** The job with every default, as the run folder keeps it, one section a line; `parseJob` of it gives the same job. */
export function jobToYaml(job: Job): string {
  const document = new Document(job);
  if (isMap(document.contents)) {
    for (const { value } of document.contents.items) if (isCollection(value)) value.flow = true;
  }
  return document.toString({ lineWidth: 0 });
}

/** Each section by itself, so that one with a problem hides no problem of another. */
function checkSections(document: unknown): { sections: JobSections; problems: Problem[] } {
  const problems: Problem[] = [];
  const explain = (issue: Parameters<typeof explainIssue>[2]): void => void problems.push(...explainIssue(JOB_SCHEMA, document, issue));
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return { sections: {}, problems: [{ path: '', message: 'no job in it; begin with name:, model:, dataset:, optimizer: and stop:' }] };
  }
  const given = document as Record<string, unknown>;
  const unknown = Object.keys(given).filter((key) => !Object.hasOwn(JOB_SECTIONS, key));
  if (unknown.length > 0) explain({ code: 'unrecognized_keys', keys: unknown, path: [], message: '' });
  const sections: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(JOB_SECTIONS)) {
    const result = schema.safeParse(given[key]);
    if (result.success) sections[key] = result.data;
    else for (const issue of result.error.issues) explain({ ...issue, path: [key, ...issue.path] });
  }
  return { sections, problems };
}

/** Cosine ends with the job unless told otherwise: written down, so that the run folder's copy says where. */
function withDerived(job: Job): Job {
  const { optimizer, stop } = job;
  const { schedule } = optimizer;
  if (schedule.name !== 'cosine' || schedule.totalUpdates !== undefined || schedule.totalEpochs !== undefined) return job;
  assert(stop.epochs !== undefined, 'the cross-check refuses a cosine without an end');
  return { ...job, optimizer: { ...optimizer, schedule: { ...schedule, totalEpochs: stop.epochs } } };
}

/** Names the flag in front of the key that it set. */
function withFlags(problems: readonly Problem[], flags: FlagNames): Problem[] {
  return problems.map(({ path, message }) => ({ path: flags.has(path) ? `${flags.get(path)} (${path})` : path, message }));
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
