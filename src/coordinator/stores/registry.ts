import { EmbeddedStore } from './embedded.ts';
import { MemoryStore } from './memory.ts';
import type { Store } from './store.ts';

/** Where a coordinator keeps cluster state. */
export type StoreConfig =
  | { readonly kind: 'memory' }
  /** A folder of this machine; made if missing. */
  | { readonly kind: 'embedded'; readonly folder: string };

/** @throws UNAVAILABLE where the store cannot be opened */
export async function openStore(config: StoreConfig): Promise<Store> {
  switch (config.kind) {
    case 'memory':
      return new MemoryStore();
    case 'embedded':
      return new EmbeddedStore(config.folder);
  }
}
