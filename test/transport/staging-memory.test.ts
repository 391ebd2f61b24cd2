import { describe, expect, test } from 'vitest';
import { gradientPool, type GradientMemory } from '../../src/tensor/vector-pool.ts';
import { TardigradError } from '../../src/errors.ts';
import type { PushChunk__Output } from '../../src/transport/generated/tardigrad/v1/PushChunk.ts';
import { LIMITS } from '../../src/transport/limits.ts';
import { parameterServer } from '../../src/transport/proto.ts';
import { pushChunks } from '../../src/transport/chunks.ts';
import { PushStaging, StagedBytes } from '../../src/transport/staging.ts';
import { IDENTITY, header, vector } from './loopback.ts';

const RANGES = [{ start: 0, length: 64 }];
const GRADIENT = vector(64);

/** A staging area whose memory says what came back. */
function stagingWith() {
  const pool = gradientPool();
  const given: Float32Array[] = [];
  const gradients: GradientMemory = {
    ...pool,
    give(gradient) {
      given.push(gradient);
      pool.give(gradient);
    },
  };
  const staging = new PushStaging({
    limits: LIMITS,
    server: new StagedBytes(),
    expected: () => ({ mapVersion: 7, ranges: RANGES, elements: 64, gradients }),
  });
  const chunk = (sequence: number): PushChunk__Output => {
    const [only] = pushChunks(header({ sequence, ranges: RANGES }), GRADIENT);
    const serialized = parameterServer.Push.requestSerialize(only!);
    const bytes = Buffer.alloc(serialized.length);
    serialized.copy(bytes, 0);
    return parameterServer.Push.requestDeserialize(bytes);
  };
  const whole = (sequence: number): Float32Array => {
    const result = staging.add(chunk(sequence), IDENTITY);
    if (result?.type !== 'push') throw new Error(`a push was expected, not ${JSON.stringify(result)}`);
    return result.gradient;
  };
  return { staging, given, chunk, whole };
}

describe('the memory of a gradient', () => {
  test('comes back with the answer to its push, and serves the next one', () => {
    const { staging, given, whole } = stagingWith();
    const first = whole(1);
    expect(given).toEqual([]);
    staging.answered(1, false);
    expect(given).toEqual([first]);
    expect(whole(2)).toBe(first);
  });

  test('stays with whoever keeps the gradient', () => {
    const { staging, given, whole } = stagingWith();
    const kept = whole(1);
    staging.answered(1, true);
    expect(given).toEqual([]);
    expect(whole(2)).not.toBe(kept);
  });

  test('never comes back while two pushes of one sequence are open: one may be kept', () => {
    const { staging, given, whole } = stagingWith();
    whole(1);
    whole(1);
    staging.answered(1, false);
    staging.answered(1, false);
    expect(given).toEqual([]);
  });

  test('comes back at once where the push is given up, or its stream ends, before it is whole', () => {
    const { staging, given, chunk } = stagingWith();
    staging.add({ ...chunk(1), data: Buffer.alloc(8), last: false }, IDENTITY);
    staging.giveUp(new TardigradError('INVALID_ARGUMENT', 'for a test'));
    expect(given).toHaveLength(1);
    staging.add({ ...chunk(2), data: Buffer.alloc(8), last: false }, IDENTITY);
    staging.close();
    expect(given).toHaveLength(2);
  });
});
