/**
 * A name for the exact bits of some vectors: SHA-256 over their bytes, each preceded by its length.
 *
 * Two shards with equal hashes hold equal weights, bit for bit; -0 and 0 differ, and so do two NaNs of different bits.
 */
import { createHash } from 'node:crypto';

/** SHA-256 in hexadecimal. The lengths go in too, so that moving a boundary between vectors changes the hash. */
export function sha256OfVectors(...vectors: readonly ArrayBufferView[]): string {
  return sha256OfRuns(vectors.map((vector) => [vector]));
}

/** The same for vectors that lie in several runs each: where a run ends does not change the hash. */
export function sha256OfRuns(vectors: readonly (readonly ArrayBufferView[])[]): string {
  const hash = createHash('sha256');
  const length = new DataView(new ArrayBuffer(8));
  for (const runs of vectors) {
    length.setBigUint64(0, BigInt(runs.reduce((sum, run) => sum + run.byteLength, 0)), true);
    hash.update(length);
    for (const run of runs) hash.update(new Uint8Array(run.buffer, run.byteOffset, run.byteLength));
  }
  return hash.digest('hex');
}
