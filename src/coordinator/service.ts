/**
 * The Coordinator service: requests of servers, workers and people, handed to the leader of the job that they are for.
 * It holds the list of servers; everything else of a job is its leader's.
 */
import { performance } from 'node:perf_hooks';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { deadlines } from '../config/deadlines.ts';
import type { Job } from '../config/job.ts';
import { TardigradError } from '../errors.ts';
import type { CheckpointReply } from '../transport/generated/tardigrad/v1/CheckpointReply.ts';
import type { CoordinatorHandlers } from '../transport/generated/tardigrad/v1/Coordinator.ts';
import type { EvaluationReport__Output } from '../transport/generated/tardigrad/v1/EvaluationReport.ts';
import type { FinishTaskRequest__Output } from '../transport/generated/tardigrad/v1/FinishTaskRequest.ts';
import type { HeartbeatReply } from '../transport/generated/tardigrad/v1/HeartbeatReply.ts';
import type { Identity__Output } from '../transport/generated/tardigrad/v1/Identity.ts';
import type { JobStatus as JobStatusMessage } from '../transport/generated/tardigrad/v1/JobStatus.ts';
import type { LeaseTaskReply } from '../transport/generated/tardigrad/v1/LeaseTaskReply.ts';
import type { RegisterReply } from '../transport/generated/tardigrad/v1/RegisterReply.ts';
import type { RegisterRequest__Output } from '../transport/generated/tardigrad/v1/RegisterRequest.ts';
import type { ServerHeartbeatRequest__Output } from '../transport/generated/tardigrad/v1/ServerHeartbeatRequest.ts';
import type { SnapshotReply } from '../transport/generated/tardigrad/v1/SnapshotReply.ts';
import type { SubmitRequest__Output } from '../transport/generated/tardigrad/v1/SubmitRequest.ts';
import type { WatchRequest__Output } from '../transport/generated/tardigrad/v1/WatchRequest.ts';
import type { WorkerReport__Output } from '../transport/generated/tardigrad/v1/WorkerReport.ts';
import { coordinator } from '../transport/proto.ts';
import type { HeldTask, SettledKind, WorkerAnswer, WorkerRequest } from '../transport/requests.ts';
import { unary, type ServiceEntry } from '../transport/server.ts';
import { LiveJob, leaderKey, placementKey, type JobPlacement, type ServerEntry } from './live-job.ts';
import type { StoredJob } from './ports.ts';
import type { Json, Store } from './stores/store.ts';

export interface CoordinatorOptions {
  readonly store: Store;
  readonly epoch: number;
  /** Until a lease of a server with no job yet is looked at: servers that no job needs may come and go. */
  readonly detectFailureMs: number;
  readonly log: (event: string, facts: Readonly<Record<string, unknown>>) => void;
}

/** How often watchers get a status. */
const WATCH_MS = 200;

const SETTLED_KINDS: Readonly<Record<string, SettledKind>> = {
  TRAINED: 'trained',
  WITHHELD: 'withheld',
  PARTLY_REFUSED: 'partlyRefused',
  TORN: 'torn',
  REFUSED: 'refused',
};

interface Submission {
  readonly spec: Job;
  readonly runFolder: string;
  readonly resume: boolean;
}

interface MemberCall {
  readonly identity: Identity__Output | null;
  readonly held: readonly HeldTask[];
  readonly report?: WorkerReport__Output | null;
}

export class CoordinatorRole {
  readonly service: ServiceEntry;
  private readonly options: CoordinatorOptions;
  private readonly servers = new Map<string, ServerEntry>();
  private readonly jobs = new Map<string, LiveJob>();
  /** Submitted, and waiting for enough servers; stored, because whoever submitted them has been told that they run. */
  private readonly waiting = new Map<string, Submission>();
  /** Of those, the ones whose start is being stored. */
  private readonly starting = new Set<string>();
  private readonly watchers = new Set<() => void>();

  constructor(options: CoordinatorOptions) {
    this.options = options;
    this.service = { definition: coordinator, implementation: this.handlers() };
  }

