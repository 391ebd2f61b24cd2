/** Where the shards of a test file hold their vectors: plain arrays, unless the file chooses another memory before its tests. */
import { plainMemory, type VectorMemory } from '../../src/tensor/slabs.ts';

let chosen: VectorMemory = plainMemory();

export function chosenMemory(): VectorMemory {
  return chosen;
}

export function chooseMemory(memory: VectorMemory): void {
  chosen = memory;
}
