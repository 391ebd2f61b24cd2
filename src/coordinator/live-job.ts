/**
 * A job as the coordinator process runs it: its pure leader, joined to servers, store and disk, and what people see of it.
 */
import { performance } from 'node:perf_hooks';
import { deadlines } from '../config/deadlines.ts';
import type { Job } from '../config/job.ts';
import { optimization } from '../config/optimization.ts';
import { describeDataset } from '../datasets/registry.ts';
import { TardigradError, errorMessage } from '../errors.ts';
import { createModel } from '../models/registry.ts';
import { createShardMap } from '../tensor/shard-map.ts';
import type { ShardReport__Output } from '../transport/generated/tardigrad/v1/ShardReport.ts';
import type { WorkerReport__Output } from '../transport/generated/tardigrad/v1/WorkerReport.ts';
import { Checkpoints } from './checkpoints.ts';
import { JobLeader } from './leader.ts';
import { JobMeasures } from './measures.ts';
import type { LeaderPorts, StoredJob } from './ports.ts';
import { ShardOrders } from './shard-orders.ts';
import type { JobEvent, JobStatus, ShardStatusRow } from './status.ts';
import type { Json, Store } from './stores/store.ts';
import { Ticket } from './ticket.ts';

/** What is stored of a job beside its leader's record. */
export interface JobPlacement {
  readonly spec: Job;
  readonly runFolder: string;
  /** The server of each shard, by name. */
  readonly servers: readonly string[];
}

export interface ServerEntry {
  readonly life: string;
  readonly address: string;
  lastHeardMs: number;
}

export interface LiveJobOptions {
  readonly placement: JobPlacement;
  readonly epoch: number;
  readonly store: Store;
  readonly servers: ReadonlyMap<string, ServerEntry>;
  readonly log: (event: string, facts: Readonly<Record<string, unknown>>) => void;
}

/** Batches reserved in the store ahead of use, in tasks for each worker. */
const TASKS_RESERVED_PER_WORKER = 8;
/** A server that is gone for longer makes the job fail; its supervisor has restarted it long before, if it ever will. */
const SERVER_RETURN_DETECTIONS = 12;
const EVALUATION_WAIT_MS = 10_000;
/** Events kept for those who watch. */
const EVENTS_KEPT = 200;

export class LiveJob {
  readonly name: string;
  readonly spec: Job;
  readonly placement: JobPlacement;
  readonly leader: JobLeader;
  readonly measures = new JobMeasures();
  private readonly options: LiveJobOptions;
  private readonly orders: ShardOrders;
  private readonly batchesPerEpoch: number;
  private readonly shardRanges: ReturnType<typeof createShardMap>['shards'];
  private readonly shardReports = new Map<number, ShardReport__Output>();
  private events: JobEvent[] = [];
  private nextEvent = 1;
  private writes: Promise<void> = Promise.resolve();
  private readonly startedMs = performance.now();

