/** The coordinator as a process: takes leadership in the store, takes up what an earlier one left, serves, ticks. */
import { performance } from 'node:perf_hooks';
import { startServer } from '../transport/server.ts';
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
  const server = await startServer({ listen: options.listen, services: [role.service], onError });
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
