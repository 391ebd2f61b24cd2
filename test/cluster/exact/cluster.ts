/**
 * A cluster of real processes for tests: a coordinator and parameter servers from dist/, each ending with this process by
 * the pipe on its standard input. Workers are real processes too, or the worker's own I/O side in this process with a
 * `Compute` whose gradients the test knows exactly.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Job } from '../../../src/config/job.ts';
import { Checkpoints } from '../../../src/coordinator/checkpoints.ts';
import type { Manifest } from '../../../src/coordinator/ports.ts';
import type { JobStatus } from '../../../src/coordinator/status.ts';
import { decodeCut } from '../../../src/ps/cut-file.ts';
import type { StalenessRecord, ShardEventRecord } from '../../../src/ps/events.ts';
import { connect, type Connection } from '../../../src/transport/channel.ts';
import { CoordinatorClient } from '../../../src/transport/coordinator-client.ts';
import { readWeights, shardStatus } from '../../../src/transport/stand-alone.ts';
import { errorMessage } from '../../../src/errors.ts';
import type { StartCompute } from '../../../src/worker/compute-link.ts';
import { EvaluatorProcess } from '../../../src/worker/evaluator.ts';
import { WorkerProcess } from '../../../src/worker/process.ts';

const MAIN = resolve(import.meta.dirname, '../../../dist/cli/main.js');
const CALL_MS = 10_000;
/** For whatever must happen on a machine that may be busy: a bound, never a wait. */
export const BOUND_MS = 90_000;

/** Polls until a value is there. */
export async function until<T>(
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  what: string | (() => string),
  boundMs = BOUND_MS,
): Promise<T> {
  const end = performance.now() + boundMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`not within ${boundMs} ms: ${typeof what === 'string' ? what : what()}`);
    await delay(5);
  }
}

export interface RoleHandle {
  readonly name: string;
  readonly process: ChildProcess;
  readonly address: string;
  /** Its log so far. */
  readonly log: () => string;
  /** Resolves with its exit code. */
  readonly exited: Promise<number | null>;
}

