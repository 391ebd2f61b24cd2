import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShardDriver, pushReplyIn, refusalIn, weightsIn } from './shard-driver.ts';

/** What a refusal may not change: the hash covers weights, optimizer state, version, step counts and identity table. */
function stateOf(driver: ShardDriver): string {
  const { minClock, maxClock, version, members } = driver.shard.status();
  return `${driver.shard.stateHash()} ${minClock} ${maxClock} ${version} ${members}`;
}

/** A member that has pulled and pushed `pushes` times. */
function trained(pushes: number): ShardDriver {
  const driver = new ShardDriver();
  driver.join('a');
  for (let clock = 0; clock < pushes; clock += 1) {
    driver.pull('a', clock);
    driver.push('a', 1, { clock, versionRead: clock });
  }
  return driver;
}

function refused(driver: ShardDriver, attempt: () => Parameters<typeof refusalIn>[0], code: string, message: RegExp): void {
  const before = stateOf(driver);
  const refusal = refusalIn(attempt());
  expect(refusal).toMatchObject({ code, message: expect.stringMatching(message) });
  expect(stateOf(driver)).toBe(before);
}

describe('a refusal leaves the state hash as it was', () => {
  it('refuses a push ahead of one that is missing, and takes both once the missing one has come', () => {
    const driver = trained(2);
    refused(driver, () => driver.push('a', 1, { sequence: 4, clock: 3 }), 'OUT_OF_RANGE', /leaves a gap: the next is 3/);
    expect(pushReplyIn(driver.push('a', 1, { sequence: 3, clock: 2 }))).toMatchObject({ outcome: 'applied', repeated: false });
    expect(pushReplyIn(driver.push('a', 1, { sequence: 4, clock: 3 }))).toMatchObject({ outcome: 'applied', repeated: false });
    expect([...driver.x]).toEqual([-4, -4, -4, -4]);
  });

  it('answers a repeated push with its first outcome, whatever it holds now, and applies it once', () => {
    const driver = trained(2);
    const before = stateOf(driver);
    const repeat = pushReplyIn(driver.push('a', 1000, { sequence: 2, clock: 1, versionRead: 0 }));
    expect(repeat).toMatchObject({ sequence: 2, outcome: 'applied', repeated: true, versionLag: 0, version: 2 });
    expect(stateOf(driver)).toBe(before);
    expect(driver.records).toHaveLength(2);
  });

  it('says of a push decided long ago that it was decided and no longer how', () => {
    const driver = trained(5);
    const before = stateOf(driver);
    expect(pushReplyIn(driver.push('a', 1, { sequence: 2, clock: 1 }))).toMatchObject({ outcome: undefined, repeated: true });
    for (const sequence of [3, 4, 5]) {
      expect(pushReplyIn(driver.push('a', 1, { sequence, clock: sequence - 1 }))).toMatchObject({ outcome: 'applied', repeated: true });
    }
    expect(stateOf(driver)).toBe(before);
  });

  it('refuses hello, pull, push and idle of an older history, also where nothing is loaded', () => {
    const driver = new ShardDriver({ history: 4 });
    driver.join('a');
    const old = driver.identity('a', 1, 3);
    refused(driver, () => driver.hello('a', { identity: old, connection: 9 }), 'FAILED_PRECONDITION', /history 3 is over/);
    driver.order({ type: 'fence', history: 5 });
    const late = driver.identity('a', 1, 4);
    refused(driver, () => driver.hello('a', { identity: late, connection: 9 }), 'FAILED_PRECONDITION', /history 4 is over \(5 now\)/);
    expect(driver.shard.stateHash()).toBe('unloaded');
    const streams = new ShardDriver({ history: 4 });
    streams.join('a');
    streams.order({ type: 'fence', history: 5 });
    for (const attempt of [() => streams.pull('a', 0), () => streams.push('a', 1), () => streams.idle('a')]) {
      refused(streams, attempt, 'FAILED_PRECONDITION', /history 4 is over/);
    }
  });

  it('says try again to a history that it has not been told of', () => {
    const driver = trained(1);
    refused(driver, () => driver.hello('a', { identity: driver.identity('a', 1, 2), connection: 9 }), 'UNAVAILABLE', /not loaded here yet/);
  });

  it('refuses an older incarnation for good and says try again to a newer one that its list does not know yet', () => {
    const driver = new ShardDriver();
    driver.members([{ worker: 'a', incarnation: 5 }]);
    driver.hello('a', { identity: driver.identity('a', 5) });
    driver.pull('a', 0);
    driver.push('a', 1);
    refused(driver, () => driver.hello('a', { identity: driver.identity('a', 4), connection: 9 }), 'FAILED_PRECONDITION', /is over/);
    const newer = driver.identity('a', 6);
    refused(driver, () => driver.hello('a', { identity: newer, connection: 1 }), 'UNAVAILABLE', /not on this shard's member list yet/);
    driver.members([{ worker: 'a', incarnation: 6 }]);
    expect(driver.hello('a', { identity: newer, connection: 1 })).toMatchObject([{ type: 'hello' }]);
    refused(driver, () => driver.hello('a', { identity: driver.identity('a', 5), connection: 9 }), 'FAILED_PRECONDITION', /is over/);
  });

  it('never readmits an incarnation that it has dropped, and names it to the leader', () => {
    const driver = trained(1);
    driver.members([]);
    expect(driver.members([{ worker: 'a', incarnation: 1 }])).toEqual({ type: 'members', dropped: [{ worker: 'a', incarnation: 1 }] });
    refused(driver, () => driver.hello('a'), 'FAILED_PRECONDITION', /incarnation 1 of a is over/);
  });

  it('refuses pulls and pushes of an idle worker until it enters again', () => {
    const driver = trained(1);
    expect(driver.idle('a')).toMatchObject([{ type: 'idle' }]);
    refused(driver, () => driver.pull('a', 1), 'INVALID_ARGUMENT', /idle worker does not pull/);
    refused(driver, () => driver.push('a', 1, { clock: 1 }), 'INVALID_ARGUMENT', /idle worker does not push/);
    driver.hello('a', { enter: false });
    refused(driver, () => driver.pull('a', 1), 'INVALID_ARGUMENT', /idle worker does not pull/);
    driver.enterAgain('a');
    expect(weightsIn(driver.pull('a', 1))).toMatchObject({ version: 1 });
  });

  it('refuses a push whose clock lies behind the clock of its worker', () => {
    const driver = trained(3);
    refused(driver, () => driver.push('a', 1, { clock: 1 }), 'INVALID_ARGUMENT', /clock 1 is behind this worker's 3/);
  });

  it('refuses what comes on a stream without a hello', () => {
    const driver = trained(1);
    driver.closeStream('a');
    refused(driver, () => driver.pull('a', 1), 'INVALID_ARGUMENT', /opens with a hello/);
  });

  it('serves and takes nothing before the initial weights are in, and takes those once', () => {
    const driver = new ShardDriver({ initial: null });
    driver.join('a');
    expect(driver.pull('a', 0)).toEqual([]);
    refused(driver, () => driver.push('a', 1), 'UNAVAILABLE', /no initial weights yet/);
    const first = driver.initialize({ worker: 'a', incarnation: 1 }, new Float32Array([1, 2, 3, 4]));
    expect(pushReplyIn(first)).toMatchObject({ outcome: 'applied', repeated: false });
    const before = driver.shard.stateHash();
    const second = driver.initialize({ worker: 'a', incarnation: 1 }, new Float32Array([9, 9, 9, 9]));
    expect(pushReplyIn(second)).toMatchObject({ outcome: 'applied', repeated: true });
    expect(driver.shard.stateHash()).toBe(before);
    expect([...driver.x]).toEqual([1, 2, 3, 4]);
  });

  it('refuses an order of an older epoch and names the higher one', () => {
    const driver = trained(1);
    driver.members([{ worker: 'a', incarnation: 1 }], 7);
    const before = stateOf(driver);
    expect(driver.order({ type: 'fence', history: 9 }, 6)).toMatchObject({ type: 'refused', epoch: 7 });
    expect(stateOf(driver)).toBe(before);
  });

  it('holds only so many pulls of one worker', () => {
    const driver = new ShardDriver({ consistency: { policy: 'ssp', bound: 0 } });
    driver.join('a', 'b');
    driver.pull('a', 0);
    driver.push('a', 1, { clock: 0 });
    for (let clock = 1; clock <= 4; clock += 1) expect(driver.pull('a', clock)).toEqual([]);
    refused(driver, () => driver.pull('a', 5), 'RESOURCE_EXHAUSTED', /4 pulls of this worker wait already/);
  });

  it('is so for any sequence of right and wrong pushes', () => {
    const anyPush = fc.record({
      sequence: fc.integer({ min: 0, max: 8 }),
      clock: fc.integer({ min: 0, max: 8 }),
      kind: fc.constantFrom('gradient', 'gradient', 'void' as const),
      value: fc.integer({ min: -3, max: 3 }),
    });
    const policies = fc.constantFrom({ policy: 'asp' }, { policy: 'ssp', bound: 1 }, { policy: 'bsp', aggregate: 'sum' } as const);
    fc.assert(
      fc.property(policies, fc.array(anyPush, { maxLength: 30 }), (consistency, pushes) => {
        const driver = new ShardDriver({ consistency: consistency as { policy: 'asp' } });
        driver.join('a', 'b');
        for (const { value, ...header } of pushes) {
          const before = stateOf(driver);
          const answer = driver.push('a', value, header)[0];
          const decided = answer?.type === 'push' && !answer.repeated;
          expect(stateOf(driver) === before).toBe(!decided);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('a stream that is opened again', () => {
  it('with a greater connection number closes the older one', () => {
    const driver = trained(1);
    const older = driver.streamOf('a');
    expect(driver.hello('a', { enter: false })).toMatchObject([{ type: 'hello', clock: 1, version: 1 }]);
    expect(driver.closedStreams).toEqual([older]);
  });

  it('with a number that is not greater is refused, and the good stream stays', () => {
    const driver = new ShardDriver();
    driver.members([{ worker: 'a', incarnation: 1 }]);
    driver.hello('a', { connection: 5 });
    const good = driver.streamOf('a');
    const late = driver.hello('a', { connection: 4, enter: false });
    expect(refusalIn(late)).toMatchObject({ about: 'hello', code: 'INVALID_ARGUMENT' });
    expect(driver.closedStreams).toEqual([driver.streamOf('a')]);
    expect(driver.closedStreams).not.toContain(good);
  });

  it('changes neither clock nor idleness without enter', () => {
    const driver = trained(3);
    driver.idle('a');
    driver.hello('a', { enter: false });
    expect(driver.shard.status().members).toBe(0);
    driver.hello('a', { enter: true });
    expect(driver.shard.status().members).toBe(1);
    expect(driver.clocks).toEqual({ min: 3, max: 3 });
  });

  it('drops the pulls that waited on it, and they are asked again on the new one', () => {
    const driver = new ShardDriver({ consistency: { policy: 'ssp', bound: 0 } });
    driver.join('a', 'b');
    driver.pull('a', 0);
    driver.push('a', 1, { clock: 0 });
    driver.pull('a', 1);
    expect(driver.shard.status().waiting).toHaveLength(1);
    driver.hello('a', { enter: false });
    expect(driver.shard.status().waiting).toHaveLength(0);
    expect(driver.pull('a', 1)).toEqual([]);
    driver.pull('b', 0);
    driver.push('b', 1, { clock: 0 });
    expect(weightsIn(driver.heard('a'))).toMatchObject({ clock: 1, version: 2 });
  });
});

describe('a pull that waits', () => {
  it('is answered with "still waiting" after its deadline, and may be asked again', () => {
    const driver = new ShardDriver({ consistency: { policy: 'ssp', bound: 0 }, config: { pullWaitMs: 100 } });
    driver.join('a', 'b');
    driver.pull('a', 0);
    driver.push('a', 1, { clock: 0 });
    driver.pull('a', 1);
    expect(driver.tick(99)).toEqual([]);
    expect(driver.tick(100)).toMatchObject([{ type: 'waiting', clock: 1, why: expect.stringMatching(/1 ahead of the slowest/) }]);
    expect(driver.pull('a', 1)).toEqual([]);
    driver.leave('b');
    expect(weightsIn(driver.heard('a'))).toMatchObject({ clock: 1, version: 1 });
  });
});
