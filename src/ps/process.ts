/**
 * A parameter server as a process: serves its shards, registers with the coordinator and keeps its lease, also while no
 * coordinator answers. It holds state that a restart loses, so each process is a new *life*, and says so.
 */
import { randomUUID } from 'node:crypto';
import { totalmem } from 'node:os';
import { performance } from 'node:perf_hooks';
import { errorMessage } from '../errors.ts';
import { loadKernelModule } from '../kernel-module.ts';
import { SLAB_LIMITS, plainMemory, slabMemory, type VectorMemory } from '../tensor/slabs.ts';
import { CoordinatorClient } from '../transport/coordinator-client.ts';
import { createShardControlService } from '../transport/orders.ts';
import { startServer } from '../transport/server.ts';
import { ParameterServerRole } from './role.ts';

export interface ParameterServerOptions {
  readonly name: string;
  readonly coordinator: string;
  readonly listen: string;
  readonly connectMs: number;
  readonly heartbeatCallMs: number;
  readonly log: (event: string, facts: Readonly<Record<string, unknown>>) => void;
}

/** How often waiting pulls and marks are looked at. */
const TICK_MS = 25;
/** Between two tries to reach a coordinator that does not answer. */
const REGISTER_RETRY_MS = 250;
/** How long open calls get to end by themselves when the process stops. */
const CLOSE_MS = 500;

export interface RunningParameterServer {
  readonly address: string;
  close(): Promise<void>;
}

export async function runParameterServer(options: ParameterServerOptions): Promise<RunningParameterServer> {
  const { log } = options;
  const onError = (error: unknown): void =>
    log('error', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  const memory = chooseMemory(log);
  const role = new ParameterServerRole({ memory, now: () => performance.now(), onError, log });
  const server = await startServer({
    listen: options.listen,
    services: [role.service, createShardControlService((order) => role.order(order))],
    onError,
  });
  const life = randomUUID();
  const client = new CoordinatorClient({ address: options.coordinator, connectMs: options.connectMs, callMs: options.heartbeatCallMs });
  let heartbeatMs = 0;
  let epochSeen = 0;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  const register = async (): Promise<void> => {
    const reply = await client.registerServer({ server: options.name, life, address: server.address });
    heartbeatMs = reply.heartbeatMs;
    epochSeen = Math.max(epochSeen, reply.epoch);
    log('registered', { epoch: reply.epoch, address: server.address });
  };
  const beat = async (): Promise<number> => {
    if (heartbeatMs === 0) {
      await register();
      return heartbeatMs;
    }
    const reply = await client.serverHeartbeat({ server: options.name, life, epochSeen, shards: role.reports() });
    epochSeen = Math.max(epochSeen, reply.epoch);
    // A coordinator that has restarted, or that has given this server up, wants to hear from it anew.
    if (reply.refused) heartbeatMs = 0;
    return heartbeatMs === 0 ? 0 : heartbeatMs;
  };
  const loop = (): void => {
    void beat()
      .catch((error: unknown) => {
        log('coordinatorSilent', { error: errorMessage(error) });
        return REGISTER_RETRY_MS;
      })
      .then((waitMs) => {
        if (!stopped) timer = setTimeout(loop, waitMs);
      });
  };
  loop();
  const ticker = setInterval(() => role.tick(), TICK_MS);

  return {
    address: server.address,
    async close() {
      stopped = true;
      clearTimeout(timer);
      clearInterval(ticker);
      client.close();
      role.service.closeAll('this parameter server is stopping');
      await server.close(CLOSE_MS);
      await role.close();
    },
  };
}

/** SIMD in WebAssembly slabs where the machine has it. A shard that is larger than the machine is refused, not tried. */
function chooseMemory(log: ParameterServerOptions['log']): VectorMemory {
  // 0 or beyond the machine: not constrained.
  const constrained = process.constrainedMemory() || Infinity;
  const limits = { ...SLAB_LIMITS, shardBytes: Math.min(SLAB_LIMITS.shardBytes, totalmem(), constrained) };
  const kernels = loadKernelModule();
  const memory = kernels.module ? slabMemory(kernels.module, limits) : plainMemory(limits);
  log('kernels', { kernels: memory.name, shardBytes: limits.shardBytes, ...(kernels.module ? {} : { why: kernels.problem }) });
  return memory;
}
