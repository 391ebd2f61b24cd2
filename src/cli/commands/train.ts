/**
 * `tardigrad train`: a whole cluster of real processes on this machine trains a job, shows it, and leaves a run folder.
 */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import { deadlines } from '../../config/deadlines.ts';
import { describeJob } from '../../config/describe-job.ts';
import { jobToYaml, type Job } from '../../config/job.ts';
import type { JobStatus } from '../../coordinator/status.ts';
import { describeDataset } from '../../datasets/registry.ts';
import { TardigradError, assert, errorMessage } from '../../errors.ts';
import { createModel } from '../../models/registry.ts';
import { CoordinatorClient } from '../../transport/coordinator-client.ts';
import { describePlacement, placement, usableGpus } from '../gpu-placement.ts';
import { surveyGpus } from '../doctor/nvidia-smi.ts';
import { createDisplay, displayMode, type Display } from '../display/display.ts';
import { summarize, type RunSummary } from '../display/summary.ts';
import { WorkersSeen } from '../display/workers-seen.ts';
import { exportModel, type ExportedModel } from '../export-model.ts';
import { Interruption } from '../interruption.ts';
import { LocalCluster } from '../local-cluster.ts';
import { chooseJob, type JobFlags } from '../job-source.ts';
import { createRunFolder, type RunFolder } from '../run-folder.ts';
import { realNumber, wholeNumber } from './options.ts';

interface TrainFlags extends JobFlags {
  readonly json?: boolean;
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** From Ctrl-C to the last checkpoint; what has not come by then is cut short. */
const DRAIN_MS = 3_000;
/** For processes that have done their work to leave by themselves. */
const LEAVE_MS = 2_000;
const LEAVE_INTERRUPTED_MS = 500;
/** The job must be over so soon after its last worker has left: workers leave because it is. */
const ALONE_MS = 5_000;
const WATCH_RETRY_MS = 100;
/** Longer than any restart of the coordinator that succeeds. */
const COORDINATOR_AWAY_MS = 60_000;
const EXIT_INTERRUPTED = 130;

export function trainCommand(): Command {
  return new Command('train')
    .description('Trains a job on a local cluster of real processes: a coordinator, parameter servers, workers, an evaluator.')
    .argument('[job]', 'job file (YAML); by default a convolutional network on MNIST (examples/mnist-cnn.yaml)')
    .optionsGroup('The run:')
    .option('--data-dir <folder>', 'where data sets are looked for first (else TARDIGRAD_DATA, the cache, a download)')
    .option('--runs <folder>', 'where run folders are made', 'runs')
    .option('--name <name>', 'names the run folder')
    .option('--resume [run]', 'go on from the last checkpoint of a run folder; without a name, of the newest run')
    .option('--json', 'one JSON object a line on stdout; messages for people on stderr')
    .optionsGroup('The cluster (instead of what the job file says):')
    .addOption(
      new Option('--workers <n>', 'worker processes; where neither this nor the job says: one for each GPU, else one').argParser(
        wholeNumber,
      ),
    )
    .addOption(new Option('--shards <n>', 'parameter servers').argParser(wholeNumber))
    .option('--policy <name>', 'who waits for whom: asp, ssp, bsp or bounded-delay')
    .addOption(
      new Option(
        '--bound <n>',
        'ssp: iterations that a worker may be ahead of the slowest; bounded-delay: updates that a gradient may be late',
      ).argParser(wholeNumber),
    )
    .option('--aggregate <how>', 'bsp: mean or sum of a round')
    .option('--backend <name>', 'what computes: auto, tensorflow, wasm or cpu')
    .addOption(new Option('--threads <n>', 'compute threads of one worker').argParser(wholeNumber))
    .optionsGroup('The training (instead of what the job file says):')
    .option('--dataset <name>', 'mnist, digits or a9a')
    .option('--model <name>', 'cnn, mlp or logistic-regression')
    .addOption(new Option('--batch-size <n>', 'samples in one gradient').argParser(wholeNumber))
    .addOption(new Option('--learning-rate <r>', "before the schedule's factor").argParser(realNumber))
    .addOption(new Option('--seed <n>', 'of initial weights and sample order').argParser(wholeNumber))
    .optionsGroup('The end, whichever comes first:')
    .addOption(new Option('--epochs <n>', 'passes over the training samples').argParser(wholeNumber))
    .addOption(new Option('--max-updates <n>', 'updates of the weights').argParser(wholeNumber))
    .addOption(new Option('--max-seconds <s>', 'seconds of training').argParser(wholeNumber))
    .addOption(new Option('--target-accuracy <a>', 'test accuracy that is enough, e.g. 0.985').argParser(realNumber))
    .addHelpText(
      'after',
      `
A job file says all of it, with a comment on every key: see examples/. A flag stands in for its key and is checked alike.
A worker that grows beyond its memory limit leaves in good order and is started again: TARDIGRAD_WORKER_MEMORY_BYTES, by
default the worker's share of three quarters of the machine's memory, and 2 GiB at least.
Ctrl-C finishes the running steps, writes a checkpoint and leaves no process behind; a second one ends at once.
Exit codes: 0 it has trained to its end, 130 it was interrupted, 1 anything else, with what to do next.`,
    )
    .action(async (file: string | undefined, flags: TrainFlags) => {
      process.exitCode = await new Training(file, flags).run();
    });
}

class Training {
  private readonly file: string | undefined;
  private readonly flags: TrainFlags;
  private readonly display: Display;
  private readonly startedAt = new Date();
  private readonly startedMs = performance.now();
  private cluster: LocalCluster | undefined;
  private folder: RunFolder | undefined;
  private client: CoordinatorClient | undefined;
  private readonly seen = new WorkersSeen();
  private last: JobStatus | undefined;
  private firstStatusMs: number | undefined;
  private firstUpdateMs: number | undefined;
  private readonly interruption = new Interruption({ onFirst: (how) => this.onInterrupted(how), endAtOnce: () => this.endAtOnce() });
  private fatal: unknown;
  private job: Job | undefined;
  private datasetLine = '';