  constructor(options: LiveJobOptions, stored: StoredJob | undefined) {
    this.options = options;
    this.placement = options.placement;
    const { spec, runFolder } = options.placement;
    this.name = spec.name;
    this.spec = spec;
    const dataset = describeDataset(spec.dataset.name);
    const map = createShardMap(createModel(spec.model, dataset).layout.elements, spec.shards);
    this.shardRanges = map.shards;
    const times = deadlines(spec.detectFailureMs);
    const { batchSize } = spec.dataset;
    this.batchesPerEpoch = Math.ceil(dataset.trainSamples / batchSize);
    const checkpoints = new Checkpoints(`${runFolder}/checkpoints`, spec.checkpoint.keep);
    this.orders = new ShardOrders({
      job: spec.name,
      epoch: options.epoch,
      connectMs: times.connectMs,
      orderMs: times.orderMs,
      markMs: times.markMs,
      checkpoints,
      address: (shard) => this.server(shard)?.address,
      loadConfig: (shardIndex) =>
        JSON.stringify({
          job: spec.name,
          consistency: spec.consistency,
          ...optimization(spec.optimizer),
          clipByValue: spec.clip.byValue,
          samplesPerEpoch: dataset.trainSamples,
          stopEpochs: spec.stop.epochs,
          pullWaitMs: times.pullWaitMs,
          markTimeoutMs: times.markMs,
          recordFolder: `${runFolder}/records`,
          shardIndex,
        }),
    });
    const { stop } = spec;
    this.leader = new JobLeader(
      {
        job: spec.name,
        epoch: options.epoch,
        shape: { batchesPerEpoch: this.batchesPerEpoch, batchSize, samplesPerEpoch: dataset.trainSamples },
        totalBatches: stop.epochs === undefined ? Infinity : stop.epochs * this.batchesPerEpoch,
        taskBatches: spec.taskBatches,
        reserveBatches: spec.taskBatches * spec.workers.count * TASKS_RESERVED_PER_WORKER,
        mapVersion: map.version,
        ranges: map.shards,
        leaseMs: times.leaseMs,
        serverReturnMs: spec.detectFailureMs * SERVER_RETURN_DETECTIONS,
        evaluateEveryUpdates: spec.evaluate.everyUpdates,
        evaluationWaitMs: EVALUATION_WAIT_MS,
        checkpointEveryMs: spec.checkpoint.everySeconds * 1000,
        checkpointEveryUpdates: spec.checkpoint.everyUpdates,
        workersMin: spec.workers.min,
        workersMax: spec.workers.max,
        stop: {
          ...(stop.targetAccuracy === undefined ? {} : { targetAccuracy: stop.targetAccuracy }),
          ...(stop.maxSeconds === undefined ? {} : { maxMs: stop.maxSeconds * 1000 }),
          ...(stop.maxUpdates === undefined ? {} : { maxUpdates: stop.maxUpdates }),
        },
      },
      this.ports(checkpoints),
      stored,
      this.startedMs,
    );
  }

  shardAddresses(): { server: string; address: string; ranges: { start: number; length: number }[] }[] {
    return this.shardRanges.map((ranges, shard) => ({
      server: this.placement.servers[shard] ?? '',
      address: this.server(shard)?.address ?? '',
      ranges: [...ranges],
    }));
  }

  /** Shards of this job on a server. */
  shardsOn(server: string): number[] {
    return this.placement.servers.flatMap((name, shard) => (name === server && shard < this.shardRanges.length ? [shard] : []));
  }

  shardReported(server: string, report: ShardReport__Output): void {
    for (const shard of this.shardsOn(server)) {
      this.shardReports.set(shard, report);
      this.leader.serverHeard(shard, report.version);
      this.measures.shardReported(shard, report);
    }
  }

  workerReported(worker: string, incarnation: number, report: WorkerReport__Output | null): void {
    if (report) this.measures.reported(worker, incarnation, report, performance.now());
  }

  tick(nowMs: number): void {
    const { leaseMs } = deadlines(this.spec.detectFailureMs);
    this.shardRanges.forEach((_, shard) => {
      const server = this.server(shard);
      if (!server || nowMs - server.lastHeardMs > leaseMs) this.leader.serverSilent(shard, nowMs);
    });
    this.measures.sample(this.leader.updates, nowMs);
    this.leader.tick(nowMs);
  }

  /** Resolves when everything written so far is in the store. */
  flushed(): Promise<void> {
    return this.writes;
  }

  close(): void {
    this.orders.close();
  }

  /** Another run of this job takes its place: not one more order, and nothing written over that one's record. */
  abandon(): void {
    this.leader.abandon();
    this.close();
  }

  event(kind: string, message: string, facts: Readonly<Record<string, string | number>>): void {
    this.events.push({ number: this.nextEvent, at: new Date().toISOString(), kind, message, facts });
    this.nextEvent += 1;
    if (this.events.length > EVENTS_KEPT) this.events.shift();
    if (kind === 'restored') this.measures.restarted();
    this.options.log(kind, { message, ...facts });
  }

