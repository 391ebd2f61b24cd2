/**
 * Cluster state behind the coordinator, never weights. Values are JSON documents. Every change is one transaction:
 * all of it or none, and only while the writer's epoch is still the highest (the fence against an old leader).
 */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface Transaction {
  /** The writer's leader epoch; a lower one than the stored is refused with FAILED_PRECONDITION. */
  readonly epoch: number;
  readonly put?: Readonly<Record<string, Json>>;
  readonly delete?: readonly string[];
}

export interface Store {
  readonly kind: 'memory' | 'embedded' | 'redis';
  /** Takes leadership: stores and returns an epoch one higher than any before. */
  raiseEpoch(): Promise<number>;
  /** The highest epoch that was ever taken; 0 at first. */
  epoch(): Promise<number>;
  get(key: string): Promise<Json | undefined>;
  /** All entries whose key starts with the prefix, in key order. */
  list(prefix: string): Promise<readonly (readonly [key: string, value: Json])[]>;
  /** Durable when it resolves. Throws FAILED_PRECONDITION (older epoch, nothing written) or UNAVAILABLE. */
  commit(transaction: Transaction): Promise<void>;
  close(): Promise<void>;
}
