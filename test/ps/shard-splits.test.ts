import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OptimizerConfig } from '../../src/algorithms/optimizers/registry.ts';
import type { ConsistencyConfig } from '../../src/algorithms/policies/registry.ts';
import type { ScheduleConfig } from '../../src/algorithms/schedules/registry.ts';
import type { OrderReply, ShardConfig, ShardCopy } from '../../src/ps/events.ts';
import { partsFor, type CutShard } from '../../src/ps/restore-parts.ts';
import { createShardMap, type ShardMap } from '../../src/tensor/shard-map.ts';
import { trainSequentially, type Schedule } from './sequential.ts';
import { ShardDriver, pushReplyIn } from './shard-driver.ts';

const ELEMENTS = 83; // six blocks of 16, the last one short

const optimizers = fc.constantFrom<OptimizerConfig>(
  { name: 'sgd', weightDecay: 0.01 },
  { name: 'momentum', momentum: 0.8 },
  { name: 'nesterov', momentum: 0.9, weightDecay: 0.1, weightDecayMode: 'decoupled' },
  { name: 'adagrad' },
  { name: 'rmsprop', decay: 0.7 },
  { name: 'adam', beta1: 0.5 },
  { name: 'adamw', weightDecay: 0.3 },
);
const schedules = fc.constantFrom<ScheduleConfig>(
  { name: 'constant' },
  { name: 'step', everyUpdates: 3, factor: 0.3 },
  { name: 'cosine', totalUpdates: 11, warmupUpdates: 4 },
  { name: 'cosine', totalEpochs: 0.1, floor: 0.2 },
);
const policies = fc.constantFrom<ConsistencyConfig>({ policy: 'asp' }, { policy: 'ssp', bound: 3 }, { policy: 'bsp', aggregate: 'mean' });
const settings = fc.record({
  consistency: policies,
  optimizer: optimizers,
  schedule: schedules,
  clipByValue: fc.constantFrom(undefined, 0.5),
  learningRate: fc.constantFrom(0.1, 0.037),
});

type Settings = Pick<ShardConfig, 'consistency' | 'optimizer' | 'schedule' | 'clipByValue' | 'learningRate'>;

