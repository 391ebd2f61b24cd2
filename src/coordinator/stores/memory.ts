/** The store of tests and of the simulator: nothing outlives the process. */
import { TardigradError } from '../../errors.ts';
import { checkEpoch, checkKey, compareKeys, decodeValue, encodeTransaction } from './limits.ts';
import type { Json, Store, Transaction } from './store.ts';

/** What memory stores share that are opened on the same memory: it lives as long as somebody holds it. */
export class StoreMemory {
  epoch = 0;
  /** JSON texts, so that no caller holds a part of the state. */
  readonly entries = new Map<string, string>();
}

/** Cluster state in this process: for tests, the simulator, and runs that need not outlive their coordinator. */
export class MemoryStore implements Store {
  readonly kind = 'memory';
  readonly #memory: StoreMemory;
  #closed = false;

  constructor(memory: StoreMemory = new StoreMemory()) {
    this.#memory = memory;
  }

  async raiseEpoch(): Promise<number> {
    this.#checkOpen();
    this.#memory.epoch += 1;
    return this.#memory.epoch;
  }

  async epoch(): Promise<number> {
    this.#checkOpen();
    return this.#memory.epoch;
  }

  async get(key: string): Promise<Json | undefined> {
    this.#checkOpen();
    const json = this.#memory.entries.get(checkKey(key));
    return json === undefined ? undefined : decodeValue(json);
  }

  async list(prefix: string): Promise<readonly (readonly [key: string, value: Json])[]> {
    this.#checkOpen();
    return [...this.#memory.entries]
      .filter(([key]) => key.startsWith(prefix))
      .toSorted(([a], [b]) => compareKeys(a, b))
      .map(([key, json]) => [key, decodeValue(json)]);
  }

  async commit(transaction: Transaction): Promise<void> {
    this.#checkOpen();
    const { epoch, puts, deletes } = encodeTransaction(transaction);
    checkEpoch(epoch, this.#memory.epoch);
    // Nothing below can fail, and nothing else runs meanwhile: all or none.
    for (const [key, json] of puts) this.#memory.entries.set(key, json);
    for (const key of deletes) this.#memory.entries.delete(key);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #checkOpen(): void {
    if (this.#closed) throw storeClosed();
  }
}

export function storeClosed(): TardigradError {
  return new TardigradError('UNAVAILABLE', 'The store is closed.', { next: 'Open it again.' });
}
