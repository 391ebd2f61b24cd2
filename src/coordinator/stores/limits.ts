/**
 * What every store accepts, whichever it is: the same keys, the same sizes, the same order. A transaction is looked at
 * whole and turned into bytes before a store begins to write, so that nothing of it can fail halfway for its own sake.
 */
import { assert, TardigradError } from '../../errors.ts';
import type { Json, Transaction } from './store.ts';

/** Bytes of UTF-8. LMDB takes 1,978. */
export const STORE_KEY_BYTES_MAX = 512;
/** Bytes of one value as JSON. Cluster state is small; what is larger belongs in a file. */
export const STORE_VALUE_BYTES_MAX = 4 * 1024 * 1024;
/** Puts and deletes of one transaction. */
export const STORE_TRANSACTION_KEYS_MAX = 10_000;

export interface EncodedTransaction {
  readonly epoch: number;
  readonly puts: readonly (readonly [key: string, json: string])[];
  readonly deletes: readonly string[];
}

/** @throws INVALID_ARGUMENT where a key, a value or their number is over its limit; nothing has been written then. */
export function encodeTransaction({ epoch, put = {}, delete: deletes = [] }: Transaction): EncodedTransaction {
  const entries = Object.entries(put);
  const count = entries.length + deletes.length;
  if (count > STORE_TRANSACTION_KEYS_MAX) {
    throw overLimit(`A transaction changes ${count} keys`, 'STORE_TRANSACTION_KEYS_MAX', STORE_TRANSACTION_KEYS_MAX, 'Split it.');
  }
  for (const key of deletes) {
    checkKey(key);
    assert(!Object.hasOwn(put, key), `a transaction puts ${key} or deletes it, not both`);
  }
  return { epoch, puts: entries.map(([key, value]) => [checkKey(key), encodeValue(key, value)]), deletes };
}

export function checkKey(key: string): string {
  const bytes = Buffer.from(key, 'utf8');
  // A lone half of a surrogate pair becomes U+FFFD, and two different keys would be one.
  if (bytes.toString('utf8') !== key) {
    throw new TardigradError('INVALID_ARGUMENT', 'A store key is not well-formed Unicode.', { next: 'Build keys from checked names.' });
  }
  if (bytes.length === 0) throw new TardigradError('INVALID_ARGUMENT', 'A store key is empty.', { next: 'Give at least one character.' });
  if (bytes.length > STORE_KEY_BYTES_MAX) {
    throw overLimit(`A store key has ${bytes.length} bytes`, 'STORE_KEY_BYTES_MAX', STORE_KEY_BYTES_MAX, 'Shorten the names in it.');
  }
  return key;
}

function encodeValue(key: string, value: Json): string {
  const json = JSON.stringify(value, (_name, part: unknown) => {
    // JSON would write NaN and infinities as null and drop what is undefined, and another value would be read back.
    assert(part !== undefined && (typeof part !== 'number' || Number.isFinite(part)), `the value of ${key} is plain JSON`);
    return part;
  });
  const bytes = Buffer.byteLength(json, 'utf8');
  if (bytes > STORE_VALUE_BYTES_MAX) {
    throw overLimit(
      `The value of store key ${key} has ${bytes} bytes`,
      'STORE_VALUE_BYTES_MAX',
      STORE_VALUE_BYTES_MAX,
      'Split it over several keys.',
    );
  }
  return json;
}

export function decodeValue(json: string): Json {
  return JSON.parse(json) as Json;
}

/** Byte order of the UTF-8 keys: what LMDB and Redis sort by. JavaScript's own order differs beyond U+FFFF. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

/**
 * The fence: only the leader of the highest epoch writes. A higher one than the stored was never taken here, so the store
 * has been wiped or is another one, and writing to it would start a second life of what the leader knows.
 */
export function checkEpoch(epoch: number, highest: number): void {
  if (epoch === highest) return;
  const next =
    epoch < highest ? 'Another coordinator leads: follow it.' : 'The store was wiped or is another one: look at it before going on.';
  throw new TardigradError('FAILED_PRECONDITION', `A coordinator of epoch ${epoch} writes, and the store's epoch is ${highest}.`, {
    facts: { epoch, highest },
    next,
  });
}

function overLimit(what: string, limit: string, value: number, next: string): TardigradError {
  return new TardigradError('INVALID_ARGUMENT', `${what}; the limit is ${value} (${limit}).`, { facts: { limit, value }, next });
}
