/**
 * Stands between a worker and the real coordinator, over gRPC on both sides, and changes one thing: where the worker is
 * told that its shards are. So a proxy gets between a worker and a shard, and the coordinator's own calls go straight.
 */
import { CoordinatorClient } from '../../../src/transport/coordinator-client.ts';
import { coordinator } from '../../../src/transport/proto.ts';
import { startServer, unary, type RunningServer } from '../../../src/transport/server.ts';
import type { RegisterRequest } from '../../../src/transport/generated/tardigrad/v1/RegisterRequest.ts';
import type { HeartbeatRequest } from '../../../src/transport/generated/tardigrad/v1/HeartbeatRequest.ts';
import type { LeaseTaskRequest } from '../../../src/transport/generated/tardigrad/v1/LeaseTaskRequest.ts';
import type { FinishTaskRequest } from '../../../src/transport/generated/tardigrad/v1/FinishTaskRequest.ts';
import type { LeaveRequest } from '../../../src/transport/generated/tardigrad/v1/LeaveRequest.ts';

const CALL_MS = 10_000;

export interface CoordinatorRelay {
  readonly address: string;
  close(): Promise<void>;
}

/** @param elsewhere the address that a worker is told, by the server's own */
export async function startRelay(target: string, elsewhere: ReadonlyMap<string, string>): Promise<CoordinatorRelay> {
  const client = new CoordinatorClient({ address: target, connectMs: CALL_MS, callMs: CALL_MS });
  const implementation = {
    Register: unary(async (request: RegisterRequest) => {
      const reply = await client.register(request);
      return { ...reply, shards: reply.shards.map((shard) => ({ ...shard, address: elsewhere.get(shard.address) ?? shard.address })) };
    }),
    Heartbeat: unary((request: HeartbeatRequest) => client.heartbeat(request)),
    LeaseTask: unary((request: LeaseTaskRequest) => client.leaseTask(request)),
    FinishTask: unary((request: FinishTaskRequest) => client.finishTask(request)),
    Leave: unary((request: LeaveRequest) => client.leave(request)),
  };
  const server: RunningServer = await startServer({ listen: '127.0.0.1:0', services: [{ definition: coordinator, implementation }] });
  return {
    address: server.address,
    async close() {
      client.close();
      await server.close(200);
    },
  };
}
