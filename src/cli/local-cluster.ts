/** A whole cluster on this machine: which processes there are, with which arguments, and where they meet. */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { tensorFlowEnvironment } from '../compute/native-tensorflow.ts';
import type { Job } from '../config/job.ts';
import type { TardigradError } from '../errors.ts';
import type { RunFolder } from './run-folder.ts';
import { Supervisor, type RoleProcess } from './supervisor.ts';

export interface LocalClusterOptions {
  readonly job: Job;
  readonly folder: RunFolder;
  readonly dataDirectory: string | undefined;
  readonly onHopeless: (error: TardigradError) => void;
  readonly onDeath: (name: string, how: string) => void;
  /** The last worker has ended by itself: because the job is over, or else nobody is left to train it. */
  readonly onWorkersLeft: () => void;
}

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
    for (let index = 0; index < job.workers.count; index += 1) this.computing('worker', `worker-${index}`, common, onLeft);
    this.startEvaluator = () => {
      this.startEvaluator = () => undefined;
      this.computing('evaluator', 'evaluator', common);
    };
    return address;
  }

  /** Once training goes: until then it would only take the cores from those that others wait for. Later calls do nothing. */
  startEvaluator: () => void = () => undefined;

  private computing(command: string, name: string, common: readonly string[], onLeft = (): void => undefined): void {
    const { job, dataDirectory } = this.options;
    const threads = job.threads === 'auto' ? Math.max(1, Math.floor(availableParallelism() / job.workers.count)) : job.threads;
    const data = dataDirectory === undefined ? [] : ['--data-dir', dataDirectory];
    this.role({
      name,
      kind: 'worker',
      onLeft,
      args: () => [command, '--name', name, '--backend', job.backend, '--threads', String(threads), ...data, ...common],
      env: tensorFlowEnvironment(threads),
    });
  }

  private role(role: Omit<RoleProcess, 'logFile' | 'onExit'>): void {
    const { folder, onDeath } = this.options;
    this.supervisor.start({ ...role, logFile: folder.logFile(role.name), onExit: (how) => onDeath(role.name, how) });
  }
}
