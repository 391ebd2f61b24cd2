/** What one seed sets up: the job, how many of each role, and which faults may happen how often. */
import type { ConsistencyConfig } from '../../src/algorithms/policies/registry.ts';
import { Dice } from './dice.ts';

export type Fault =
  | 'kill' // a worker process dies, perhaps another starts under its name
  | 'pause' // a worker stops and goes on later
  | 'cut' // a worker cannot reach the coordinator for a while
  | 'silent' // a worker's requests take longer than its lease, while its pushes go on
  | 'break' // one stream breaks; what was queued on it is lost from some point on
  | 'server' // a parameter server dies and comes back empty
  | 'leader' // the coordinator dies
  | 'leaderPause' // the coordinator stops; another may take over before it goes on
  | 'resume' // everything is started anew from the last checkpoint, perhaps with other shards
  | 'join' // one more worker
  | 'leave' // a worker drains
  | 'malformed' // a part of a push comes in broken
  | 'loseAnswer' // an answer of the coordinator never arrives
  | 'repeatOrder' // an order that is sent until it is answered arrives twice
  | 'loseOrder' // an order with one try is lost, or its answer is
  | 'disk'; // a manifest cannot be written

export interface Settings {
  readonly seed: number;
  readonly consistency: ConsistencyConfig;
  readonly shards: number;
  /** Numbers of shards that a resume may choose. */
  readonly shardChoices: readonly number[];
  readonly workers: number;
  readonly pipelining: 0 | 1;
  readonly accumulate: number;
  readonly batchesPerEpoch: number;
  readonly epochs: number;
  readonly taskBatches: number;
  readonly reserveBatches: number;
  /** Blocks of 16 elements; each holds a counter for every batch. */
  readonly blocks: number;
  readonly checkpoints: number;
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
  readonly faultRate: number;
  /** A new coordinator comes late. */
  readonly lazyLeader: boolean;
  /** How soon what was paused or cut off comes back. */
  readonly returnRate: number;
  readonly leaseMs: number;
  readonly markTimeoutMs: number;
  readonly pullWaitMs: number;
}

const POLICIES: readonly ConsistencyConfig[] = [
  { policy: 'asp' },
  { policy: 'bsp', aggregate: 'sum' },
  { policy: 'bsp', aggregate: 'mean' },
  { policy: 'ssp', bound: 0 },
  { policy: 'ssp', bound: 1 },
  { policy: 'ssp', bound: 3 },
  { policy: 'bounded-delay', bound: 0, whenLate: 'refuse' },
  { policy: 'bounded-delay', bound: 2, whenLate: 'refuse' },
  { policy: 'bounded-delay', bound: 1, whenLate: 'withhold' },
  { policy: 'bounded-delay', bound: 0, whenLate: 'pace' },
  { policy: 'bounded-delay', bound: 1, whenLate: 'pace' },
  { policy: 'bounded-delay', bound: 3, whenLate: 'pace' },
];

const FAULTS: readonly (readonly [Fault, number])[] = [
  ['kill', 2],
  ['pause', 2],
  ['cut', 2],
  ['silent', 2],
  ['break', 3],
  ['server', 2],
  ['leader', 2],
  ['leaderPause', 1],
  ['resume', 1],
  ['join', 2],
  ['leave', 1],
  ['malformed', 3],
  ['loseAnswer', 3],
  ['repeatOrder', 3],
  ['loseOrder', 2],
  ['disk', 1],
];

export function settingsOf(seed: number, over: Partial<Settings> = {}): Settings {
  const dice = new Dice(seed * 7919 + 13);
  const faults: Partial<Record<Fault, number>> = {};
  for (const [fault, most] of FAULTS) if (dice.chance(0.35)) faults[fault] = 1 + dice.below(most);
  const [batchesPerEpoch, epochs] = dice.pick([
    [6, 1],
    [9, 1],
    [14, 1],
    [7, 2],
    [4, 3],
  ] as const);
  return {
    seed,
    consistency: dice.pick(POLICIES),
    shards: dice.pick([1, 2, 2, 3]),
    shardChoices: dice.pick([[1, 2, 3], [2], [1, 4]]),
    workers: dice.pick([1, 2, 2, 3, 3, 4]),
    pipelining: dice.pick([0, 0, 1] as const),
    accumulate: dice.pick([1, 1, 2]),
    batchesPerEpoch,
    epochs,
    taskBatches: dice.pick([2, 3, 4]),
    reserveBatches: dice.pick([4, 6, 20]),
    blocks: dice.pick([4, 5]),
    checkpoints: dice.pick([0, 1, 2, 4]),
    faults: dice.chance(0.1) ? {} : faults,
    faultRate: dice.pick([0.02, 0.05, 0.15]),
    lazyLeader: dice.chance(0.3),
    returnRate: dice.pick([0.02, 0.2]),
    leaseMs: dice.pick([300, 600]),
    markTimeoutMs: dice.pick([200, 400, 1000]),
    pullWaitMs: dice.pick([30, 150]),
    ...over,
  };
}