  /** Takes up what an earlier coordinator stored. */
  async recover(): Promise<void> {
    const { store } = this.options;
    const nowMs = performance.now();
    for (const [key, value] of await store.list('servers/')) {
      const { life, address } = value as { life: string; address: string };
      this.servers.set(key.slice('servers/'.length), { life, address, lastHeardMs: nowMs });
    }
    for (const [key, value] of await store.list('submissions/')) {
      this.waiting.set(key.slice('submissions/'.length), value as unknown as Submission);
    }
    for (const [key, value] of await store.list('jobs/')) {
      if (!key.endsWith('/placement')) continue;
      const placement = value as unknown as JobPlacement;
      if (this.waiting.has(placement.spec.name)) continue; // to be started again, in its own time
      const stored = (await store.get(leaderKey(placement.spec.name))) as unknown as StoredJob | undefined;
      this.start(placement, stored, false);
    }
    await this.startWaiting();
  }

  tick(nowMs: number): void {
    for (const job of this.jobs.values()) job.tick(nowMs);
    for (const wake of this.watchers) wake();
  }

  async close(): Promise<void> {
    for (const job of this.jobs.values()) job.close();
    await Promise.all([...this.jobs.values()].map((job) => job.flushed()));
  }

  private handlers(): CoordinatorHandlers {
    return {
      RegisterServer: unary((request) => this.registerServer(request)),
      ServerHeartbeat: unary((request) => this.serverHeartbeat(request)),
      Register: unary((request) => this.register(request)),
      Heartbeat: unary((request) => this.ask(request, { type: 'report' }).then((answer) => this.heartbeatReply(answer))),
      LeaseTask: unary((request) => this.ask(request, { type: 'lease' }).then((answer) => this.leaseReply(answer))),
      FinishTask: unary((request) => this.finishTask(request)),
      Leave: unary((request) => this.ask(request, { type: 'leave' }).then((answer) => this.heartbeatReply(answer))),
      Snapshot: unary((request) => this.snapshot(request.identity)),
      ReportEvaluation: unary((request) => this.evaluated(request)),
      Submit: unary((request) => this.submit(request)),
      Watch: (call) => this.watch(call),
      Checkpoint: unary((request) => this.checkpoint(request.job)),
      Stop: unary((request) => {
        this.job(request.job).leader.stop(request.reason, performance.now());
        return {};
      }),
    };
  }

  // ---- servers

  private async registerServer({
    server,
    life,
    address,
  }: {
    server: string;
    life: string;
    address: string;
  }): Promise<{ epoch: number; heartbeatMs: number }> {
    const nowMs = performance.now();
    const known = this.servers.get(server);
    this.servers.set(server, { life, address, lastHeardMs: nowMs });
    if (known?.life !== life || known.address !== address) {
      await this.options.store.commit({ epoch: this.options.epoch, put: { [`servers/${server}`]: { life, address } } });
      this.options.log('serverJoined', { server, address });
    }
    if (known && known.life !== life) {
      for (const job of this.jobs.values()) {
        for (const shard of job.shardsOn(server)) {
          if (!job.leader.over) job.event('serverLost', `${server} was restarted: shard ${shard} is gone`, { server, shard });
          job.leader.serverRestarted(shard, nowMs);
        }
      }
    }
    await this.startWaiting();
    const detectFailureMs = Math.min(this.options.detectFailureMs, ...[...this.jobs.values()].map((job) => job.spec.detectFailureMs));
    return { epoch: this.options.epoch, heartbeatMs: Math.min(200, deadlines(detectFailureMs).heartbeatMs) };
  }

  private serverHeartbeat(request: ServerHeartbeatRequest__Output): HeartbeatReply {
    const { epoch } = this.options;
    const entry = this.servers.get(request.server);
    if (!entry || entry.life !== request.life) return { epoch, refused: true, why: 'not registered here: register' };
    entry.lastHeardMs = performance.now();
    for (const report of request.shards) this.jobs.get(report.job)?.shardReported(request.server, report);
    return { epoch };
  }

  // ---- workers

