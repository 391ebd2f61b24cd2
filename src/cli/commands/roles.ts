/**
 * The roles as commands: one process each. A launcher, a supervisor or a person starts them; they find one another.
 * What a role needs is loaded when it runs: six processes that start at once on two cores feel every module.
 */
import { totalmem } from 'node:os';
import { Command, Option } from 'commander';
import type { BackendName } from '../../compute/backends.ts';
import { tensorFlowEnvironment } from '../../compute/native-tensorflow.ts';
import { deadlines } from '../../config/deadlines.ts';
import type { WorkerEnd, WorkerOptions } from '../../worker/process.ts';
import { EXIT } from '../exit-codes.ts';
import { createLog, runRole, sayReady, sayWorking } from '../role-process.ts';
import { wholeNumber } from './options.ts';

const detectFailure = (): Option =>
  new Option('--detect-failure-ms <ms>', 'how soon a dead process is noticed; leases and deadlines follow')
    .argParser(wholeNumber)
    .default(5_000);

export function coordinatorCommand(): Command {
  return new Command('coordinator')
    .description('Runs jobs and membership. Holds the cluster state in a store, never weights.')
    .option('--listen <host:port>', 'address of its service; port 0 takes a free one', '127.0.0.1:7070')
    .addOption(new Option('--store <kind>', 'where cluster state lives').choices(['memory', 'embedded']).default('embedded'))
    .option('--state-dir <folder>', 'folder of the embedded store', 'state')
    .addOption(detectFailure())
    .action(async (options: { listen: string; store: 'memory' | 'embedded'; stateDir: string; detectFailureMs: number }) => {
      const log = createLog('coordinator', 'coordinator');
      await runRole(log, async () => {
        const { runCoordinator } = await import('../../coordinator/process.ts');
        const { openStore } = await import('../../coordinator/stores/registry.ts');
        const store = await openStore(options.store === 'memory' ? { kind: 'memory' } : { kind: 'embedded', folder: options.stateDir });
        const running = await runCoordinator({ listen: options.listen, store, detectFailureMs: options.detectFailureMs, log });
        log('leads', { epoch: running.epoch, address: running.address });
        sayReady({ address: running.address });
        const told = untilTold(() => running.close());
        // A supervisor starts it again, and it takes a higher epoch.
        return { ...told, done: Promise.race([told.done, running.deposed.then(() => EXIT.failed)]) };
      });
    });
}

export function parameterServerCommand(): Command {
  return new Command('ps')
    .description('A parameter server: holds shards of weights and applies pushed gradients.')
    .requiredOption('--name <name>', 'its name in the cluster, e.g. ps-0')
    .option('--coordinator <host:port>', 'address of the coordinator', '127.0.0.1:7070')
    .option('--listen <host:port>', 'address of its data plane; port 0 takes a free one', '127.0.0.1:0')
    .addOption(detectFailure())
    .action(async (options: { name: string; coordinator: string; listen: string; detectFailureMs: number }) => {
      const log = createLog('ps', options.name);
      await runRole(log, async () => {
        const { runParameterServer } = await import('../../ps/process.ts');
        const { connectMs, heartbeatCallMs } = deadlines(options.detectFailureMs);
        const running = await runParameterServer({ ...options, connectMs, heartbeatCallMs, log });
        sayReady({ address: running.address });
        return untilTold(() => running.close());
      });
    });
}

interface WorkerFlags {
  readonly name: string;
  readonly coordinator: string;
  readonly backend: BackendName | 'auto';
  readonly threads?: number;
  readonly dataDir?: string;
  readonly workerMemoryBytes?: number;
  readonly detectFailureMs: number;
}

function computing(command: Command): Command {
  return command
    .requiredOption('--name <name>', 'its name in the cluster, e.g. worker-0')
    .option('--coordinator <host:port>', 'address of the coordinator', '127.0.0.1:7070')
    .addOption(new Option('--backend <name>', 'what computes').choices(['auto', 'tensorflow', 'wasm', 'cpu']).default('auto'))
    .addOption(new Option('--threads <n>', 'cores for one operation; all by default').argParser(wholeNumber))
    .option('--data-dir <folder>', 'where data sets are looked for first')
    .addOption(workerMemory())
    .addOption(detectFailure());
}

