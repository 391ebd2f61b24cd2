import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConsistencyConfig } from '../../src/algorithms/policies/registry.ts';
import { Random } from '../../src/random.ts';
import { Hand } from './hand.ts';
import { ShardDriver, pushReplyIn } from './shard-driver.ts';

const fround = Math.fround;

function start(consistency: ConsistencyConfig, workers: number): { driver: ShardDriver; hands: Hand[] } {
  const driver = new ShardDriver({ consistency });
  const hands = Array.from({ length: workers }, (_, index) => new Hand(driver, `w${index}`));
  driver.join(...hands.map(({ name }) => name));
  return { driver, hands };
}

describe('version lag', () => {
  it.each([1, 2, 4, 7])('round-robin workers give version lag 0,1,…,N-1 then N-1 (N = %i)', (workers) => {
    const { driver, hands } = start({ policy: 'asp' }, workers);
    for (const hand of hands) hand.pull();
    for (let round = 0; round < 4; round += 1) {
      for (const [index, hand] of hands.entries()) {
        expect(hand.push(1)?.versionLag).toBe(round === 0 ? index : workers - 1);
        hand.pull();
      }
    }
    expect(driver.records.map(({ versionLag }) => versionLag).slice(workers)).toEqual(Array(3 * workers).fill(workers - 1));
  });

  it('under bsp, applied one gradient at a time, has the mean (N-1)/2 (check 2)', () => {
    const workers = 6;
    const { driver, hands } = start({ policy: 'ssp', bound: 0 }, workers);
    for (let round = 0; round < 10; round += 1) {
      for (const hand of hands) hand.pull();
      for (const hand of hands) hand.push(1);
    }
    const lags = driver.records.map(({ versionLag }) => versionLag);
    expect(lags.reduce((sum, lag) => sum + lag, 0) / lags.length).toBe((workers - 1) / 2);
  });

  it.each([2, 4, 8])('with exponential compute times has P(lag = k) = (1/N)(1-1/N)^k (check 2, N = %i)', (workers) => {
    const pushes = 8_000;
    const { driver, hands } = start({ policy: 'asp' }, workers);
    const random = new Random({ seed: 8, stream: 'time' });
    const draw = (): number => -Math.log(1 - random.uniform());
    const due = hands.map((hand) => {
      hand.pull();
      return draw();
    });
    for (let done = 0; done < pushes; done += 1) {
      const index = due.indexOf(Math.min(...due));
      hands[index]!.push(0);
      hands[index]!.pull();
      due[index]! += draw();
    }
    const counts = new Map<number, number>();
    for (const { versionLag } of driver.records.slice(workers * 20)) counts.set(versionLag, (counts.get(versionLag) ?? 0) + 1);
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    for (let lag = 0; lag < 3 * workers; lag += 1) {
      const expected = (1 / workers) * (1 - 1 / workers) ** lag;
      // Five standard deviations of a share; neighbouring lags are not independent, hence not three.
      const margin = 5 * Math.sqrt((expected * (1 - expected)) / total);
      expect(Math.abs((counts.get(lag) ?? 0) / total - expected), `share of lag ${lag}`).toBeLessThan(margin);
    }
  });
});