  private async register(request: RegisterRequest__Output): Promise<RegisterReply> {
    const { epoch } = this.options;
    const live = [...this.jobs.values()];
    const job = live.find(({ leader }) => !leader.over);
    if (!job) {
      const finished = live.length > 0 && this.waiting.size === 0;
      return { epoch, finished, waiting: !finished, why: finished ? 'the job is over' : 'no job is running yet' };
    }
    const { worker, evaluator, backend, why } = request;
    const answer = await new Promise<WorkerAnswer>((resolve) => {
      job.leader.request({ worker, evaluator, identity: undefined, held: [], request: { type: 'register' } }, resolve, performance.now());
    });
    if (answer.type === 'finished') return { epoch, finished: true };
    if (answer.type !== 'registered') return { epoch, waiting: true, why: 'why' in answer ? answer.why : '' };
    job.measures.joined(worker, { incarnation: answer.identity.incarnation, evaluator, backend, why });
    return {
      epoch,
      identity: answer.identity,
      jobSpec: JSON.stringify(job.spec),
      mapVersion: answer.mapVersion,
      shards: job.shardAddresses(),
    };
  }

  /** A member's request to its job's leader. */
  private ask(call: MemberCall, request: WorkerRequest): Promise<WorkerAnswer> {
    const { identity } = call;
    const job = this.jobs.get(identity?.job ?? '');
    if (!job || !identity) return Promise.resolve({ type: 'fenced', why: `job ${identity?.job ?? ''} is not known here` });
    job.workerReported(identity.worker, identity.incarnation, call.report ?? null);
    return new Promise((resolve) => {
      job.leader.request({ worker: identity.worker, evaluator: false, identity, held: call.held, request }, resolve, performance.now());
    });
  }

  private async finishTask(request: FinishTaskRequest__Output): Promise<HeartbeatReply> {
    const settled = request.settled.map(({ firstBatch, count, kind }) => ({ firstBatch, count, kind: SETTLED_KINDS[kind] ?? 'torn' }));
    const { task, refusedAttempts } = request;
    return this.heartbeatReply(await this.ask(request, { type: 'finish', task, settled, refusedAttempts }));
  }

  private heartbeatReply(answer: WorkerAnswer): HeartbeatReply {
    const { epoch } = this.options;
    switch (answer.type) {
      case 'ok':
        return { epoch, drain: answer.drain };
      case 'fenced':
        return { epoch, refused: true, why: answer.why };
      case 'finished':
        return { epoch, finished: true };
      case 'wait':
        throw new TardigradError('UNAVAILABLE', `Not now: ${answer.why}.`, { next: 'Try again.' });
      default:
        return { epoch };
    }
  }

  private leaseReply(answer: WorkerAnswer): LeaseTaskReply {
    const { epoch } = this.options;
    switch (answer.type) {
      case 'task': {
        const { kind, ...task } = answer.task;
        return { epoch, task: { ...task, kind: kind === 'train' ? 'TRAIN' : kind === 'initialize' ? 'INITIALIZE' : 'EVALUATE' } };
      }
      case 'none':
        return { epoch, none: true };
      case 'finished':
        return { epoch, finished: true };
      case 'fenced':
        return { epoch, refused: true, why: answer.why };
      case 'ok':
        return { epoch, drain: answer.drain };
      case 'wait':
        throw new TardigradError('UNAVAILABLE', `Not now: ${answer.why}.`, { next: 'Try again.' });
      case 'registered':
        return { epoch };
    }
  }

  private snapshot(identity: Identity__Output | null): Promise<SnapshotReply> {
    const job = this.jobs.get(identity?.job ?? '');
    if (!job || !identity) return Promise.resolve({ refused: true, why: `job ${identity?.job ?? ''} is not known here` });
    return new Promise((resolve) => {
      job.leader.snapshot(identity, (answer) => {
        if (!answer.ok) resolve({ refused: true, why: answer.why });
        else resolve({ snapshot: answer.id, versions: [...answer.versions], mapVersion: 1, shards: job.shardAddresses() });
      });
    });
  }

  private evaluated(report: EvaluationReport__Output): HeartbeatReply {
    const { identity, task, versions, loss, accuracy, samples } = report;
    if (identity) this.jobs.get(identity.job)?.leader.evaluated(identity, task, { versions, loss, accuracy, samples });
    return { epoch: this.options.epoch };
  }

  // ---- people