  constructor(file: string | undefined, flags: TrainFlags) {
    this.file = file;
    this.flags = flags;
    const mode = displayMode({ json: flags.json === true, isTTY: process.stdout.isTTY === true, env: process.env });
    this.display = createDisplay({ mode, stdout: process.stdout, stderr: process.stderr, now: () => performance.now() });
  }

  async run(): Promise<number> {
    try {
      await this.launch();
      await this.follow();
      return await this.conclude();
    } catch (error) {
      return await this.giveUp(error);
    } finally {
      await this.cluster?.supervisor.stop(this.interruption.how === undefined ? LEAVE_MS : LEAVE_INTERRUPTED_MS);
      this.client?.close();
      this.folder?.close();
      this.display.close();
    }
  }

  // ---- before

  private async launch(): Promise<void> {
    const gpus = await this.findGpus();
    const workersByDefault = gpus.names.length === 0 ? undefined : placement(gpus.names).length;
    const { job, existing, notes, datasetLine } = await chooseJob(this.file, { ...this.flags, workersByDefault }, (line) =>
      this.display.note(line),
    );
    this.job = job;
    this.datasetLine = datasetLine;
    const dataset = describeDataset(job.dataset.name);
    const model = createModel(job.model, dataset);
    const lines = describeJob(job, { trainSamples: dataset.trainSamples, elements: model.layout.elements });
    const usesGpus = gpus.names.length > 0 && job.backend !== 'wasm' && job.backend !== 'cpu';
    if (usesGpus) lines.push(describePlacement(gpus.names.length, job.workers.count, gpus.models));
    this.display.starting([...notes, ...lines], job);
    this.folder = await createRunFolder({
      root: this.flags.runs,
      name: job.name,
      startedAt: this.startedAt,
      jobYaml: jobToYaml(job),
      existing,
      now: () => performance.now(),
    });
    this.interruption.listen();
    this.cluster = new LocalCluster({
      job,
      folder: this.folder,
      dataDirectory: this.flags.dataDir,
      gpus: usesGpus ? gpus.names : [],
      onHopeless: (error) => {
        this.fatal ??= error;
      },
      onDeath: (name, how) => this.display.note(`${name} ${how}; starting it again`),
      onWorkersLeft: () => void this.untilOver(job),
    });
    const address = await this.untilFatal(this.cluster.start());
    const { connectMs, controlCallMs } = deadlines(job.detectFailureMs);
    this.client = new CoordinatorClient({ address, connectMs, callMs: controlCallMs });
    const submission = { jobSpec: JSON.stringify(job), runFolder: this.folder.path, resume: existing !== undefined };
    await this.submit(this.client, submission);
  }

