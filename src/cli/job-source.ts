/** Which job a start trains, and on which data: a file, an earlier run, or the default that can train on this machine. */
import { readFileSync } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseJob, type Job } from '../config/job.ts';
import type { JobOverrides } from '../config/overrides.ts';
import { resolveDataset } from '../datasets/registry.ts';
import { TardigradError, errorMessage } from '../errors.ts';
import { latestRun } from './run-folder.ts';

/** Flags that say which job, and what is different from its file. */
export interface JobFlags extends JobOverrides {
  readonly dataDir?: string;
  readonly runs: string;
  readonly resume?: boolean | string;
}

export interface ChosenJob {
  readonly job: Job;
  /** The folder of the run that it goes on in. */
  readonly existing: string | undefined;
  /** What a person should know of the choice, a line each. */
  readonly notes: readonly string[];
  /** Which file, or which stand-in. */
  readonly datasetLine: string;
}

interface Source {
  readonly existing: string | undefined;
  readonly text: string;
  readonly origin: string;
  readonly notes: readonly string[];
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DEFAULT_JOB = `${ROOT}examples/mnist-cnn.yaml`;
/** Where only dense models can train. */
const DENSE_JOB = `${ROOT}examples/mnist-mlp.yaml`;

/** @param file as the command names it @param notice told at once what takes its time, such as a download */
export async function chooseJob(file: string | undefined, flags: JobFlags, notice: (line: string) => void): Promise<ChosenJob> {
  const { existing, text, origin, notes } = await sourceOf(file, flags);
  const job = parseJob(text, origin, flags);
  const resolved = await resolveDataset(job.dataset.name, {
    ...(flags.dataDir === undefined ? {} : { dataDirectory: flags.dataDir }),
    environment: process.env,
    notice,
  });
  if ('files' in resolved) {
    const [path] = Object.values(resolved.files);
    return { job, existing, notes, datasetLine: `${job.dataset.name}${path === undefined ? '' : ` (${path})`}` };
  }
  // Who names a data set, in a file or by a flag, wants that one; the newcomer's default has a stand-in.
  if (file !== undefined || flags.dataset !== undefined || flags.resume !== undefined) {
    throw new TardigradError('NOT_FOUND', resolved.unavailable, { next: 'Or train on --dataset digits, which needs no files.' });
  }
  const name = flags.name ?? job.name.replace('mnist', 'digits');
  return {
    job: parseJob(text, origin, { ...flags, dataset: 'digits', name }),
    existing,
    notes: [...notes, `${resolved.unavailable} Trains on digits instead, a generated data set.`],
    datasetLine: 'digits (generated)',
  };
}

async function sourceOf(file: string | undefined, { resume, runs }: JobFlags): Promise<Source> {
  if (resume !== undefined && resume !== false) {
    const existing = typeof resume === 'string' ? resume : await latestRun(runs, undefined, hasCheckpoint);
    if (existing === undefined)
      throw new TardigradError('NOT_FOUND', `There is no run with a checkpoint in ${runs} to resume.`, { next: 'Start one: npm start' });
    const origin = `${existing}/job.yaml`;
    return { existing, text: await readText(origin), origin, notes: [`Goes on in ${existing}, from its last checkpoint.`] };
  }
  if (file !== undefined) return { existing: undefined, text: await readText(file), origin: file, notes: [] };
  const native = nativeState();
  if (native.installed) return { existing: undefined, text: await readText(DEFAULT_JOB), origin: DEFAULT_JOB, notes: [] };
  const why = `Native TensorFlow is not here (${native.reason}): without it the CNN cannot train, so this is the MLP.`;
  return { existing: undefined, text: await readText(DENSE_JOB), origin: DENSE_JOB, notes: [why] };
}

/** Something to go on from: what a cut's manifest makes of a folder. */
async function hasCheckpoint(run: string): Promise<boolean> {
  const cuts = await readdir(`${run}/checkpoints`).catch(() => []);
  const manifests = cuts.map((cut) =>
    stat(`${run}/checkpoints/${cut}/manifest.json`).then(
      () => true,
      () => false,
    ),
  );
  return (await Promise.all(manifests)).includes(true);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new TardigradError('NOT_FOUND', `${path} cannot be read: ${errorMessage(error)}.`, { next: 'See examples/ for job files.' });
  }
}

/** What set-up found; it decides which default can train. */
function nativeState(): { installed: boolean; reason: string } {
  try {
    const record = JSON.parse(readFileSync(`${ROOT}node_modules/.tardigrad/native.json`, 'utf8')) as {
      installed: boolean;
      reason?: string;
    };
    return { installed: record.installed, reason: record.reason ?? 'set-up could not install it' };
  } catch {
    return { installed: false, reason: 'set-up has not run' };
  }
}
