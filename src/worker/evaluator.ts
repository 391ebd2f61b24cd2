/**
 * A worker that takes evaluation tasks only: it reads a snapshot of all shards at one cut, runs the test set, and reports
 * with the versions it really read. It pushes never and counts in no clock. A job's `require: gpu` does not bind it: it steers
 * nothing, and a GPU that it does not take is one more for the workers.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { deadlines } from '../config/deadlines.ts';
import type { Job } from '../config/job.ts';
import { TardigradError, errorMessage } from '../errors.ts';
import { gather } from '../tensor/shard-map.ts';
import { connect } from '../transport/channel.ts';
import { CoordinatorClient } from '../transport/coordinator-client.ts';
import type { Identity } from '../transport/messages.ts';
import type { TaskGrant } from '../transport/requests.ts';
import { readWeights } from '../transport/stand-alone.ts';
import type { Compute } from './compute-link.ts';
import type { ComputeReply } from './compute-messages.ts';
import { ask, type AskContext } from './coordinator-calls.ts';
import type { WorkerEnd, WorkerOptions } from './process.ts';

/** Between two questions for work. */
const POLL_MS = 100;
const RETRY_MS = 250;
/** Reading the weights of a large model from all shards. */
const READ_MS = 60_000;

export class EvaluatorProcess {
  private readonly options: WorkerOptions;
  private readonly client: CoordinatorClient;
  private readonly compute: Compute;
  private waiters: ((reply: ComputeReply) => void)[] = [];
  private backend: { name: string; why: string } = { name: '', why: '' };
  private identity: Identity | undefined;
  private spec: Job | undefined;
  private stopped = false;
  private heartbeat: NodeJS.Timeout | undefined;

  constructor(options: WorkerOptions) {
    this.options = options;
    const times = deadlines(options.detectFailureMs);
    this.client = new CoordinatorClient({ address: options.coordinator, connectMs: times.connectMs, callMs: times.controlCallMs });
    this.compute = options.startCompute((reply) => {
      if (reply.type === 'notice') return options.log('notice', { line: reply.line });
      const waiters = this.waiters;
      this.waiters = [];
      for (const waiter of waiters) waiter(reply);
    });
  }

  stop(): void {
    this.stopped = true;
  }

  /** Resolves when the job is over. */
  async run(): Promise<WorkerEnd> {
    const backend = await this.reply();
    if (backend.type === 'failed') return { how: 'failed', why: backend.message };
    if (backend.type === 'backend') this.backend = { name: `${backend.name} (${backend.device})`, why: backend.why };
    while (!this.stopped) {
      try {
        const over = await this.turn();
        if (over !== undefined) return over;
      } catch (error) {
        this.options.log('retry', { error: errorMessage(error) });
        await delay(RETRY_MS);
      }
    }
    return { how: 'left', why: 'it was told to stop' };
  }

  async close(): Promise<void> {
    clearInterval(this.heartbeat);
    this.client.close();
    await this.compute.close();
  }

  private async turn(): Promise<WorkerEnd | undefined> {
    if (!this.identity) return this.register();
    const { answer } = await ask(this.client, { type: 'lease' }, this.context());
    switch (answer.type) {
      case 'finished':
        return { how: 'over', why: 'the job is over' };
      case 'fenced':
        this.identity = undefined;
        return undefined;
      case 'task':
        await this.evaluate(answer.task);
        return undefined;
      default:
        await delay(POLL_MS);
        return undefined;
    }
  }

  private async register(): Promise<WorkerEnd | undefined> {
    const { answer, jobSpec } = await ask(this.client, { type: 'register' }, this.context());
    if (answer.type === 'finished') return { how: 'over', why: 'the job is over' };
    if (answer.type !== 'registered' || jobSpec === undefined) {
      await delay(POLL_MS);
      return undefined;
    }
    const spec = JSON.parse(jobSpec) as Job;
    this.beat(deadlines(spec.detectFailureMs).heartbeatMs, answer.identity);
    if (!this.spec || JSON.stringify(this.spec) !== jobSpec) {
      this.compute.prepare(spec, 'test', 1);
      const prepared = await this.reply();
      if (prepared.type === 'failed') return { how: 'failed', why: prepared.message };
      this.options.onPrepared?.();
    }
    this.spec = spec;
    this.identity = answer.identity;
    return undefined;
  }

  /** Its lease goes on during the longest evaluation. */
  private beat(everyMs: number, identity: Identity): void {
    clearInterval(this.heartbeat);
    this.heartbeat = setInterval(() => {
      ask(this.client, { type: 'report' }, { ...this.context(), identity }).catch(() => undefined);
    }, everyMs);
  }

  private async evaluate(task: TaskGrant): Promise<void> {
    const { identity } = this;
    if (!identity) return;
    const startMs = performance.now();
    const snapshot = await this.client.snapshot({ identity });
    if (snapshot.refused) throw new TardigradError('UNAVAILABLE', `No snapshot: ${snapshot.why}.`, { next: 'Trying again.' });
    const flat = this.compute.weights(0);
    const times = deadlines(this.options.detectFailureMs);
    await Promise.all(
      snapshot.shards.map(async ({ address, ranges }) => {
        const connection = connect(address, { connectMs: times.connectMs });
        try {
          const { values } = await readWeights(connection, { job: identity.job, snapshot: snapshot.snapshot }, { deadlineMs: READ_MS });
          gather(flat, ranges, values);
        } finally {
          connection.close();
        }
      }),
    );
    this.compute.post({ type: 'evaluate', slot: 0 });
    const result = await this.reply();
    if (result.type === 'failed') throw new Error(result.message);
    if (result.type !== 'evaluated') return;
    const { loss, accuracy, samples } = result;
    await this.client.reportEvaluation({
      identity,
      task: task.task,
      versions: snapshot.versions,
      loss,
      accuracy,
      samples,
      seconds: (performance.now() - startMs) / 1000,
    });
  }

  private reply(): Promise<ComputeReply> {
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  private context(): AskContext {
    return {
      worker: this.options.name,
      evaluator: true,
      backend: this.backend.name,
      why: this.backend.why,
      identity: this.identity,
      held: [],
      report: null,
      epochSeen: 0,
    };
  }
}
