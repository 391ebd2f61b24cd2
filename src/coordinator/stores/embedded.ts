/** The store of a cluster without Redis: LMDB in a folder, durable when a commit resolves. */
import { mkdirSync } from 'node:fs';
import { open, type Database, type RootDatabase } from 'lmdb';
import { errorMessage, TardigradError } from '../../errors.ts';
import { checkEpoch, checkKey, decodeValue, encodeTransaction } from './limits.ts';
import { storeClosed } from './memory.ts';
import type { Json, Store, Transaction } from './store.ts';

const EPOCH_KEY = 'epoch';

/**
 * Cluster state in a folder of this machine, in LMDB: a memory-mapped B-tree that never overwrites a page in use, so a
 * process killed at any moment leaves the last whole transaction.
 *
 * Durable means on disk: `overlappingSync` is off, so a transaction's promise resolves after the pages *and* the page that
 * makes them valid are synced. (With it on, the default, the promise comes before the sync.)
 *
 * Several processes may open one folder. LMDB lets one write at a time, and the epoch is compared inside the transaction
 * that writes, so two coordinators cannot both be the leader.
 */
export class EmbeddedStore implements Store {
  readonly kind = 'embedded';
  readonly #root: RootDatabase<string, Buffer>;
  readonly #entries: Database<string, Buffer>;
  readonly #meta: Database<string, string>;
  #closed = false;

  /** @param folder made if missing, readable by its owner alone. @throws UNAVAILABLE where it cannot be opened. */
  constructor(folder: string) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      this.#root = open<string, Buffer>({
        path: folder,
        noSubdir: false,
        overlappingSync: false,
        // The package's batches have a promise of their own, whose rejection nobody can catch: a full disk would end the process.
        eventTurnBatching: false,
        encoding: 'string',
        keyEncoding: 'binary',
        maxDbs: 2,
      });
      this.#entries = this.#root.openDB<string, Buffer>({ name: 'entries', encoding: 'string', keyEncoding: 'binary' });
      this.#meta = this.#root.openDB<string, string>({ name: 'meta', encoding: 'string' });
    } catch (error) {
      throw new TardigradError('UNAVAILABLE', `The store in ${folder} cannot be opened: ${errorMessage(error)}.`, {
        facts: { folder },
        next: 'Check that the folder belongs to this user and holds only the store.',
        cause: error,
      });
    }
  }

  async raiseEpoch(): Promise<number> {
    return this.#transact(() => {
      const raised = this.#readEpoch() + 1;
      this.#meta.putSync(EPOCH_KEY, String(raised));
      return raised;
    });
  }

  async epoch(): Promise<number> {
    this.#refresh();
    return this.#readEpoch();
  }

  async get(key: string): Promise<Json | undefined> {
    const bytes = Buffer.from(checkKey(key));
    this.#refresh();
    const json = this.#entries.get(bytes);
    return json === undefined ? undefined : decodeValue(json);
  }

  async list(prefix: string): Promise<readonly (readonly [key: string, value: Json])[]> {
    this.#refresh();
    const found: [string, Json][] = [];
    for (const { key, value } of this.#entries.getRange({ start: Buffer.from(prefix) })) {
      const text = key.toString('utf8');
      if (!text.startsWith(prefix)) break;
      found.push([text, decodeValue(value)]);
    }
    return found;
  }

  async commit(transaction: Transaction): Promise<void> {
    const { epoch, puts, deletes } = encodeTransaction(transaction);
    await this.#transact(() => {
      checkEpoch(epoch, this.#readEpoch());
      for (const [key, json] of puts) this.#entries.putSync(Buffer.from(key), json);
      for (const key of deletes) this.#entries.removeSync(Buffer.from(key));
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#root.close();
  }

  #readEpoch(): number {
    return Number(this.#meta.get(EPOCH_KEY) ?? '0');
  }

  /** Reads see what other processes have committed by now, not what they had when this turn began. */
  #refresh(): void {
    if (this.#closed) throw storeClosed();
    this.#root.resetReadTxn();
  }

  /**
   * A child transaction, because the package puts what several callers ask for at once into one transaction of LMDB's: what
   * throws in one caller's part must undo that part alone. Where the disk fails, the whole is refused and none of it written.
   */
  async #transact<T>(change: () => T): Promise<T> {
    if (this.#closed) throw storeClosed();
    try {
      return await this.#root.childTransaction(change);
    } catch (error) {
      if (error instanceof TardigradError) throw error;
      throw await writeFailed(error);
    }
  }
}

/** The package rejects with a general error and gives the reason in a promise of its own beside it. */
async function writeFailed(error: unknown): Promise<TardigradError> {
  let reason = error;
  try {
    await (error as { commitError?: Promise<never> }).commitError;
  } catch (cause) {
    reason = cause;
  }
  return new TardigradError('UNAVAILABLE', `The store could not write: ${errorMessage(reason)}. Nothing of the transaction was kept.`, {
    next: 'Check that its disk has room and is writable.',
    cause: reason,
  });
}
