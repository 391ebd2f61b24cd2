/** Facts about the machine in, findings out. Pure: gather.ts asks the machine. */
import type { BackendName } from '../../compute/backends.ts';
import type { ResolvedDataset } from '../../datasets/registry.ts';
import type { Finding } from './finding.ts';
import { gpuFindings, type GpuSurvey } from './gpu.ts';
import { OPTIMIZER_VECTORS, parametersOfLocalCluster, parametersOnServers, parametersText } from './model-size.ts';
import { howToGet, platformFinding, supportOf, type Platform } from './platform.ts';

/** What set-up wrote down about native TensorFlow. */
export interface NativeRecord {
  readonly installed: boolean;
  readonly build?: 'cpu' | 'cuda' | undefined;
  readonly version?: string | undefined;
  /** Why not, or why not the better build. */
  readonly reason?: string | undefined;
}

/** What came of loading a backend in a process of its own. */
export interface BackendProbe {
  readonly name: BackendName;
  readonly loads: boolean;
  readonly device: 'cpu' | 'gpu';
  readonly why: string;
}

export interface DiskFacts {
  readonly name: 'cache' | 'runs';
  /** The folder, or the nearest one above it that exists. */
  readonly folder: string;
  readonly freeBytes: number;
  readonly writable: boolean;
}

export interface MachineFacts {
  readonly nodeVersion: string;
  readonly platform: Platform;
  readonly cores: number;
  readonly processor: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly native: NativeRecord | undefined;
  readonly backends: readonly BackendProbe[];
  readonly gpus: GpuSurvey;
  /** First line of `redis-server --version`. */
  readonly redis: string | undefined;
  readonly datasets: readonly { readonly name: string; readonly found: ResolvedDataset }[];
  readonly disks: readonly DiskFacts[];
}

const NODE_MIN = [20, 19, 0] as const;
/** Workers that memory is counted for: those of `tardigrad train`. */
const WORKERS = 2;
/** A local cluster of the default job. */
const MEMORY_MIN_BYTES = 2e9;
/** For the CPU build of TensorFlow and for data sets; for the checkpoints of a few runs. */
const DISK_MIN_BYTES = { cache: 2e9, runs: 500e6 } as const;

export function judge(facts: MachineFacts): Finding[] {
  const { platform, native, gpus } = facts;
  const used = facts.backends.some(({ loads, device }) => loads && device === 'gpu');
  return [
    nodeFinding(facts),
    platformFinding(platform),
    {
      topic: 'cores',
      status: 'ok',
      text: `${facts.cores} (${facts.processor})`,
      facts: { cores: facts.cores, processor: facts.processor },
    },
    memoryFinding(facts),
    tensorFlowFinding(facts),
    ...gpuFindings({ survey: gpus, build: native?.build, used, platform }),
    webAssemblyFinding(facts),
    computingFinding(facts),
    redisFinding(facts),
    ...facts.datasets.map(datasetFinding),
    ...facts.disks.map(diskFinding),
  ];
}

function nodeFinding({ nodeVersion, platform }: MachineFacts): Finding {
  const facts = { version: nodeVersion };
  const parts = nodeVersion.replace(/^v/, '').split('.').map(Number);
  const differing = NODE_MIN.findIndex((least, index) => parts[index] !== least);
  const isOld = differing >= 0 && (parts[differing] ?? 0) < NODE_MIN[differing]!;
  if (!isOld) return { topic: 'Node', status: 'ok', text: nodeVersion, needed: true, facts };
  const text = `${nodeVersion} is older than ${NODE_MIN.join('.')}`;
  return { topic: 'Node', status: 'missing', text, how: howToGet('node', platform), needed: true, facts };
}

function memoryFinding({ freeBytes, totalBytes }: MachineFacts): Finding {
  const use = { workers: WORKERS, optimizerVectors: OPTIMIZER_VECTORS };
  const here = parametersOfLocalCluster(freeBytes, use);
  const servers = parametersOnServers(freeBytes, use);
  const facts = { freeBytes, totalBytes, parametersHere: here, parametersOnServers: servers };
  const free = `${gigabytes(freeBytes)} free of ${gigabytes(totalBytes)}`;
  if (freeBytes < MEMORY_MIN_BYTES) {
    const how = `close what holds it, or train with --workers 1; a local cluster takes about ${gigabytes(MEMORY_MIN_BYTES)}`;
    return { topic: 'memory', status: 'limited', text: `${free}: little for a local cluster`, how, facts };
  }
  const text =
    `${free}: a cluster with ${WORKERS} workers on this machine trains models of up to ${parametersText(here)} parameters; ` +
    `parameter servers alone would hold ${parametersText(servers)}`;
  const note =
    'servers: 4 bytes x parameters x (1 weights + 2 Adam + 1 scratch + 1 being pulled + 1 staged push per worker); ' +
    'each worker and the evaluator: 0.55 GB + 4 bytes x parameters x 4, and activations';
  return { topic: 'memory', status: 'ok', text, note, facts };
}

