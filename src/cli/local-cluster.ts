/** A whole cluster on this machine: which processes there are, with which arguments, and where they meet. */
import { availableParallelism, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { tensorFlowEnvironment } from '../compute/native-tensorflow.ts';
import type { Job } from '../config/job.ts';
import type { TardigradError } from '../errors.ts';
import { defaultWorkerMemoryBytes, memoryBytes } from '../worker/memory-limit.ts';
import { gpuEnvironment, placement } from './gpu-placement.ts';
import type { RunFolder } from './run-folder.ts';
import { Supervisor, type RoleProcess } from './supervisor.ts';

export interface LocalClusterOptions {
  readonly job: Job;
  readonly folder: RunFolder;
  readonly dataDirectory: string | undefined;
  /** Those to compute on, as CUDA_VISIBLE_DEVICES names them. */
  readonly gpus: readonly string[];
  readonly onHopeless: (error: TardigradError) => void;
  readonly onDeath: (name: string, how: string) => void;
  /** The last worker has ended by itself: because the job is over, or else nobody is left to train it. */
  readonly onWorkersLeft: () => void;
}

/** A role of this kind loads TensorFlow. */
interface ComputingRole {
  readonly command: 'worker' | 'evaluator';
  readonly name: string;
  readonly common: readonly string[];
  /** The one that it sees; undefined: whatever there is. */
  readonly gpu: string | undefined;
  readonly onLeft?: () => void;
}

/** Of the roles' option --worker-memory-bytes; set by a person, it holds for all of them. */
const WORKER_MEMORY = 'TARDIGRAD_WORKER_MEMORY_BYTES';
const ENTRY = fileURLToPath(new URL('./main.js', import.meta.url));

export class LocalCluster {
  readonly supervisor: Supervisor;
  private readonly options: LocalClusterOptions;
  private coordinatorAddress: string | undefined;
  private workersLeft = 0;

  constructor(options: LocalClusterOptions) {
    this.options = options;
    this.supervisor = new Supervisor(ENTRY, options.onHopeless);
  }

  /** Starts everything but the evaluator; resolves with the coordinator's address as soon as it listens. */
  async start(): Promise<string> {
    const { folder, job } = this.options;
    const address = await new Promise<string>((resolve) => {
      this.role({
        name: 'coordinator',
        kind: 'server',
        // A restarted coordinator comes back where the others look for it.
        args: () => [
          'coordinator',
          '--listen',
          this.coordinatorAddress ?? '127.0.0.1:0',
          '--state-dir',
          folder.stateFolder,
          '--detect-failure-ms',
          String(job.detectFailureMs),
        ],
        onReady: (ready) => {
          this.coordinatorAddress = ready.address ?? '';
          resolve(this.coordinatorAddress);
        },
      });
    });
    const common = ['--coordinator', address, '--detect-failure-ms', String(job.detectFailureMs)];
    for (let index = 0; index < job.shards; index += 1)
      this.role({ name: `ps-${index}`, kind: 'server', args: () => ['ps', '--name', `ps-${index}`, ...common] });
    const onLeft = (): void => {
      this.workersLeft += 1;
      if (this.workersLeft === job.workers.count) this.options.onWorkersLeft();
    };
    // The evaluator takes its turn behind the workers.
    const gpus = placement(this.options.gpus, job.workers.count + 1);
    for (let index = 0; index < job.workers.count; index += 1)
      this.computing({ command: 'worker', name: `worker-${index}`, common, gpu: gpus[index], onLeft });
    this.startEvaluator = () => {
      this.startEvaluator = () => undefined;
      this.computing({ command: 'evaluator', name: 'evaluator', common, gpu: gpus[job.workers.count] });
    };
    return address;
  }

  /** Once training goes: until then it would only take the cores from those that others wait for. Later calls do nothing. */
  startEvaluator: () => void = () => undefined;

  private computing({ command, name, common, gpu, onLeft }: ComputingRole): void {
    const { job, dataDirectory } = this.options;
    const threads = job.threads === 'auto' ? Math.max(1, Math.floor(availableParallelism() / job.workers.count)) : job.threads;
    const memory = defaultWorkerMemoryBytes({
      totalBytes: memoryBytes(totalmem(), process.constrainedMemory()),
      processes: job.workers.count + 1,
    });
    const data = dataDirectory === undefined ? [] : ['--data-dir', dataDirectory];
    this.role({
      name,
      kind: 'worker',
      ...(onLeft && { onLeft }),
      args: () => [command, '--name', name, '--backend', job.backend, '--threads', String(threads), ...data, ...common],
      env: {
        ...tensorFlowEnvironment(threads),
        ...gpuEnvironment(gpu, process.env),
        [WORKER_MEMORY]: process.env[WORKER_MEMORY] ?? String(memory),
      },
    });
  }

  private role(role: Omit<RoleProcess, 'logFile' | 'onExit'>): void {
    const { folder, onDeath } = this.options;
    this.supervisor.start({ ...role, logFile: folder.logFile(role.name), onExit: (how) => onDeath(role.name, how) });
  }
}
