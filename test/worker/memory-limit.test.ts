import { describe, expect, it } from 'vitest';
import { MemoryWatch, defaultWorkerMemoryBytes, memoryBytes } from '../../src/worker/memory-limit.ts';

const GIB = 1024 ** 3;

/** A watch over a number that the test sets. */
function watchOver(workerMemoryBytes: number): { grow: (bytes: number) => void; watch: MemoryWatch; told: string[] } {
  let resident = 0;
  const told: string[] = [];
  const watch = new MemoryWatch({
    workerMemoryBytes,
    residentBytes: () => resident,
    log: (event, facts) => told.push(`${event} ${JSON.stringify(facts)}`),
    onOver: () => told.push('leave'),
  });
  return {
    watch,
    told,
    grow(bytes) {
      resident = bytes;
      watch.check();
    },
  };
}

describe('the watch over workerMemoryBytes', () => {
  it('tells once, with both figures, when the resident set is above the limit', () => {
    const { watch, told, grow } = watchOver(1_000);
    grow(1_000);
    expect(watch.over).toBe(false);
    grow(1_001);
    grow(2_000);
    expect(watch.over).toBe(true);
    expect(told).toEqual(['memoryLimit {"residentBytes":1001,"workerMemoryBytes":1000}', 'leave']);
  });

  it('stays over when memory shrinks again: the worker is leaving', () => {
    const { watch, grow } = watchOver(1_000);
    grow(1_001);
    grow(10);
    expect(watch.over).toBe(true);
  });
});

describe('the default of workerMemoryBytes', () => {
  it.each([
    [128 * GIB, 1, 96 * GIB],
    [128 * GIB, 9, Math.floor((96 * GIB) / 9)],
    // A share that TensorFlow alone would fill.
    [8 * GIB, 9, 2 * GIB],
    // No more than there is.
    [2 * GIB, 1, 1.5 * GIB],
    [2 * GIB, 4, 1.5 * GIB],
  ])('of %d bytes for %d processes is %d', (totalBytes, processes, limit) => {
    expect(defaultWorkerMemoryBytes({ totalBytes, processes })).toBe(limit);
  });

  it("starts from a container's limit where it is the lower one", () => {
    expect(memoryBytes(64 * GIB, 4 * GIB)).toBe(4 * GIB);
    // How Node says that there is none.
    expect(memoryBytes(64 * GIB, 0)).toBe(64 * GIB);
    expect(memoryBytes(64 * GIB, 2 ** 64)).toBe(64 * GIB);
  });
});