describe('bsp', () => {
  it('combines a round in ascending (worker, incarnation) order, whatever the arrival order', () => {
    const names = ['a', 'b', 'c', 'd'];
    const floats = fc.float({ noNaN: true, noDefaultInfinity: true, min: fround(-1e6), max: fround(1e6) });
    const gradients = fc.array(fc.tuple(floats, floats, floats, floats), { minLength: 4, maxLength: 4 });
    const arrivals = fc.shuffledSubarray(names, { minLength: 4 });
    fc.assert(
      fc.property(gradients, arrivals, fc.constantFrom('mean', 'sum' as const), (values, order, aggregate) => {
        const driver = new ShardDriver({ consistency: { policy: 'bsp', aggregate } });
        driver.join(...order);
        for (const name of order) driver.pull(name, 0);
        for (const name of order) driver.push(name, new Float32Array(values[names.indexOf(name)]!), { clock: 0 });
        const weight = fround(aggregate === 'mean' ? 1 / 4 : 1);
        const expected = [0, 1, 2, 3].map((element) => {
          const [first, ...rest] = values.map((gradient) => fround(weight * gradient[element]!));
          return fround(0 - rest.reduce((sum, term) => fround(sum + term), first!));
        });
        expect([...driver.x]).toEqual(expected);
        expect(driver.shard.status().version).toBe(1);
      }),
      { numRuns: 60 },
    );
  });

  it('combines a round that holds two lives of one worker by their incarnations', () => {
    const driver = new ShardDriver({ consistency: { policy: 'bsp', aggregate: 'sum' } });
    driver.join('a', 'b');
    for (const name of ['a', 'b']) driver.pull(name, 0);
    driver.push('a', 2 ** 24, { clock: 0 });
    driver.members([
      { worker: 'a', incarnation: 2 },
      { worker: 'b', incarnation: 1 },
    ]);
    driver.hello('a', { identity: driver.identity('a', 2), connection: 1 });
    driver.pull('a', 0);
    driver.push('b', -(2 ** 24), { clock: 0 });
    driver.push('a', 1, { clock: 0 });
    // (2^24 + 1) - 2^24 rounds the 1 away; any order but a/1, a/2, b keeps it.
    expect([...driver.x]).toEqual([0, 0, 0, 0]);
    expect(driver.records.map(({ worker, incarnation, round }) => `${worker}/${incarnation}@${round}`)).toEqual([
      'a/1@0',
      'a/2@0',
      'b/1@0',
    ]);
  });

  it('answers a kept push at once as buffered, and its repeat too', () => {
    const { hands, driver } = start({ policy: 'bsp', aggregate: 'sum' }, 2);
    for (const hand of hands) hand.pull();
    expect(hands[0]!.push(1)).toMatchObject({ outcome: 'buffered', versionLag: -1, version: 0 });
    expect(pushReplyIn(driver.push('w0', 5, { sequence: 1, clock: 0 }))).toMatchObject({ outcome: 'buffered', repeated: true });
    hands[1]!.push(1);
    expect([...driver.x]).toEqual([-2, -2, -2, -2]);
  });

  it('closes a round that waits for one who leaves, and keeps what a leaver has pushed', () => {
    const { hands, driver } = start({ policy: 'bsp', aggregate: 'sum' }, 3);
    for (const hand of hands) hand.pull();
    hands[0]!.push(1);
    driver.leave('w0');
    hands[1]!.push(2);
    expect(driver.shard.status().version).toBe(0);
    driver.leave('w2');
    expect(driver.shard.status().version).toBe(1);
    expect([...driver.x]).toEqual([-3, -3, -3, -3]);
  });

  it('applies open rounds at the end of the job, each as one update', () => {
    const { hands, driver } = start({ policy: 'bsp', aggregate: 'mean' }, 2);
    for (const hand of hands) hand.pull();
    hands[0]!.push(8);
    driver.order({ type: 'finish', history: driver.history });
    expect([...driver.x]).toEqual([-8, -8, -8, -8]);
    expect(driver.shard.status().version).toBe(1);
  });
});

describe('ssp', () => {
  it("with bound 0 equals bsp (sum) where each round's pulls come before its pushes, bit for bit (check 7)", () => {
    const integers = fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 5 * 3, maxLength: 5 * 3 });
    fc.assert(
      fc.property(
        integers,
        fc.array(fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), { minLength: 5, maxLength: 5 }),
        (values, orders) => {
          const run = (consistency: ConsistencyConfig): { x: number[]; reads: number[][]; steps: number } => {
            const driver = new ShardDriver({ consistency, config: { learningRate: 0.25 } });
            const hands = [0, 1, 2].map((index) => new Hand(driver, `w${index}`));
            driver.join(...hands.map(({ name }) => name));
            const reads: number[][] = [];
            for (const [round, order] of orders.entries()) {
              for (const index of order) hands[index]!.pull();
              // A gradient that depends on what was read: a wrong read would show.
              const gradients = hands.map((hand, index) =>
                hand.read.map((weight, i) => values[round * 3 + index]! + i + (weight % 1 === 0 ? 1 : 0)),
              );
              reads.push(...hands.map(({ read }) => [...read]));
              for (const index of order) hands[index]!.push(gradients[index]!);
            }
            return { x: [...driver.x], reads, steps: driver.shard.status().version };
          };
          const ssp = run({ policy: 'ssp', bound: 0 });
          const bsp = run({ policy: 'bsp', aggregate: 'sum' });
          expect(ssp.reads).toEqual(bsp.reads);
          expect(ssp.x).toEqual(bsp.x);
          expect([ssp.steps, bsp.steps]).toEqual([15, 5]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('with an unreachable bound equals asp on any schedule (check 6)', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 60 }), (turns) => {
        const run = (consistency: ConsistencyConfig): unknown => {
          const { driver, hands } = start(consistency, 3);
          for (const [step, turn] of turns.entries()) {
            if (hands[turn]!.next === 'pull') hands[turn]!.pull();
            else hands[turn]!.push(fround(step / 7));
          }
          return [driver.shard.stateHash(), driver.records];
        };
        expect(run({ policy: 'ssp', bound: 1_000_000 })).toEqual(run({ policy: 'asp' }));
      }),
      { numRuns: 50 },
    );
  });

  it('keeps max clock - min clock <= bound + 1 at every instant of random schedules with joins, idleness and deaths, and never stands still', () => {
    const event = fc.tuple(fc.nat({ max: 4 }), fc.constantFrom('step', 'step', 'step', 'step', 'idle', 'leave', 'join' as const));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3 }), fc.array(event, { maxLength: 120 }), (bound, events) => {
        const driver = new ShardDriver({ consistency: { policy: 'ssp', bound } });
        const hands = new Map<string, Hand>();
        let births = 0;
        let least = 0;
        const check = (): void => {
          for (const hand of hands.values()) hand.listen();
          const { min, max } = driver.clocks;
          expect(max - min).toBeLessThanOrEqual(bound + 1);
          expect(min).toBeGreaterThanOrEqual(least);
          least = min;
        };
        const step = (hand: Hand): void => {
          if (hand.next === 'pull') hand.pull();
          else if (hand.next === 'push') {
            hand.push(1);
            // What was read holds every update of clocks below c - bound, of all who count.
            expect(hand.clock - 1 - driver.clocks.min).toBeLessThanOrEqual(bound + 1);
          } else if (hand.next === 'idle') {
            const hello = driver.enterAgain(hand.name).find((message) => message.type === 'hello');
            hand.clock = hello?.type === 'hello' ? hello.clock : NaN;
            hand.next = 'pull';
          }
        };
        for (const [which, what] of events) {
          const hand = [...hands.values()][which % Math.max(1, hands.size)];
          if (what === 'join' && hands.size < 5) {
            const born = new Hand(driver, `w${births}`);
            births += 1;
            driver.join(born.name);
            const hello = driver.heard(born.name).find((message) => message.type === 'hello');
            born.clock = hello?.type === 'hello' ? hello.clock : NaN;
            expect(born.clock).toBe(driver.clocks.min);
            hands.set(born.name, born);
          } else if (what === 'leave' && hand) {
            driver.leave(hand.name);
            for (const other of hands.values()) if (other !== hand) other.listen();
            hands.delete(hand.name);
          } else if (what === 'idle' && hand?.next === 'pull') {
            driver.idle(hand.name);
            hand.next = 'idle';
          } else if (hand) step(hand);
          check();
        }
        // Whoever is left gets on: within a few turns each has pushed again.
        const clocks = new Map([...hands.values()].map((hand) => [hand, hand.clock]));
        for (let turn = 0; turn < 40; turn += 1) {
          for (const hand of hands.values()) {
            step(hand);
            check();
          }
        }
        for (const [hand, clock] of clocks) expect(hand.clock, `${hand.name} goes on`).toBeGreaterThan(clock);
      }),
      { numRuns: 80 },
    );
  });
});

