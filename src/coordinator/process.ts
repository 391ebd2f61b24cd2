/** The coordinator as a process: takes leadership in the store, takes up what an earlier one left, serves, ticks. */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { TardigradError } from '../errors.ts';
import { startServer, type RunningServer } from '../transport/server.ts';
import { CoordinatorRole } from './service.ts';
import type { Store } from './stores/store.ts';

export interface CoordinatorProcessOptions {
  readonly listen: string;
  readonly store: Store;
  readonly detectFailureMs: number;
  readonly log: (event: string, facts: Readonly<Record<string, unknown>>) => void;
}

const TICK_MS = 20;
const CLOSE_MS = 500;
/**
 * A restarted coordinator wants the port of the one before. While nobody listened there, the system may have lent it to
 * some connection for a moment.
 */
const LISTEN_TRY_MS = 5_000;
const LISTEN_RETRY_MS = 100;

export interface RunningCoordinator {
  readonly address: string;
  readonly epoch: number;
  /** Resolves when another coordinator has taken its place: this one can only end. */
  readonly deposed: Promise<void>;
  close(): Promise<void>;
}

export async function runCoordinator(options: CoordinatorProcessOptions): Promise<RunningCoordinator> {
  const { store, log } = options;
  const epoch = await store.raiseEpoch();
  const role = new CoordinatorRole({ store, epoch, detectFailureMs: options.detectFailureMs, log });
  await role.recover();
  const onError = (error: unknown): void =>
    log('error', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  const server = await listen(options.listen, role, onError).catch(async (error: unknown) => {
    // A process must not end with a transaction under way: the two would wait for each other.
    await role.close();
    await store.close();
    throw error;
  });
  let depose = (): void => undefined;
  const deposed = new Promise<void>((resolve) => {
    depose = resolve;
  });
  const ticker = setInterval(() => {
    role.tick(performance.now());
    if (role.isDeposed) depose();
  }, TICK_MS);
  return {
    address: server.address,
    epoch,
    deposed,
    async close() {
      clearInterval(ticker);
      await role.close();
      await server.close(CLOSE_MS);
      await store.close();
    },
  };
}

async function listen(address: string, role: CoordinatorRole, onError: (error: unknown) => void): Promise<RunningServer> {
  const startMs = performance.now();
  for (;;) {
    try {
      return await startServer({ listen: address, services: [role.service], onError });
    } catch (error) {
      const busy = error instanceof TardigradError && error.retryable;
      if (!busy || performance.now() - startMs > LISTEN_TRY_MS) throw error;
      await delay(LISTEN_RETRY_MS);
    }
  }
}
