import { describe, expect, it } from 'vitest';
import { deadlines, type Deadlines } from '../../src/config/deadlines.ts';

/** From the innermost out. */
const ORDER = [
  'connectMs',
  'heartbeatCallMs',
  'heartbeatMs',
  'orderMs',
  'markMs',
  'controlCallMs',
  'exchangeMs',
  'leaseMs',
  'detectFailureMs',
] as const satisfies readonly (keyof Deadlines)[];

/** Every legal value is a whole number; all of the small ones, where rounding matters, and a stride through the rest. */
function* legalValues(): Generator<number> {
  for (let value = 500; value <= 20_000; value += 1) yield value;
  for (let value = 20_000; value <= 600_000; value += 997) yield value;
  yield 600_000;
}

describe('deadlines', () => {
  it('are whole milliseconds, and each inner one is shorter than the one around it, for any legal value', () => {
    for (const detectFailureMs of legalValues()) {
      const all = deadlines(detectFailureMs);
      for (const [index, name] of ORDER.entries()) {
        if (!Number.isSafeInteger(all[name]) || all[name] <= 0) expect.fail(`${name} is ${all[name]} for ${detectFailureMs}`);
        const outer = ORDER[index + 1];
        if (outer !== undefined && all[name] >= all[outer]) expect.fail(`${name} is not shorter than ${outer} for ${detectFailureMs}`);
      }
    }
  });

  it('let a worker miss two heartbeats, and notice its death within the named time', () => {
    for (const detectFailureMs of legalValues()) {
      const { heartbeatMs, leaseMs } = deadlines(detectFailureMs);
      if (3 * heartbeatMs > leaseMs) expect.fail(`three heartbeats do not fit into a lease for ${detectFailureMs}`);
      if (leaseMs + heartbeatMs > detectFailureMs) expect.fail(`lease and heartbeat are longer than ${detectFailureMs}`);
    }
  });

  it('answer a held pull, and drop a Mark, before the worker takes the stream for dead', () => {
    for (const detectFailureMs of legalValues()) {
      const { pullWaitMs, markMs, exchangeMs, connectMs, leaseMs } = deadlines(detectFailureMs);
      if (Math.max(pullWaitMs, markMs) >= exchangeMs) expect.fail(`a held reply comes too late for ${detectFailureMs}`);
      if (exchangeMs + connectMs >= leaseMs) expect.fail(`a dropped stream cannot be reopened within the lease for ${detectFailureMs}`);
    }
  });

  it('are these for the default of 5 s', () => {
    expect(deadlines(5000)).toEqual({
      connectMs: 750,
      heartbeatCallMs: 1000,
      heartbeatMs: 1250,
      pullWaitMs: 1250,
      orderMs: 1500,
      markMs: 1750,
      controlCallMs: 2000,
      exchangeMs: 2500,
      leaseMs: 3750,
      detectFailureMs: 5000,
    });
  });
});