const POLICIES: [string, ConsistencyConfig][] = [
  ['asp', { policy: 'asp' }],
  ['ssp bound 0', { policy: 'ssp', bound: 0 }],
  ['ssp bound 3', { policy: 'ssp', bound: 3 }],
  ['bsp mean', { policy: 'bsp', aggregate: 'mean' }],
  ['bsp sum', { policy: 'bsp', aggregate: 'sum' }],
];

describe.each(POLICIES)('%s', (_name, consistency) => {
  it('lets a worker join in mid-run at the min clock, and rounds below do not wait for it', () => {
    const { driver, hands } = start(consistency, 2);
    const [a, b] = hands as [Hand, Hand];
    const turn = (all: readonly Hand[]): void => {
      for (const hand of all) if (hand.next === 'pull') hand.pull();
      for (const hand of all) {
        hand.listen();
        if (hand.next === 'push') hand.push(1);
        for (const other of all) other.listen();
      }
    };
    for (let round = 0; round < 5; round += 1) turn([a, b]);
    driver.join('late');
    const late = new Hand(driver, 'late');
    late.clock = driver.clocks.min;
    expect(late.clock).toBe(5);
    for (let round = 0; round < 5; round += 1) turn([a, b, late]);
    expect([a.clock, b.clock, late.clock]).toEqual([10, 10, 10]);
    const perRound = consistency.policy === 'bsp' ? 1 : 2;
    expect(driver.shard.status().version).toBe(5 * perRound + 5 * (consistency.policy === 'bsp' ? 1 : 3));
  });

  it('lets those go on who have data left when others have none, and takes them back', () => {
    const { driver, hands } = start(consistency, 3);
    const [a, b, c] = hands as [Hand, Hand, Hand];
    for (const hand of hands) hand.pull();
    for (const hand of hands) hand.push(1);
    driver.idle('w1');
    for (let round = 0; round < 6; round += 1) {
      for (const hand of [a, c]) hand.pull();
      for (const hand of [a, c]) hand.push(1);
    }
    driver.idle('w2');
    for (let round = 0; round < 6; round += 1) {
      a.pull();
      expect(a.next, 'alone, nobody is waited for').toBe('push');
      a.push(1);
    }
    expect(driver.enterAgain('w1')).toMatchObject([{ type: 'hello', clock: 13 }]);
    b.clock = 13;
    b.pull();
    expect(b.next).toBe('push');
  });
});