export interface Log {
  readonly event: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface LocalWorker {
  readonly worker: WorkerProcess;
  readonly logs: Log[];
}

export interface ClusterOptions {
  readonly servers: number;
  readonly detectFailureMs: number;
}

export class Cluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'tardigrad-exact-'));
  readonly options: ClusterOptions;
  readonly servers: RoleHandle[] = [];
  coordinator!: RoleHandle;
  client!: CoordinatorClient;
  private readonly roles: RoleHandle[] = [];
  private readonly connections = new Map<string, Connection>();
  private closers: (() => Promise<void> | void)[] = [];

  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options);
    try {
      await cluster.launch();
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  private constructor(options: ClusterOptions) {
    this.options = options;
  }

  private async launch(): Promise<void> {
    const { servers, detectFailureMs } = this.options;
    const common = ['--detect-failure-ms', String(detectFailureMs)];
    this.coordinator = await this.role('coordinator', ['coordinator', '--listen', '127.0.0.1:0', '--store', 'memory', ...common]);
    const { address } = this.coordinator;
    const names = Array.from({ length: servers }, (_, index) => `ps-${index}`);
    const started = await Promise.all(names.map((name) => this.role(name, ['ps', '--name', name, '--coordinator', address, ...common])));
    this.servers.push(...started);
    this.client = new CoordinatorClient({ address, connectMs: CALL_MS, callMs: CALL_MS });
  }

  /** Starts a role as a process and waits until it says that it is ready. */
  async role(name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<RoleHandle> {
    const child = spawn(process.execPath, [MAIN, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env, TARDIGRAD_EXIT_WITH_STDIN: '1' },
    });
    let log = '';
    child.stderr.on('data', (data: Buffer) => {
      log = (log + data.toString()).slice(-20_000);
    });
    const exited = new Promise<number | null>((done) => child.once('exit', done));
    const ready = new Promise<{ address?: string }>((done, fail) => {
      createInterface({ input: child.stdout }).on('line', (line) => done(JSON.parse(line) as { address?: string }));
      void exited.then((code) => fail(new Error(`${name} ended with ${code} before it was ready:\n${log}`)));
    });
    const handle = { name, process: child, address: '', log: () => log, exited };
    this.roles.push(handle);
    handle.address = (await ready).address ?? '';
    return handle;
  }

  // ---- jobs

  runFolder(job: string): string {
    return join(this.folder, job);
  }

  async submit(job: Job): Promise<void> {
    await this.client.submit({ jobSpec: JSON.stringify(job), runFolder: this.runFolder(job.name), resume: false });
  }

  async status(job: string): Promise<JobStatus> {
    for await (const json of this.client.watch(job)) return JSON.parse(json) as JobStatus;
    throw new Error(`the coordinator knows nothing of ${job}`);
  }

  /** Waits until the job has ended well, and gives its last status. */
  async succeeded(job: string): Promise<JobStatus> {
    const status = await this.ended(job);
    if (status.state === 'succeeded') return status;
    throw new Error(`${job} has ${status.state}: ${status.reason}\n${JSON.stringify(status)}\n${this.logs()}`);
  }

  /** Waits until the job has ended, and gives its last status. */
  async ended(job: string): Promise<JobStatus> {
    let last: JobStatus | undefined;
    const over = (async (): Promise<string> => {
      try {
        for await (const json of this.client.watch(job)) last = JSON.parse(json) as JobStatus;
        return 'over';
      } catch (error) {
        return errorMessage(error);
      }
    })();
    const how = await Promise.race([over, delay(BOUND_MS, `it went on for ${BOUND_MS} ms`, { ref: false })]);
    if (how === 'over' && last) return last;
    throw new Error(`${job} did not end: ${how}\n${JSON.stringify(last)}\n${this.logs()}`);
  }

  /** The end of every process's log. */
  logs(): string {
    return this.roles.map(({ name, log }) => `---- ${name}\n${log().slice(-3000)}`).join('\n');
  }

  // ---- workers

  /** A worker's I/O side in this process; `compute` gives its gradients. */
  worker(
    name: string,
    compute: StartCompute,
    coordinator = this.coordinator.address,
    detectFailureMs = this.options.detectFailureMs,
  ): LocalWorker {
    const logs: Log[] = [];
    const worker = new WorkerProcess({
      name,
      coordinator,
      startCompute: compute,
      detectFailureMs,
      log: (event, facts) => void logs.push({ event, facts }),
    });
    this.closers.push(() => worker.close());
    return { worker, logs };
  }

  /** Without one, a job's end would wait for somebody to take its last evaluation. */
  evaluator(compute: StartCompute): void {
    const evaluator = new EvaluatorProcess({
      name: 'evaluator',
      coordinator: this.coordinator.address,
      startCompute: compute,
      detectFailureMs: this.options.detectFailureMs,
      log: () => undefined,
    });
    const done = evaluator.run();
    this.closers.push(async () => {
      evaluator.stop();
      await done;
      await evaluator.close();
    });
  }

  /** Ends workers and evaluators of this process; the other processes stay for the next job. */
  async dismiss(): Promise<void> {
    const closers = this.closers;
    this.closers = [];
    await Promise.all(closers.map((close) => close()));
  }

  // ---- what the shards hold

  connection(shard: number): Connection {
    return this.connectionTo(this.servers[shard]!.address);
  }

  connectionTo(address: string): Connection {
    let connection = this.connections.get(address);
    if (!connection) this.connections.set(address, (connection = connect(address, { connectMs: CALL_MS })));
    return connection;
  }

  shardStatus(job: string, shard: number): ReturnType<typeof shardStatus> {
    return shardStatus(this.connection(shard), job, true, { deadlineMs: CALL_MS });
  }

  /** The flat vector, read over gRPC straight from every shard. */
  async weights(job: Job, elements: number): Promise<Float32Array> {
    const flat = new Float32Array(elements);
    for (let shard = 0; shard < job.shards; shard += 1) {
      const { ranges, values } = await readWeights(this.connection(shard), { job: job.name, snapshot: 0 }, { deadlineMs: CALL_MS });
      place(flat, ranges, values);
    }
    return flat;
  }

  /** The flat vector of the job's last checkpoint, and the manifest. */
  async lastCheckpoint(job: Job, elements: number): Promise<{ flat: Float32Array; manifest: Manifest }> {
    const { manifest } = await new Checkpoints(join(this.runFolder(job.name), 'checkpoints'), 1).newest();
    if (!manifest) throw new Error(`${job.name} has no checkpoint`);
    const flat = new Float32Array(elements);
    for (const { file } of manifest.files) {
      const { ranges, copy } = decodeCut(readFileSync(file), file);
      place(flat, ranges, copy.x);
    }
    return { flat, manifest };
  }

  /** A shard's rows on disk once they hold `pushes` pushes: they are written with its heartbeats. */
  async records(job: string, shard: number, pushes: number): Promise<{ pushes: StalenessRecord[]; events: ShardEventRecord[] }> {
    const path = join(this.runFolder(job), 'records', `shard-${shard}.jsonl`);
    return until(() => {
      if (!existsSync(path)) return undefined;
      const text = readFileSync(path, 'utf8');
      if (!text.endsWith('\n')) return undefined;
      const rows = text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as StalenessRecord | ShardEventRecord);
      const decided = rows.filter((row): row is StalenessRecord => 'outcome' in row);
      const events = rows.filter((row): row is ShardEventRecord => 'event' in row);
      return decided.length >= pushes && events.some(({ event }) => event === 'finish') && { pushes: decided, events };
    }, `${pushes} records of shard ${shard} of ${job}`);
  }

  async close(): Promise<void> {
    await this.dismiss();
    this.client?.close();
    for (const connection of this.connections.values()) connection.close();
    for (const { process: child } of this.roles.toReversed()) child.stdin?.end();
    await Promise.all(this.roles.map(({ exited }) => exited));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function place(flat: Float32Array, ranges: readonly { start: number; length: number }[], values: Float32Array): void {
  let offset = 0;
  for (const { start, length } of ranges) {
    flat.set(values.subarray(offset, offset + length), start);
    offset += length;
  }
}