function tensorFlowFinding({ native, backends, platform }: MachineFacts): Finding {
  const probe = backends.find(({ name }) => name === 'tensorflow');
  const loads = probe?.loads === true;
  const facts = {
    loads,
    version: native?.version ?? '',
    build: native?.build ?? '',
    reason: native?.reason ?? '',
    why: probe?.why ?? '',
  };
  if (loads) {
    const build = native?.installed === true ? `${native.version ?? ''}, ${native.build === 'cuda' ? 'CUDA' : 'CPU'} build` : 'native';
    const better = native?.reason === undefined ? '' : `; not the better one: ${native.reason}`;
    return { topic: 'TensorFlow', status: 'ok', text: `${build}, and it loads${better}`, facts };
  }
  const why = native?.installed === false ? (native.reason ?? 'set-up could not install it') : (probe?.why ?? 'it was not tried');
  const text = `no native part: ${why}`;
  if (supportOf(platform) === 'no native TensorFlow') return { topic: 'TensorFlow', status: 'limited', text, facts };
  const how = native === undefined ? 'npm run setup' : howToGet('compiler and pip', platform);
  return { topic: 'TensorFlow', status: 'limited', text, how, facts };
}

function webAssemblyFinding({ backends }: MachineFacts): Finding {
  const probe = backends.find(({ name }) => name === 'wasm');
  const facts = { loads: probe?.loads === true, why: probe?.why ?? '' };
  if (probe?.loads === true)
    return { topic: 'WebAssembly', status: 'ok', text: `${probe.why.replace('WebAssembly ', '')}; trains dense models`, facts };
  return { topic: 'WebAssembly', status: 'limited', text: probe?.why ?? 'it was not tried', how: 'npm ci', facts };
}

/** The one that decides: whether anything computes, and what a worker would take. */
function computingFinding({ backends }: MachineFacts): Finding {
  const best = backends.find(({ loads }) => loads);
  if (best === undefined) {
    const text = `nothing computes: ${backends.map(({ name, why }) => `${name}: ${why}`).join('; ')}`;
    return { topic: 'backend', status: 'missing', text, how: 'npm ci', needed: true, facts: { backend: '' } };
  }
  const facts = { backend: best.name, device: best.device };
  const texts: Record<BackendName, string> = {
    tensorflow: `workers take tensorflow, on the ${best.device === 'gpu' ? 'GPU' : 'CPU'}`,
    wasm: 'workers take wasm: several times slower, dense models only',
    cpu: 'workers take cpu: plain JavaScript, very slow',
  };
  return { topic: 'backend', status: best.name === 'tensorflow' ? 'ok' : 'limited', text: texts[best.name], needed: true, facts };
}

function redisFinding({ redis, platform }: MachineFacts): Finding {
  const facts = { version: redis ?? '' };
  if (redis !== undefined) return { topic: 'Redis', status: 'ok', text: redis, facts };
  const text = "no redis-server on the path; the coordinator's own store needs none";
  return { topic: 'Redis', status: 'optional', text, how: howToGet('redis', platform), facts };
}

function datasetFinding({ name, found }: MachineFacts['datasets'][number]): Finding {
  const topic = `data: ${name}`;
  if ('files' in found) {
    const path = Object.values(found.files)[0];
    return {
      topic,
      status: 'ok',
      text: path === undefined ? 'generated, needs no file' : `${folderOf(path)}, checked`,
      facts: { path: path ?? '' },
    };
  }
  return {
    topic,
    status: 'optional',
    text: 'not found; a job that wants it tries to download it',
    how: `without a network, give a folder that holds ${name}/ by --data-dir or TARDIGRAD_DATA`,
    facts: { why: found.unavailable },
  };
}

function diskFinding({ name, folder, freeBytes, writable }: DiskFacts): Finding {
  const topic = `disk: ${name}`;
  const facts = { folder, freeBytes, writable };
  const move = name === 'cache' ? 'name another folder by TARDIGRAD_CACHE' : 'name another folder by --runs';
  // Nothing trains without a run folder; the cache is for what could not be had otherwise.
  const needed = name === 'runs';
  if (!writable) return { topic, status: 'missing', text: `${folder} cannot be written to`, how: move, needed, facts };
  const least = DISK_MIN_BYTES[name];
  const text = `${gigabytes(freeBytes)} free in ${folder}`;
  if (freeBytes >= least) return { topic, status: 'ok', text, needed, facts };
  return { topic, status: 'limited', text: `${text}, ${gigabytes(least)} are wanted`, how: `make room, or ${move}`, needed, facts };
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')));
}

function gigabytes(bytes: number): string {
  const value = bytes / 1e9;
  return `${value >= 99.95 ? value.toFixed(0) : value.toFixed(1)} GB`;
}
