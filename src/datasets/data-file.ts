/**
 * One file of a data set, known before it is seen: its content's length and SHA-256. Bytes become data only through
 * `checkedContent`, whatever place they come from, so a damaged or foreign file is never trained on.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { errorMessage, TardigradError } from '../errors.ts';

export interface DataFile {
  /** The folder of its data set, e.g. `mnist`. */
  readonly dataset: string;
  /** Its name uncompressed; `.gz` may follow on disk. */
  readonly name: string;
  /** Length of the uncompressed content. */
  readonly bytes: number;
  /** Of the uncompressed content, in hexadecimal. */
  readonly sha256: string;
  /** Where the public keeps it, compressed or not; tried in this order. */
  readonly urls: readonly string[];
}

/** The most that a copy may hold: an archive of what cannot be compressed is a little longer than its content. */
export function copyBytesMax(file: DataFile): number {
  return file.bytes + Math.ceil(file.bytes / 1000) + 1024;
}

const gunzipped = promisify(gunzip);

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The uncompressed content of a file as found, compressed or not.
 * @param place path or address, for the message.
 * @throws TardigradError DATA_LOSS, naming the place, what was expected and what was found.
 */
export async function checkedContent(file: DataFile, found: Uint8Array, place: string): Promise<Uint8Array> {
  let content = found;
  if (isGzip(found)) {
    try {
      // The limit keeps a hostile archive from filling the memory; one byte more is enough to see that it is too long.
      content = await gunzipped(found, { maxOutputLength: file.bytes + 1 });
    } catch (error) {
      throw wrong(file, place, `cannot be unpacked to the ${file.bytes} bytes expected (${errorMessage(error)})`, error);
    }
  }
  if (content.length !== file.bytes) throw wrong(file, place, `holds ${content.length} bytes where ${file.bytes} were expected`);
  const sha256 = createHash('sha256').update(content).digest('hex');
  if (sha256 !== file.sha256) throw wrong(file, place, `has SHA-256 ${sha256} where ${file.sha256} was expected`);
  return content;
}

function wrong(file: DataFile, place: string, what: string, cause?: unknown): TardigradError {
  return new TardigradError('DATA_LOSS', `${place} is not the file ${file.name} of ${file.dataset}: it ${what}`, {
    facts: { place, dataset: file.dataset, file: file.name, sha256Expected: file.sha256 },
    cause,
  });
}
