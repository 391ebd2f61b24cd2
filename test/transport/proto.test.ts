import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { coordinator, parameterServer, shardControl } from '../../src/transport/proto.ts';

describe('the protocol', () => {
  it('has types that were generated from it, with the options that it is loaded with', () => {
    const script = fileURLToPath(new URL('../../scripts/proto-types.mjs', import.meta.url));
    expect(execFileSync(process.execPath, [script, '--check'], { encoding: 'utf8' })).toBe('');
  });

  it('is loaded with numbers for longs, names for enums, and every field present', () => {
    const { requestSerialize, requestDeserialize } = shardControl.Order;
    const order = requestDeserialize(requestSerialize({ epoch: 2 ** 50, forget: { batches: [{ firstBatch: 1, outcome: 'STALE' }] } }));
    expect(order).toMatchObject({
      job: '',
      epoch: 2 ** 50,
      order: 'forget',
      forget: { batches: [{ firstBatch: 1, count: 0, outcome: 'STALE' }] },
    });
  });

  it('keeps bytes as a view of the message', () => {
    const { requestSerialize, requestDeserialize } = parameterServer.Push;
    const serialized = requestSerialize({ sequence: 1, data: Buffer.from('data') });
    const message = Buffer.alloc(serialized.length);
    serialized.copy(message, 0);
    const { data } = requestDeserialize(message);
    expect(data.buffer).toBe(message.buffer);
    expect(data.toString()).toBe('data');
  });

  it('names its services and streams', () => {
    expect(parameterServer.Exchange).toMatchObject({
      path: '/tardigrad.v1.ParameterServer/Exchange',
      requestStream: true,
      responseStream: true,
    });
    expect(coordinator.Watch).toMatchObject({ path: '/tardigrad.v1.Coordinator/Watch', requestStream: false, responseStream: true });
  });
});
