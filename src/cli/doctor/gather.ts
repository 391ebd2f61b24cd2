/** Asks the machine: the facts that judge.ts judges. Nothing here changes anything, and each question has a deadline. */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, statSync, statfsSync } from 'node:fs';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { backendNames, loadBackend, tensorFlowEnvironment, type BackendName } from '../../compute/backends.ts';
import { datasetNames, resolveDataset } from '../../datasets/registry.ts';
import { cacheDirectory } from '../../datasets/source.ts';
import { errorMessage } from '../../errors.ts';
import { startProcess } from '../bench/bench-processes.ts';
import type { BackendProbe, DiskFacts, MachineFacts, NativeRecord } from './judge.ts';
import { surveyGpus } from './nvidia-smi.ts';
import { parseOsRelease, type Platform } from './platform.ts';

const run = promisify(execFile);
const PROGRAM_LIMIT_MS = 10_000;
const NATIVE_RECORD = fileURLToPath(new URL('../../../node_modules/.tardigrad/native.json', import.meta.url));

export interface GatherOptions {
  readonly dataDirectory: string | undefined;
  /** Where run folders would be made. */
  readonly runs: string;
}

export async function gather({ dataDirectory, runs }: GatherOptions): Promise<MachineFacts> {
  const source = { environment: process.env, download: false, ...(dataDirectory === undefined ? {} : { dataDirectory }) };
  const [backends, gpus, redis, datasets] = await Promise.all([
    Promise.all(backendNames.map(probeInProcess)),
    surveyGpus({ holders: true }),
    redisVersion(),
    Promise.all(datasetNames.map(async (name) => ({ name, found: await resolveDataset(name, source) }))),
  ]);
  return {
    nodeVersion: process.version,
    platform: platformHere(),
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    ...memoryHere(),
    native: nativeRecord(),
    backends,
    gpus,
    redis,
    datasets,
    disks: [disk('cache', dirname(cacheDirectory(process.env))), disk('runs', resolve(runs))],
  };
}

/** A container's limit counts where it is lower than what the machine has. */
function memoryHere(): { freeBytes: number; totalBytes: number } {
  const limit = process.constrainedMemory();
  const total = totalmem();
  const totalBytes = limit > 0 && limit < total ? limit : total;
  return { freeBytes: Math.min(freemem(), process.availableMemory(), totalBytes), totalBytes };
}

function platformHere(): Platform {
  const known = { system: process.platform, architecture: process.arch, distribution: '', family: [], glibc: undefined };
  if (process.platform !== 'linux') return known;
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  const text = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  return { ...known, ...parseOsRelease(text), glibc: header.glibcVersionRuntime };
}

function nativeRecord(): NativeRecord | undefined {
  try {
    return JSON.parse(readFileSync(NATIVE_RECORD, 'utf8')) as NativeRecord;
  } catch {
    return undefined; // set-up has not run here
  }
}

/** In a process of its own: a native library that does not suit the processor ends whoever loads it. */
async function probeInProcess(name: BackendName): Promise<BackendProbe> {
  try {
    const { firstLine } = startProcess(['backend-probe', name], tensorFlowEnvironment());
    return JSON.parse(await firstLine) as BackendProbe;
  } catch (error) {
    return { name, loads: false, device: 'cpu', why: `the process that loaded it ended: ${errorMessage(error)}` };
  }
}

/** What that process does. */
export async function probeBackend(name: BackendName): Promise<BackendProbe> {
  try {
    const backend = await loadBackend({ prefer: name });
    const [own = '', ...others] = backend.why.split('; ');
    if (backend.name === name)
      return { name, loads: true, device: backend.device, why: own.replace(/^\w+: /, '').replace(', as asked for', '') };
    const refusal = others.find((other) => other.startsWith(`not ${name}: `));
    return { name, loads: false, device: 'cpu', why: refusal?.slice(`not ${name}: `.length) ?? backend.why };
  } catch (error) {
    return { name, loads: false, device: 'cpu', why: errorMessage(error) };
  }
}

async function redisVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await run('redis-server', ['--version'], { timeout: PROGRAM_LIMIT_MS });
    return `redis-server ${/\bv=(\S+)/.exec(stdout)?.[1] ?? 'of an unknown version'}`;
  } catch {
    return undefined;
  }
}

/** Of the folder, or of the nearest one above it that is there: a run makes the rest. */
function disk(name: DiskFacts['name'], wanted: string): DiskFacts {
  let folder = wanted;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    return { name, folder: wanted, freeBytes: bavail * bsize, writable: statSync(folder).isDirectory() };
  } catch {
    return { name, folder, freeBytes: 0, writable: false };
  }
}
