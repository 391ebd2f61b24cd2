/**
 * What a shard has only while its job's vectors are loaded: the weights with their version, the policy with the pushes
 * that it keeps, and the tables that say what was decided. `load` brings it about, a fence for a restore ends it.
 */
import { createOptimizer } from '../algorithms/optimizers/registry.ts';
import type { PlannedPush, PlannedUpdate, Policy } from '../algorithms/policies/policy.ts';
import { createPolicy } from '../algorithms/policies/registry.ts';
import { createSchedule } from '../algorithms/schedules/registry.ts';
import { TardigradError } from '../errors.ts';
import type { VectorMemory } from '../tensor/slabs.ts';
import type { Range } from '../transport/messages.ts';
import { BatchLedger } from './batch-ledger.ts';
import type { Order, ShardConfig, StagedPush } from './events.ts';
import { ShardVectors, vectorNeed } from './vectors.ts';

export type LoadOrder = Extract<Order, { type: 'load' }>;

/** A push as the policy gets it, with what its record will say of the moment when it came. */
export interface KeptPush extends PlannedPush {
  readonly staged: StagedPush;
  readonly clockLag: number;
  readonly servedAtMs: number | undefined;
}

export class Loaded {
  readonly config: ShardConfig;
  readonly ranges: readonly Range[];
  readonly mapVersion: number;
  readonly vectors: ShardVectors;
  readonly policy: Policy<KeptPush>;
  readonly batches: BatchLedger;
  /** The last sequence decided of each life: what makes a push count once. */
  readonly sequences: Map<string, number>;
  /** Pushes decided here, for their numbers in the records. */
  arrivals = 0;
  private updates: number;
  private hasWeights: boolean;
  private snapshot: Float32Array | undefined;

  constructor({ config, parts, ranges, mapVersion }: LoadOrder, vectors: ShardVectors) {
    this.config = config;
    this.ranges = ranges;
    this.mapVersion = mapVersion;
    this.vectors = vectors;
    this.policy = createPolicy<KeptPush>(config.consistency);
    this.batches = new BatchLedger(parts?.outcomes ?? []);
    this.sequences = new Map(Object.entries(parts?.sequences ?? {}));
    this.updates = parts?.version ?? 0;
    this.hasWeights = parts !== undefined;
  }

  /** Updates applied. */
  get version(): number {
    return this.updates;
  }

  /** Weights are in: by an `initial` push, or by a restore. */
  get initialized(): boolean {
    return this.hasWeights;
  }

  /** A copy of the weights at `version`, shared by all that read it: a vector of the memory's pool, with the caller as one holder. */
  weights(): Float32Array {
    this.snapshot ??= this.vectors.weights();
    return this.vectors.copies.share(this.snapshot);
  }

  initialize(values: Float32Array): void {
    this.vectors.initialize(values);
    this.hasWeights = true;
    this.changed();
  }

  apply(update: PlannedUpdate<KeptPush>): void {
    this.vectors.apply(update);
    this.updates += 1;
    this.changed();
  }

  private changed(): void {
    if (this.snapshot) this.vectors.copies.give(this.snapshot);
    this.snapshot = undefined;
  }
}

/** Why elements so many cannot be held, before any memory is taken for them. */
export function memoryRefusal(memory: VectorMemory, ranges: readonly Range[], config: ShardConfig): TardigradError | undefined {
  return memory.refusal(vectorNeed(ranges, createOptimizer(config.optimizer), memory));
}

/** Or why there is no memory for them: over the limit, or more than the machine has. */
export function createVectors({ config, ranges, parts }: LoadOrder, memory: VectorMemory): ShardVectors | TardigradError {
  const rule = {
    optimizer: createOptimizer(config.optimizer),
    schedule: createSchedule(config.schedule, config),
    learningRate: config.learningRate,
    clipByValue: config.clipByValue,
    samplesPerEpoch: config.samplesPerEpoch,
  };
  try {
    return new ShardVectors(ranges, rule, memory, parts);
  } catch (error) {
    if (error instanceof TardigradError && error.code === 'RESOURCE_EXHAUSTED') return error;
    throw error;
  }
}
