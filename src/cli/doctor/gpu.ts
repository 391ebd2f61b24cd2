/** The GPUs of this machine as nvidia-smi tells them: how much memory each has and who holds it. */
import type { Finding } from './finding.ts';
import { howToGet, type Platform } from './platform.ts';

export interface GpuHolder {
  readonly pid: number;
  readonly program: string;
  readonly usedMiB: number;
}

export interface Gpu {
  readonly name: string;
  readonly driver: string;
  readonly totalMiB: number;
  readonly usedMiB: number;
  readonly holders: readonly GpuHolder[];
}

/** What nvidia-smi said, or why it said nothing; undefined: there is none on the path. */
export type GpuSurvey = { readonly gpus: readonly Gpu[] } | { readonly problem: string } | undefined;

export const GPU_QUERY = ['--query-gpu=uuid,name,driver_version,memory.total,memory.used', '--format=csv,noheader,nounits'];
export const HOLDER_QUERY = ['--query-compute-apps=gpu_uuid,pid,used_memory,process_name', '--format=csv,noheader,nounits'];

const rowsOf = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.split(',').map((cell) => cell.trim()));

/** "[N/A]" and the like, as some boards say, count as 0. */
const whole = (text: string | undefined): number => (/^\d+$/.test(text ?? '') ? Number(text) : 0);

/** @param gpuText answer to GPU_QUERY @param holderText answer to HOLDER_QUERY */
export function parseGpus(gpuText: string, holderText: string): Gpu[] {
  const holders = rowsOf(holderText);
  return rowsOf(gpuText).map(([uuid = '', name = '', driver = '', total, used]) => ({
    name,
    driver,
    totalMiB: whole(total),
    usedMiB: whole(used),
    holders: holders
      .filter(([of]) => of === uuid)
      // A path may hold commas: all that is left is the program.
      .map(([, pid, held, ...program]) => ({ pid: whole(pid), usedMiB: whole(held), program: program.join(',').split('/').at(-1) ?? '' })),
  }));
}

export interface GpuFacts {
  readonly survey: GpuSurvey;
  /** Which build set-up installed. */
  readonly build: 'cpu' | 'cuda' | undefined;
  /** Whether TensorFlow, loaded here, computes on a GPU. */
  readonly used: boolean;
  readonly platform: Platform;
}

export function gpuFindings({ survey, build, used, platform }: GpuFacts): Finding[] {
  const facts = { usedByTensorFlow: used };
  if (survey === undefined || ('gpus' in survey && survey.gpus.length === 0)) {
    if (used) return [{ topic: 'GPU', status: 'ok', text: 'TensorFlow computes on it; there is no nvidia-smi to say more', facts }];
    const text =
      survey === undefined ? 'none seen (no nvidia-smi on the path); the CPU computes' : 'nvidia-smi lists none; the CPU computes';
    return [{ topic: 'GPU', status: 'optional', text, how: howToGet('NVIDIA driver', platform), facts }];
  }
  if ('problem' in survey) {
    const text = `nvidia-smi is here and fails: ${survey.problem}`;
    return [{ topic: 'GPU', status: 'limited', text, how: 'mend the driver until nvidia-smi answers', facts }];
  }
  return survey.gpus.map((gpu, index) => {
    const { name, driver, totalMiB, usedMiB } = gpu;
    const topic = survey.gpus.length === 1 ? 'GPU' : `GPU ${index}`;
    const text = `${name}, ${totalMiB - usedMiB} of ${totalMiB} MiB free, ${holdersText(gpu)}, driver ${driver}`;
    const more = { ...facts, name, driver, totalMiB, usedMiB, holders: gpu.holders.map(({ pid }) => pid).join(' ') };
    if (used) return { topic, status: 'ok', text, facts: more };
    const unused = { topic, status: 'limited' as const, text: `${text}; TensorFlow does not use it`, facts: more };
    if (build === 'cuda') return { ...unused, how: 'TF_CPP_MIN_LOG_LEVEL=0 tardigrad doctor says what its CUDA libraries lack' };
    return { ...unused, how: 'TARDIGRAD_TENSORFLOW=cuda npm run setup takes the CUDA build' };
  });
}

function holdersText({ holders, usedMiB }: Gpu): string {
  if (holders.length > 0)
    return `held by ${holders.map(({ program, pid, usedMiB: held }) => `${program} (pid ${pid}, ${held} MiB)`).join(', ')}`;
  return usedMiB > 1024 ? 'held by a process that is not shown to us' : 'held by nobody';
}