  private async submit(request: SubmitRequest__Output): Promise<{ job: string }> {
    const spec = JSON.parse(request.jobSpec) as Job;
    const running = this.jobs.get(spec.name);
    const { runFolder, resume } = request;
    const submission: Submission = { spec, runFolder, resume };
    if (running && !running.leader.over) {
      // Its launcher died and left it running in the store: whoever resumes it wants its last checkpoint, not its ghost.
      if (!resume || running.placement.runFolder !== runFolder) {
        throw new TardigradError('ALREADY_EXISTS', `Job ${spec.name} is ${running.leader.state} here.`, {
          next: 'Watch it, or stop it first.',
        });
      }
      running.abandon();
    }
    this.jobs.delete(spec.name);
    const { store, epoch } = this.options;
    this.waiting.set(spec.name, submission);
    await this.alone(spec.name, async () => {
      await running?.flushed();
      await store.commit({ epoch, put: { [submissionKey(spec.name)]: submission as unknown as Json } });
    });
    await this.startWaiting();
    return { job: spec.name };
  }

  /** Nobody else stores this submission or its start meanwhile. Until it has started, its workers are told to wait. */
  private async alone(name: string, body: () => Promise<void>): Promise<void> {
    this.starting.add(name);
    try {
      await body();
    } finally {
      this.starting.delete(name);
    }
  }

  private async startWaiting(): Promise<void> {
    for (const [name, submission] of this.waiting) {
      const servers = [...this.servers.keys()].toSorted();
      if (servers.length < submission.spec.shards || this.starting.has(name)) continue;
      await this.alone(name, () => this.startOn(servers, submission));
      this.waiting.delete(name);
    }
  }

  private async startOn(servers: readonly string[], { spec, runFolder, resume }: Submission): Promise<void> {
    const { store, epoch } = this.options;
    const { name } = spec;
    const placement: JobPlacement = { spec, runFolder, servers: servers.slice(0, spec.shards) };
    const earlier = resume ? ((await store.get(leaderKey(name))) as unknown as StoredJob | undefined) : undefined;
    // A resumed job is a new run of the old one: its record gives numbers that must not be used twice, not its state.
    const { draining: _draining, ...numbers } = earlier ?? {};
    const carried = earlier && ({ ...numbers, state: 'loading', reason: '', members: {} } as unknown as StoredJob);
    const put: Record<string, Json> = { [placementKey(name)]: placement as unknown as Json };
    if (carried) put[leaderKey(name)] = carried as unknown as Json;
    await store.commit({ epoch, put, delete: [submissionKey(name), ...(carried ? [] : [leaderKey(name)])] });
    this.start(placement, carried, resume);
  }

  private start(placement: JobPlacement, stored: StoredJob | undefined, resume: boolean): void {
    const { store, epoch, log } = this.options;
    const job = new LiveJob({ placement, epoch, store, servers: this.servers, log }, stored);
    this.jobs.set(job.name, job);
    job.leader.begin(performance.now(), resume);
  }

  private async checkpoint(name: string): Promise<CheckpointReply> {
    const { leader } = this.job(name);
    return new Promise((resolve) => {
      leader.checkpointNow(({ written, why, id }) => resolve({ written, why, checkpoint: Math.max(0, id) }));
    });
  }

  private watch(call: ServerWritableStream<WatchRequest__Output, JobStatusMessage>): void {
    const { job: name } = call.request;
    let sentMs = -Infinity;
    let ended = false;
    const wake = (): void => {
      const nowMs = performance.now();
      const job = this.jobs.get(name);
      if (ended || (nowMs - sentMs < WATCH_MS && !job?.leader.over)) return;
      if (!job) {
        if (this.waiting.has(name)) return;
        ended = true;
        call.end();
        return;
      }
      sentMs = nowMs;
      call.write({ json: JSON.stringify(job.status()) });
      if (job.leader.over) {
        ended = true;
        this.watchers.delete(wake);
        void job.flushed().then(() => call.end());
      }
    };
    this.watchers.add(wake);
    call.on('close', () => this.watchers.delete(wake));
    call.on('cancelled', () => this.watchers.delete(wake));
    wake();
  }

  /** A newer leader has been seen: this process gives no more orders, and only another one can. */
  get isDeposed(): boolean {
    return [...this.jobs.values()].some(({ leader }) => leader.isDeposed);
  }

  private job(name: string): LiveJob {
    const job = this.jobs.get(name);
    if (!job) throw new TardigradError('NOT_FOUND', `Job ${name} is not known here.`, { next: 'See the list of jobs.' });
    return job;
  }
}

function submissionKey(job: string): string {
  return `submissions/${job}`;
}