  /** Those that workers may compute on, and what they are. One that cannot be asked for is none, with a word about it. */
  private async findGpus(): Promise<{ names: readonly string[]; models: readonly string[] }> {
    const survey = await surveyGpus({ holders: false });
    if (survey !== undefined && 'problem' in survey) {
      this.display.note(`nvidia-smi is here and fails (${survey.problem}): workers are not spread over GPUs. See tardigrad doctor.`);
    }
    const machine = survey !== undefined && 'gpus' in survey ? survey.gpus : [];
    return { names: usableGpus(machine.length, process.env['CUDA_VISIBLE_DEVICES']), models: machine.map(({ name }) => name) };
  }

  /** Until it is taken: the coordinator may die before it answers. One that took it and could not say so refuses the next. */
  private async submit(client: CoordinatorClient, submission: { jobSpec: string; runFolder: string; resume: boolean }): Promise<void> {
    const startMs = performance.now();
    for (let tries = 1; ; tries += 1) {
      try {
        await this.untilFatal(client.submit(submission));
        return;
      } catch (error) {
        if (!(error instanceof TardigradError) || error === this.fatal) throw error;
        if (error.code === 'ALREADY_EXISTS' && tries > 1) return;
        if (!error.retryable || performance.now() - startMs > COORDINATOR_AWAY_MS) throw error;
      }
      await this.untilFatal(delay(WATCH_RETRY_MS));
    }
  }

  /**
   * Nobody is left to train: either the job is over, and we hear so in a moment, or it never will be. Its last evaluation
   * and checkpoint need no worker, and take the time that they take.
   */
  private async untilOver(job: Job): Promise<void> {
    do await delay(ALONE_MS, undefined, { ref: false });
    while (this.last?.state === 'finishing');
    if (this.over() || this.interruption.how !== undefined) return;
    this.fatal ??= new TardigradError('FAILED_PRECONDITION', `Job ${job.name} is not over, and all its workers have left.`, {
      next: 'Go on from the last checkpoint with --resume.',
    });
  }

  // ---- while it trains

  private async follow(): Promise<void> {
    const { client, job } = this;
    if (!client || !job) return;
    let awaySinceMs: number | undefined;
    while (!this.over()) {
      const before = this.last;
      let why: unknown = new TardigradError('NOT_FOUND', `The coordinator does not know job ${job.name} any more.`, {
        next: 'Go on from the last checkpoint with --resume.',
      });
      try {
        await this.untilFatal(this.watch(client, job));
      } catch (error) {
        if (error === this.fatal) throw error;
        why = error;
      }
      if (this.last !== before) awaySinceMs = undefined;
      awaySinceMs ??= performance.now();
      if (performance.now() - awaySinceMs > COORDINATOR_AWAY_MS) throw why;
      if (!this.over()) await this.untilFatal(delay(WATCH_RETRY_MS));
    }
  }

  private async watch(client: CoordinatorClient, job: Job): Promise<void> {
    for await (const text of client.watch(job.name, { silenceMs: job.detectFailureMs })) {
      const status = JSON.parse(text) as JobStatus;
      const nowMs = performance.now();
      this.firstStatusMs ??= nowMs;
      if (status.updates > 0) {
        this.firstUpdateMs ??= nowMs;
        this.cluster?.startEvaluator();
      }
      this.last = status;
      this.seen.add(status);
      this.folder?.metrics(status);
      this.display.status(status);
    }
  }

  private over(): boolean {
    const state = this.last?.state;
    return state === 'succeeded' || state === 'stopped' || state === 'failed';
  }