const workerMemory = (): Option =>
  new Option(
    '--worker-memory-bytes <n>',
    `resident memory at which it leaves in good order with exit code ${EXIT.memoryLimit}, to be started again; 0: never; by default three quarters of the memory of the machine or container`,
  )
    .argParser(wholeNumber)
    .env('TARDIGRAD_WORKER_MEMORY_BYTES');

async function workerOptions(flags: WorkerFlags, role: string): Promise<WorkerOptions> {
  // Native TensorFlow reads these once, while it loads in the compute thread, from the environment of the process.
  for (const [name, value] of Object.entries(tensorFlowEnvironment(flags.threads))) process.env[name] ??= value;
  const { ComputeLink } = await import('../../worker/compute-link.ts');
  return {
    name: flags.name,
    coordinator: flags.coordinator,
    startCompute: (onReply) => new ComputeLink({ backend: flags.backend, threads: flags.threads, dataDirectory: flags.dataDir }, onReply),
    detectFailureMs: flags.detectFailureMs,
    log: createLog(role, flags.name),
  };
}

export function workerCommand(): Command {
  return computing(new Command('worker').description('Pulls weights, computes gradients, pushes them.')).action(
    async (flags: WorkerFlags) => {
      const options = await workerOptions(flags, 'worker');
      const { WorkerProcess } = await import('../../worker/process.ts');
      await runRole(options.log, async () => {
        const watch = await watchMemory(flags, options, () => worker.drain());
        const worker = new WorkerProcess({ ...options, onPrepared: watch.onPrepared });
        sayReady({});
        return { done: worker.finished.then(watch.exitCode), end: () => worker.drain(), close: () => worker.close() };
      });
    },
  );
}

export function evaluatorCommand(): Command {
  return computing(new Command('evaluator').description('Measures test loss and accuracy of a running job.')).action(
    async (flags: WorkerFlags) => {
      const options = await workerOptions(flags, 'evaluator');
      const { EvaluatorProcess } = await import('../../worker/evaluator.ts');
      await runRole(options.log, async () => {
        const watch = await watchMemory(flags, options, () => evaluator.stop());
        const evaluator = new EvaluatorProcess({ ...options, onPrepared: watch.onPrepared });
        sayReady({});
        return { done: evaluator.run().then(watch.exitCode), end: () => evaluator.stop(), close: () => evaluator.close() };
      });
    },
  );
}

/** @param leave told when the process has grown too large */
async function watchMemory(
  { workerMemoryBytes }: WorkerFlags,
  { log }: WorkerOptions,
  leave: () => void,
): Promise<{ onPrepared: () => void; exitCode: (end: WorkerEnd) => number }> {
  const { MemoryWatch, defaultWorkerMemoryBytes, memoryBytes } = await import('../../worker/memory-limit.ts');
  const totalBytes = memoryBytes(totalmem(), process.constrainedMemory());
  const watch = new MemoryWatch({
    workerMemoryBytes: workerMemoryBytes ?? defaultWorkerMemoryBytes({ totalBytes, processes: 1 }),
    residentBytes: () => process.memoryUsage.rss(),
    log,
    onOver: leave,
  });
  return {
    onPrepared: () => {
      sayWorking();
      watch.start();
    },
    exitCode: ({ how, why }) => {
      log('ended', { how, why });
      if (how === 'unfit' || how === 'failed') {
        process.stderr.write(`${why}\n`);
        return how === 'unfit' ? EXIT.unfit : EXIT.failed;
      }
      return how === 'left' && watch.over ? EXIT.memoryLimit : EXIT.done;
    },
  };
}

function untilTold(close: () => Promise<void>): { done: Promise<number>; end: () => void; close: () => Promise<void> } {
  let end = (): void => undefined;
  const done = new Promise<number>((resolve) => {
    end = () => resolve(0);
  });
  return { done, end, close };
}
