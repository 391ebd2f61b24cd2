/**
 * A worker process's I/O thread: the session, its streams, its calls of the coordinator, and the compute thread beside it.
 * It never computes, so that pulls, pushes and leases go on during the longest step.
 */
import { performance } from 'node:perf_hooks';
import { pullsInOrder } from '../algorithms/policies/registry.ts';
import { lackOf } from '../compute/backends.ts';
import { deadlines, type Deadlines } from '../config/deadlines.ts';
import type { Job } from '../config/job.ts';
import { assert, errorMessage } from '../errors.ts';
import { gather, scatter } from '../tensor/shard-map.ts';
import { CoordinatorClient } from '../transport/coordinator-client.ts';
import { openExchange, type ExchangeStream } from '../transport/exchange-client.ts';
import type { Range, Weights } from '../transport/messages.ts';
import type { WorkerAnswer, WorkerRequest } from '../transport/requests.ts';
import type { Compute, StartCompute } from './compute-link.ts';
import type { ComputeReply } from './compute-messages.ts';
import { ask } from './coordinator-calls.ts';
import { WorkerSession } from './session.ts';
import type { IterationRules, PushOrder, SessionPorts } from './session-ports.ts';
import { TimeLedger } from './time-ledger.ts';

export interface WorkerOptions {
  readonly name: string;
  readonly coordinator: string;
  /** Starts what computes; it first says with what (`backend`). */
  readonly startCompute: StartCompute;
  /** Until the job says otherwise. */
  readonly detectFailureMs: number;
  readonly log: (event: string, facts: Readonly<Record<string, unknown>>) => void;
  /** Its model and data are loaded: from now on it can work. */
  readonly onPrepared?: () => void;
}

/** How a worker's work came to its end. */
export interface WorkerEnd {
  /** "over": the job is. "left": it was told to. "unfit": it can never compute this job. "failed": what computes did. */
  readonly how: 'over' | 'left' | 'unfit' | 'failed';
  readonly why: string;
}

const TICK_MS = 10;
const RETRY_MS = 50;
const RETRY_MAX_MS = 1_000;
const IDLE_POLL_MS = 50;
/** Longest silence towards the coordinator: also how fresh the figures are that people watch. */
const REPORT_MS = 400;
const BATCH_ATTEMPTS = 20;
/** Until the job says. */
const RULES: IterationRules = { pipelining: 0, pullsInOrder: false, accumulate: 1 };

interface SlotResult {
  loss: number;
  samples: number;
}

export class WorkerProcess {
  private readonly options: WorkerOptions;
  private readonly client: CoordinatorClient;
  private readonly compute: Compute;
  private readonly session: WorkerSession;
  private readonly results: SlotResult[] = [
    { loss: 0, samples: 0 },
    { loss: 0, samples: 0 },
  ];
  private times: Deadlines;
  private streams: (ExchangeStream | undefined)[] = [];
  private addresses: readonly string[] = [];
  private ranges: readonly (readonly Range[])[] = [];
  private mapVersion = 0;
  private spec: Job | undefined;
  private ledger = new TimeLedger(0);
  /** Counts registrations: answers of the compute thread for an earlier one are dropped. */
  private life = 0;
  private backend: { name: string; device: string; why: string } | undefined;
  /** Why it leaves a job that it can never compute. */
  private unfit: string | undefined;
  private pendingRegister: { request: WorkerRequest; held: Parameters<SessionPorts['ask']>[1] } | undefined;
  private epoch = 0;
  private readonly timer: NodeJS.Timeout;
  private finish: (end: WorkerEnd) => void = () => undefined;
  readonly finished: Promise<WorkerEnd>;