/** Any finite bits of modest size; the same for every cut of the vector. */
function vector(seed: number): Float32Array {
  let state = (seed * 2_654_435_761) >>> 0;
  return Float32Array.from({ length: ELEMENTS }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

function part(flat: Float32Array, map: ShardMap, shard: number): Float32Array {
  return Float32Array.from(map.shards[shard]!.flatMap(({ start, length }) => [...flat.subarray(start, start + length)]));
}

/** Two workers that take turns push the same gradients to every shard. */
class Cluster {
  readonly map: ShardMap;
  readonly drivers: ShardDriver[];
  /** Of each worker. */
  private readonly clocks = [0, 0];

  constructor(shards: number, config: Settings, restored?: { cut: readonly CutShard[]; clock: number }) {
    this.map = createShardMap(ELEMENTS, shards);
    this.drivers = this.map.shards.map((ranges, shard) => {
      const parts = restored && partsFor(ranges, restored.cut, restored.clock);
      return new ShardDriver({
        ranges,
        config,
        consistency: config.consistency,
        initial: part(vector(999), this.map, shard),
        ...(parts === undefined ? {} : { parts }),
        history: restored ? 2 : 1,
      });
    });
    if (restored) this.clocks.fill(restored.clock);
    const incarnation = restored ? 2 : 1;
    for (const driver of this.drivers) {
      driver.members(['w0', 'w1'].map((worker) => ({ worker, incarnation })));
      for (const worker of ['w0', 'w1']) driver.hello(worker, { identity: driver.identity(worker, incarnation) });
    }
  }

  /** Rounds of pull, pull, push, push. */
  train(from: number, to: number): void {
    for (let step = from; step < to; step += 1) {
      this.pull();
      this.push(step, 0);
      this.push(step, 1);
    }
  }

  pull(): void {
    for (const driver of this.drivers) for (const [w, clock] of this.clocks.entries()) driver.pull(`w${w}`, clock);
  }

  push(step: number, w: number): void {
    const clock = this.clocks[w]!;
    this.clocks[w]! += 1;
    for (const [shard, driver] of this.drivers.entries()) {
      const { version } = driver.shard.status();
      const reply = pushReplyIn(
        driver.push(`w${w}`, part(vector(step * 2 + w), this.map, shard), {
          clock,
          versionRead: version,
          firstBatch: step * 2 + w,
          samples: 7,
        }),
      );
      if (reply?.repeated !== false) throw new Error(`shard ${shard} did not take push ${step} of w${w}`);
    }
  }

  cut(): CutShard[] {
    return this.drivers.map((driver, shard) => ({ ranges: this.map.shards[shard]!, copy: cutOf(driver) }));
  }

  /** Weights and optimizer state of all shards, end to end. */
  flat(): Record<string, number[]> {
    const flat: Record<string, number[]> = {};
    for (const { copy } of this.cut()) {
      for (const [name, values] of Object.entries({ x: copy.x, ...copy.state })) (flat[name] ??= []).push(...values);
    }
    return flat;
  }
}

let cuts = 0;

function cutOf(driver: ShardDriver): ShardCopy {
  cuts += 1;
  const mark = driver.order({ type: 'mark', id: cuts }) as Extract<OrderReply, { type: 'mark' }>;
  const cut = driver.order({ type: 'cut', id: cuts, sequences: mark.sequences }) as Extract<OrderReply, { type: 'cut' }>;
  return cut.copy;
}

describe('one worker', () => {
  it('without the network, equals sequential training bit for bit, for every optimizer, at any number of shards (check 1)', () => {
    // The sequential form here knows schedules in updates only.
    const inUpdates = settings.filter(({ schedule }) => schedule.totalEpochs === undefined);
    fc.assert(
      fc.property(inUpdates, fc.integer({ min: 1, max: 6 }), (config, shards) => {
        const map = createShardMap(ELEMENTS, shards);
        const first = vector(999);
        // A gradient that depends on the weights that were read.
        const gradient = (step: number, x: Float32Array): Float32Array => vector(step).map((value, i) => value + Math.fround(x[i]! / 3));
        const drivers = map.shards.map((ranges, shard) => {
          const driver = new ShardDriver({ ranges, config, consistency: config.consistency, initial: part(first, map, shard) });
          driver.join('w0');
          return driver;
        });
        const whole = (): Float32Array => Float32Array.from(drivers.flatMap(({ x }) => [...x]));
        for (let clock = 0; clock < 9; clock += 1) {
          for (const driver of drivers) driver.pull('w0', clock);
          const g = gradient(clock, whole());
          for (const [shard, driver] of drivers.entries()) driver.push('w0', part(g, map, shard), { clock, versionRead: clock });
        }
        const { optimizer, learningRate, clipByValue, schedule } = config;
        const clip = clipByValue === undefined ? {} : { clipByValue };
        expect([...whole()]).toEqual([
          ...trainSequentially(first, 9, { ...optimizer, ...clip, learningRate, schedule: schedule as Schedule }, gradient),
        ]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('any number of shards', () => {
  it('gives the bits of one, for every optimizer, with clipping by value, under every schedule and policy', () => {
    fc.assert(
      fc.property(settings, fc.integer({ min: 2, max: 6 }), (config, shards) => {
        const [one, many] = [1, shards].map((count) => {
          const cluster = new Cluster(count, config);
          cluster.train(0, 8);
          return cluster.flat();
        });
        expect(many).toEqual(one);
      }),
      { numRuns: 40 },
    );
  });

  it('takes up a cut of any other number of shards, bit for bit, and goes on as if nothing had been', () => {
    const counts = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(settings, counts, counts, (config, before, after) => {
        const unbroken = new Cluster(1, config);
        unbroken.train(0, 9);
        const first = new Cluster(before, config);
        first.train(0, 4);
        const restored = new Cluster(after, config, { cut: first.cut(), clock: 4 });
        restored.train(4, 9);
        expect(restored.flat()).toEqual(unbroken.flat());
      }),
      { numRuns: 40 },
    );
  });

  it('applies a round that was open in the cut at once, as one update of what it holds', () => {
    const counts = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(settings, counts, counts, (config, before, after) => {
        const bsp: Settings = { ...config, consistency: { policy: 'bsp', aggregate: 'mean' } };
        const first = new Cluster(before, bsp);
        first.train(0, 3);
        first.pull();
        first.push(3, 0);
        const cut = first.cut();
        const versions = cut.map(({ copy }) => copy.version);
        const restored = new Cluster(after, bsp, { cut, clock: 4 });
        expect(versions.every((version) => version === 3)).toBe(true);
        expect(restored.drivers.map(({ shard }) => shard.status().version)).toEqual(Array(restored.map.shards.length).fill(4));
        for (const driver of first.drivers) driver.leave('w1');
        expect(restored.flat()).toEqual(first.flat());
      }),
      { numRuns: 25 },
    );
  });
});
