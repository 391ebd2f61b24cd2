/**
 * A file that exists whole or not at all: written beside its place, flushed to the disk, renamed, and the folder flushed.
 */
import { createHash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface WrittenFile {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * @param chunks written one after the other; they must not change until this resolves.
 * @param mode for the owner's eyes only unless said otherwise, less what the process's umask takes
 */
export async function writeDurably(path: string, chunks: readonly Uint8Array[], mode = 0o600): Promise<WrittenFile> {
  const temporary = `${path}.${process.pid}.tmp`;
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(temporary, 'w', mode);
  try {
    for (const chunk of chunks) {
      await file.writeFile(chunk);
      hash.update(chunk);
      bytes += chunk.byteLength;
    }
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
  return { bytes, sha256: hash.digest('hex') };
}

/** Makes names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
