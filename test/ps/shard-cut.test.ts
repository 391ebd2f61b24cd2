import { describe, expect, it } from 'vitest';
import type { OrderReply } from '../../src/ps/events.ts';
import { hashOfVectors } from '../../src/ps/vectors.ts';
import { ShardDriver, pushReplyIn, refusalIn, weightsIn } from './shard-driver.ts';

function cutReply(reply: OrderReply | undefined): Extract<OrderReply, { type: 'cut' }> {
  if (reply?.type !== 'cut') throw new Error(`a cut was expected, and came: ${JSON.stringify(reply)}`);
  return reply;
}

/** Two workers that have each pushed once, with values 1 and 2. */
function trained(consistency: ConstructorParameters<typeof ShardDriver>[0] = {}): ShardDriver {
  const driver = new ShardDriver(consistency);
  driver.join('a', 'b');
  for (const name of ['a', 'b']) driver.pull(name, 0);
  driver.push('a', 1, { clock: 0 });
  driver.push('b', 2, { clock: 0, firstBatch: 1 });
  return driver;
}

describe('a cut', () => {
  it('answers a mark with what is decided, and holds every push beyond it without leaving a gap', () => {
    const driver = trained();
    expect(driver.order({ type: 'mark', id: 1 })).toEqual({ type: 'mark', sequences: { 'a/1': 1, 'b/1': 1 } });
    expect(driver.push('a', 10, { clock: 1 })).toEqual([]);
    expect(driver.push('a', 10, { sequence: 3, clock: 2 })).toEqual([]);
    expect(driver.shard.status().version).toBe(2);
    driver.order({ type: 'dropMark', id: 1 });
    expect(driver.heard('a').map((message) => (message.type === 'push' ? message.sequence : message.type))).toEqual([2, 3]);
    expect([...driver.x]).toEqual([-23, -23, -23, -23]);
  });

  it('goes on serving pulls while it holds pushes', () => {
    const driver = trained();
    driver.order({ type: 'mark', id: 1 });
    expect(weightsIn(driver.pull('a', 1))).toMatchObject({ version: 2 });
  });

  it('decides exactly up to M, copies itself, and decides the rest at once', () => {
    const driver = trained();
    driver.order({ type: 'mark', id: 1 });
    driver.push('a', 10, { sequence: 2, clock: 1, firstBatch: 2 });
    driver.push('a', 100, { sequence: 3, clock: 2, firstBatch: 3 });
    const { copy } = cutReply(driver.order({ type: 'cut', id: 1, sequences: { 'a/1': 2, 'b/1': 1 } }));
    expect([...copy.x]).toEqual([-13, -13, -13, -13]);
    expect(copy).toMatchObject({ version: 3, sequences: { 'a/1': 2, 'b/1': 1 }, outcomes: [[0, 3, 'applied']], clock: 2 });
    expect([...driver.x]).toEqual([-113, -113, -113, -113]);
    expect(hashOfVectors(copy.x, copy.state)).not.toBe(driver.shard.vectorsHash());
  });

  it('waits for a push in M that has not come yet, and takes nothing beyond it meanwhile', () => {
    const driver = trained();
    driver.order({ type: 'mark', id: 1 });
    const order = driver.orderLater({ type: 'cut', id: 1, sequences: { 'a/1': 2, 'b/1': 1 } });
    expect(driver.push('b', 1000, { clock: 1 })).toEqual([]);
    expect(driver.orderReplies.has(order)).toBe(false);
    expect(pushReplyIn(driver.push('a', 10, { clock: 1 }))).toMatchObject({ outcome: 'applied' });
    expect([...cutReply(driver.orderReplies.get(order)).copy.x]).toEqual([-13, -13, -13, -13]);
    expect([...driver.x]).toEqual([-1013, -1013, -1013, -1013]);
  });

  it('is not kept waiting by one who has left', () => {
    const driver = trained();
    driver.order({ type: 'mark', id: 1 });
    const order = driver.orderLater({ type: 'cut', id: 1, sequences: { 'a/1': 2, 'b/1': 1 } });
    driver.leave('a');
    expect(cutReply(driver.orderReplies.get(order)).copy.sequences).toEqual({ 'a/1': 1, 'b/1': 1 });
  });

  it('answers a repeat of what is decided while it holds, and a repeat of a held push once, on the newer stream', () => {
    const driver = trained();
    driver.order({ type: 'mark', id: 1 });
    expect(pushReplyIn(driver.push('a', 1, { sequence: 1, clock: 0 }))).toMatchObject({ outcome: 'applied', repeated: true });
    driver.push('a', 10, { sequence: 2, clock: 1 });
    driver.hello('a', { enter: false });
    expect(driver.push('a', 10, { sequence: 2, clock: 1 })).toEqual([]);
    driver.order({ type: 'dropMark', id: 1 });
    expect(driver.heard('a')).toMatchObject([{ type: 'push', sequence: 2, repeated: false }]);
    expect(driver.shard.status().version).toBe(3);
  });

  it('is dropped by the shard itself after its deadline, and M for it is refused', () => {
    const driver = trained({ config: { markTimeoutMs: 300 } });
    driver.order({ type: 'mark', id: 1 });
    driver.push('a', 10, { clock: 1 });
    driver.tick(299);
    expect(driver.shard.status().version).toBe(2);
    driver.tick(300);
    expect(driver.shard.status().version).toBe(3);
    expect(driver.order({ type: 'cut', id: 1, sequences: { 'a/1': 1, 'b/1': 1 } })).toMatchObject({
      type: 'refused',
      why: 'mark 1 was dropped here',
    });
  });

  it('is dropped by the first order of a newer epoch', () => {
    const driver = trained();
    driver.order({ type: 'mark', id: 1 });
    driver.push('a', 10, { clock: 1 });
    driver.order({ type: 'collect' }, 2);
    expect(driver.shard.status().version).toBe(3);
    expect(driver.order({ type: 'cut', id: 1, sequences: {} }, 2)).toMatchObject({ type: 'refused' });
  });

  it('fails when the job is restored meanwhile, and held pushes are fenced', () => {
    const driver = trained();
    driver.order({ type: 'mark', id: 1 });
    driver.push('a', 10, { sequence: 2, clock: 1 });
    driver.push('a', 10, { sequence: 3, clock: 2 });
    const order = driver.orderLater({ type: 'cut', id: 1, sequences: { 'a/1': 2, 'b/1': 2 } });
    driver.order({ type: 'fence', history: 2 });
    expect(driver.orderReplies.get(order)).toMatchObject({ type: 'refused', why: 'the job is being restored' });
    expect(refusalIn(driver.heard('a'))).toMatchObject({ code: 'FAILED_PRECONDITION', sequence: 3 });
  });

  it('holds an open round as it is, decided and not applied', () => {
    const driver = new ShardDriver({ consistency: { policy: 'bsp', aggregate: 'sum' } });
    driver.join('a', 'b');
    for (const name of ['a', 'b']) driver.pull(name, 0);
    driver.push('a', 5, { clock: 0, firstBatch: 7 });
    driver.order({ type: 'mark', id: 1 });
    const { copy } = cutReply(driver.order({ type: 'cut', id: 1, sequences: { 'a/1': 1 } }));
    expect(copy).toMatchObject({ version: 0, sequences: { 'a/1': 1 }, outcomes: [[7, 1, 'buffered']] });
    expect(copy.open).toMatchObject([{ round: 0, pushes: [{ worker: 'a', weight: 1 }] }]);
    expect([...copy.open[0]!.pushes[0]!.gradient]).toEqual([5, 5, 5, 5]);
    driver.push('b', 1, { clock: 0 });
    expect([...copy.open[0]!.pushes[0]!.gradient], 'a copy: the round has closed since').toEqual([5, 5, 5, 5]);
  });

  it('keeps the outcomes of batches that the leader lets go while a mark is open', () => {
    const driver = trained();
    driver.order({ type: 'mark', id: 1 });
    driver.order({ type: 'forget', history: driver.history - 1, batches: [[0, 1]] }); // delayed past a restore: refused
    driver.order({ type: 'forget', history: driver.history, batches: [[0, 2]] });
    const { copy } = cutReply(driver.order({ type: 'cut', id: 1, sequences: { 'a/1': 1, 'b/1': 1 } }));
    expect(copy.outcomes).toEqual([[0, 2, 'applied']]);
    expect(driver.order({ type: 'collect' })).toMatchObject({ outcomes: [] });
  });
});
