import { MemoryStore, StoreMemory } from '../../../src/coordinator/stores/memory.ts';
import { describeStore } from './conformance.ts';

describeStore('memory', async () => {
  const memory = new StoreMemory();
  return { open: async () => new MemoryStore(memory), remove: async () => {} };
});