  status(): JobStatus {
    const { leader, measures, spec } = this;
    const nowMs = performance.now();
    const progress = leader.progress();
    const accounting = leader.accounting();
    const { operations: _operations, ...shown } = progress;
    const epochs = accounting.settledBatches / this.batchesPerEpoch;
    const totalEpochs = spec.stop.epochs;
    const { samplesPerSecond } = measures;
    const left =
      totalEpochs !== undefined && samplesPerSecond > 0
        ? ((totalEpochs - epochs) * describeDataset(spec.dataset.name).trainSamples) / samplesPerSecond
        : undefined;
    const shards = this.shardRows(nowMs, progress.versions);
    return {
      job: this.name,
      state: leader.state,
      reason: leader.reason || (progress.draining ?? ''),
      epoch: this.options.epoch,
      history: shown.history,
      updates: leader.updates,
      updatesPerSecond: measures.updatesPerSecond,
      samplesPerSecond,
      epochs,
      totalEpochs,
      elapsedSeconds: progress.elapsedMs / 1000,
      secondsLeft: leader.state === 'running' ? left : undefined,
      loss: measures.loss,
      evaluations: leader.evaluations.map(({ atMs, ...evaluation }) => ({ ...evaluation, atSeconds: atMs / 1000 })),
      lag: measures.lag(),
      clockSpread: Math.max(0, ...shards.map(({ minClock, maxClock }) => maxClock - minClock)),
      workers: progress.members.flatMap(({ worker, lastHeardMs }) => measures.workerStatus(worker, nowMs - lastHeardMs) ?? []),
      shards,
      checkpoint: progress.checkpoint && {
        id: progress.checkpoint.id,
        updates: Math.min(...progress.checkpoint.versions),
        heldMsMax: Math.max(...progress.checkpoint.heldMs),
      },
      accounting,
      events: this.events,
    };
  }

  private shardRows(nowMs: number, versions: readonly number[]): ShardStatusRow[] {
    return this.shardRanges.map((_, shard) => {
      const report = this.shardReports.get(shard);
      const server = this.server(shard);
      return {
        server: this.placement.servers[shard] ?? '',
        address: server?.address ?? '',
        // The leader's own: at the end of a job it knows more than the last heartbeat said.
        version: versions[shard] ?? 0,
        minClock: report?.minClock ?? 0,
        maxClock: report?.maxClock ?? 0,
        pushes: report?.pushes ?? 0,
        refused: report?.refused ?? 0,
        lag: this.measures.shardLag(shard),
        bytesIn: report?.bytesIn ?? 0,
        bytesOut: report?.bytesOut ?? 0,
        lastHeardMs: server ? nowMs - server.lastHeardMs : -1,
      };
    });
  }

  /** False where a newer leader has written; whatever else goes wrong with the store is not survived silently. */
  private async write(value: Json): Promise<boolean> {
    try {
      await this.options.store.commit({ epoch: this.options.epoch, put: { [leaderKey(this.name)]: value } });
      return true;
    } catch (error) {
      if (!(error instanceof TardigradError && error.code === 'FAILED_PRECONDITION')) throw error;
      this.options.log('storeRefused', { error: error.message });
      return false;
    }
  }

  private server(shard: number): ServerEntry | undefined {
    return this.options.servers.get(this.placement.servers[shard] ?? '');
  }

  private ports(checkpoints: Checkpoints): LeaderPorts {
    const pump = (): void => this.leader.pump();
    return {
      order: (shard, order) => {
        const ticket = new Ticket<Awaited<ReturnType<ShardOrders['deliver']>>>();
        void this.orders.deliver(shard, order).then((reply) => {
          ticket.fill(reply);
          pump();
        });
        return ticket;
      },
      store: (record) => {
        const ticket = new Ticket<boolean>();
        // As it is now, and without what is undefined: the record is written later, and as JSON.
        const value = JSON.parse(JSON.stringify(record)) as Json;
        this.writes = this.writes
          .then(() => this.write(value))
          .then((written) => {
            ticket.fill(written);
            pump();
          });
        return ticket;
      },
      writeManifest: (manifest) => {
        const ticket = new Ticket<string | undefined>();
        void checkpoints
          .write(manifest)
          .then(() => ticket.fill(undefined))
          .catch((error: unknown) => ticket.fill(errorMessage(error)))
          .then(pump);
        return ticket;
      },
      readManifest: () => {
        const ticket = new Ticket<Awaited<ReturnType<Checkpoints['newest']>>>();
        void checkpoints
          .newest()
          .catch((error: unknown) => ({ problem: errorMessage(error) }))
          .then((found) => ticket.fill(found))
          .then(pump);
        return ticket;
      },
      event: (kind, message, facts) => this.event(kind, message, facts),
      wallClock: () => new Date().toISOString(),
    };
  }
}

export function leaderKey(job: string): string {
  return `jobs/${job}/leader`;
}

export function placementKey(job: string): string {
  return `jobs/${job}/placement`;
}