  /** Any wait ends when a process cannot be kept alive, or when the drain has taken too long. */
  private async untilFatal<T>(wait: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const fatal = new Promise<never>((_, reject) => {
      timer = setInterval(() => {
        if (this.fatal !== undefined) reject(this.fatal);
      }, 20);
    });
    try {
      return await Promise.race([wait, fatal]);
    } finally {
      clearInterval(timer);
    }
  }

  private onInterrupted(how: string): void {
    this.display.note(
      `${how === 'SIGINT' ? 'Ctrl-C' : how}: finishing the running steps and writing a checkpoint; once more ends at once.`,
    );
    void this.drain(how);
  }

  private endAtOnce(): never {
    this.cluster?.supervisor.standDown();
    this.cluster?.supervisor.signal('SIGKILL');
    this.display.close();
    process.exit(EXIT_INTERRUPTED);
  }

  private async drain(how: string): Promise<void> {
    const cut = (why: string): void => {
      this.fatal ??= new TardigradError('CANCELLED', `Stopped with ${how}; ${why}.`, {
        next: 'Go on from the last checkpoint with --resume.',
      });
    };
    setTimeout(() => cut(`draining took longer than ${DRAIN_MS / 1000} s and was cut short`), DRAIN_MS).unref();
    if (!this.last) return cut('training had not begun');
    try {
      await this.client?.stop({ job: this.job?.name ?? '', reason: `interrupted (${how})` });
      this.cluster?.supervisor.signal('SIGTERM', (name) => name.startsWith('worker-'));
    } catch (error) {
      cut(`the coordinator could not be told: ${errorMessage(error)}`);
    }
  }

  // ---- after

  private async conclude(): Promise<number> {
    const { last, folder, job, cluster } = this;
    assert(last !== undefined && folder !== undefined && job !== undefined, 'a job that is over was followed');
    cluster?.supervisor.standDown();
    if (last.state === 'failed') {
      this.display.failed(new TardigradError('INTERNAL', `The job failed: ${last.reason}.`, { next: `See ${folder.path}/logs.` }));
    }
    let model: ExportedModel | undefined;
    try {
      model = await exportModel(job, folder.checkpointsFolder, folder.modelFile);
    } catch (error) {
      this.display.note(errorMessage(error));
    }
    const exitReason = this.interruption.how === undefined ? 'finished' : `stopped with ${this.interruption.how}`;
    const summary = this.summary(last, folder, job, exitReason, model);
    if (this.interruption.how === undefined)
      await cluster?.supervisor.ended(LEAVE_MS, (name) => name.startsWith('worker-') || name === 'evaluator');
    await folder.writeSummary(summary);
    this.display.finished(summary);
    if (this.interruption.how !== undefined) return EXIT_INTERRUPTED;
    return last.state === 'succeeded' ? 0 : 1;
  }

  /** The job is not over, and it ends here: with what is known of it, if anything is. */
  private async giveUp(error: unknown): Promise<number> {
    const { last, folder, job } = this;
    this.cluster?.supervisor.standDown();
    this.display.failed(error);
    try {
      if (last && folder && job) await folder.writeSummary(this.summary(last, folder, job, errorMessage(error), undefined));
    } catch (problem) {
      this.display.note(errorMessage(problem));
    }
    return this.interruption.how === undefined ? 1 : EXIT_INTERRUPTED;
  }

  private summary(last: JobStatus, folder: RunFolder, job: Job, exitReason: string, model: ExportedModel | undefined): RunSummary {
    return summarize(last, {
      job,
      startedAt: this.startedAt,
      endedAt: new Date(),
      launchSeconds: ((this.firstStatusMs ?? performance.now()) - this.startedMs) / 1000,
      firstUpdateSeconds: this.firstUpdateMs === undefined ? undefined : (this.firstUpdateMs - this.startedMs) / 1000,
      exitReason,
      versions: { node: process.version, tardigrad: packageVersion() },
      dataset: this.datasetLine,
      folder: folder.path,
      model,
      lives: this.seen.all(),
    });
  }
}

function packageVersion(): string {
  return (JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { version: string }).version;
}
