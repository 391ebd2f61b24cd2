import { describe, expect, test } from 'vitest';
import { JobMeasures } from '../../src/coordinator/measures.ts';

const report = (lagCounts: number[]) => ({
  job: 'mnist-mlp',
  version: 0,
  minClock: 0,
  maxClock: 0,
  pushes: 0,
  refused: 0,
  bytesIn: 0,
  bytesOut: 0,
  lagCounts,
  lagMax: 0,
});

describe('the version lags of a job', () => {
  test('are those of the shards that have reported, in whichever order they come', () => {
    const measures = new JobMeasures();
    expect(measures.lag()).toEqual({ count: 0, mean: 0, p99: 0, max: 0 });
    measures.shardReported(1, report([3, 1]));
    expect(measures.lag()).toEqual({ count: 4, mean: 0.25, p99: 1, max: 1 });
    expect(measures.shardLag(0).count).toBe(0);
    measures.shardReported(0, report([0, 0, 4]));
    expect(measures.lag()).toEqual({ count: 8, mean: 9 / 8, p99: 2, max: 2 });
    expect(measures.shardLag(1)).toEqual({ count: 4, mean: 0.25, p99: 1, max: 1 });
  });
});