  constructor(options: WorkerOptions) {
    this.options = options;
    this.times = deadlines(options.detectFailureMs);
    this.finished = new Promise((resolve) => {
      this.finish = resolve;
    });
    this.client = new CoordinatorClient({
      address: options.coordinator,
      connectMs: this.times.connectMs,
      callMs: this.times.controlCallMs,
    });
    this.compute = options.startCompute((reply) => this.onCompute(reply));
    this.session = new WorkerSession(this.ports(), {
      ...RULES,
      retryMs: RETRY_MS,
      retryMaxMs: RETRY_MAX_MS,
      idlePollMs: IDLE_POLL_MS,
      reportMs: Math.min(REPORT_MS, this.times.heartbeatMs),
      batchAttempts: BATCH_ATTEMPTS,
    });
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** Finishes what runs, hands the rest back, leaves. */
  drain(): void {
    this.session.leave(performance.now());
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.closeStreams();
    this.client.close();
    await this.compute.close();
  }

  private tick(): void {
    this.session.tick(performance.now());
    if (this.session.phase !== 'left') return;
    if (this.session.jobOver) this.finish({ how: 'over', why: 'the job is over' });
    else if (this.unfit !== undefined) this.finish({ how: 'unfit', why: this.unfit });
    else this.finish({ how: 'left', why: 'it was told to leave' });
  }

  private ports(): SessionPorts {
    return {
      open: (shard, hello) => {
        this.streams[shard]?.close();
        const address = this.addresses[shard];
        assert(address !== undefined, 'a shard has an address');
        const stream = openExchange({
          address,
          connectMs: this.times.connectMs,
          silenceMs: this.times.exchangeMs,
          onMessage: (message, epoch) => this.session.message(shard, message, epoch, performance.now()),
          onClosed: (reason) => {
            this.options.log('streamClosed', { shard, reason });
            if (this.streams[shard] === stream) this.session.streamClosed(shard, performance.now());
          },
          weightsTarget: ({ clock }) => {
            const slot = this.session.wantedSlot(shard, clock);
            return slot === undefined ? undefined : this.placeOf(shard, this.compute.weights(slot));
          },
        });
        this.streams[shard] = stream;
        stream.send(hello);
      },
      send: (shard, message) => {
        if (message.type === 'pull') this.ledger.pulling(message.clock, performance.now());
        this.streams[shard]?.send(message);
      },
      push: (shard, order) => this.push(shard, order),
      ask: (request, held, identity) => this.ask(request, held, identity),
      compute: ({ slot, clock, firstBatch, count }) => {
        this.ledger.computing(clock, performance.now());
        this.compute.post({ type: 'gradient', slot, firstBatch, count, life: this.life });
      },
      initialize: () => this.compute.post({ type: 'initialize', life: this.life }),
      weights: (shard, slot, weights) => this.onWeights(shard, slot, weights),
      joined: (answer) => this.joined(answer),
      iterationEnded: () => this.ledger.answered(performance.now()),
      log: (event, facts) => this.options.log(event, facts),
    };
  }

  /** This shard's part of a flat vector, where it is one run; else undefined. */
  private placeOf(shard: number, flat: Float32Array): Float32Array | undefined {
    const [range, ...more] = this.ranges[shard] ?? [];
    return range && more.length === 0 ? flat.subarray(range.start, range.start + range.length) : undefined;
  }

  private onWeights(shard: number, slot: number, weights: Weights): void {
    this.ledger.weights(weights.clock, weights.heldMs);
    const flat = this.compute.weights(slot);
    if (weights.values.buffer === flat.buffer) return; // put together in place
    gather(flat, this.ranges[shard] ?? [], weights.values);
  }

  private push(shard: number, order: PushOrder): void {
    const { slot, kind, ...header } = order;
    const ranges = this.ranges[shard] ?? [];
    const result = this.results[slot];
    assert(result !== undefined, 'a slot has its result');
    this.streams[shard]?.send({
      type: 'push',
      header: { ...header, kind, mapVersion: this.mapVersion, ranges, samples: result.samples, loss: result.loss },
      gradient: kind === 'void' ? new Float32Array(0) : scatter(this.compute.gradient(slot), ranges),
    });
  }

  private joined(answer: Extract<WorkerAnswer, { type: 'registered' }> | undefined): 'later' | void {
    this.life += 1;
    this.closeStreams();
    if (!answer) return undefined;
    this.addresses = answer.shards.map(({ address }) => address);
    this.mapVersion = answer.mapVersion;
    this.streams = answer.shards.map(() => undefined);
    this.ledger = new TimeLedger(performance.now());
    assert(this.spec !== undefined, 'the job came with the registration');
    assert(this.backend !== undefined, 'it registers with what it computes with');
    this.unfit = lackOf(this.spec.require, this.backend)?.message;
    if (this.unfit !== undefined) {
      this.drain();
      return 'later';
    }
    const { pipelining, accumulate, consistency } = this.spec;
    this.session.follow({ pipelining, accumulate, pullsInOrder: pullsInOrder(consistency) });
    this.compute.prepare(this.spec, 'train', pipelining + 1);
    return 'later';
  }

  private closeStreams(): void {
    for (const stream of this.streams) stream?.close();
    this.streams = [];
  }

  private ask(request: WorkerRequest, held: Parameters<SessionPorts['ask']>[1], identity: Parameters<SessionPorts['ask']>[2]): void {
    if (!this.backend) {
      // Registering says what it computes with: wait until that is known.
      this.pendingRegister = { request, held };
      return;
    }
    const report = identity ? this.ledger.report(this.session.currentClock) : null;
    const { name: worker, log } = this.options;
    ask(this.client, request, {
      worker,
      evaluator: false,
      backend: this.backend.name,
      why: this.backend.why,
      identity,
      held,
      report,
      epochSeen: this.epoch,
    }).then(
      ({ answer, epoch, jobSpec, ranges }) => {
        this.epoch = Math.max(this.epoch, epoch);
        if (jobSpec !== undefined) {
          this.spec = JSON.parse(jobSpec) as Job;
          this.times = deadlines(this.spec.detectFailureMs);
          this.ranges = ranges ?? [];
        }
        this.session.answered(request, answer, epoch, performance.now());
      },
      (error: unknown) => {
        log('askFailed', { request: request.type, error: errorMessage(error) });
        this.session.askFailed(request, performance.now());
      },
    );
  }

  private onCompute(reply: ComputeReply): void {
    const nowMs = performance.now();
    switch (reply.type) {
      case 'backend': {
        this.backend = { name: `${reply.name} (${reply.device})`, device: reply.device, why: reply.why };
        this.options.log('backend', { backend: this.backend.name, why: reply.why });
        const pending = this.pendingRegister;
        this.pendingRegister = undefined;
        if (pending) this.ask(pending.request, pending.held, undefined);
        return;
      }
      case 'prepared':
        this.options.onPrepared?.();
        this.session.prepared(nowMs);
        return;
      case 'gradient': {
        if (reply.life !== this.life) return;
        const { slot, loss, samples, finite } = reply;
        this.results[slot] = { loss, samples };
        this.ledger.computed(nowMs, reply);
        this.session.computed(slot, finite, nowMs);
        return;
      }
      case 'initialized':
        if (reply.life === this.life) this.session.computed(0, true, nowMs);
        return;
      case 'notice':
        this.options.log('notice', { line: reply.line });
        return;
      case 'evaluated':
        return;
      case 'failed':
        this.options.log('computeFailed', { error: reply.message });
        this.finish({ how: 'failed', why: reply.message });
        return;
    }
  }
}
