/**
 * One file over HTTPS, within limits: a mirror that says nothing, stops in the middle, or sends more than the file can hold is
 * given up. On a closed network that takes one connect deadline for each mirror, and no more.
 */
import { errorMessage, TardigradError } from '../errors.ts';

/** From the request to the answer's first line. */
export const CONNECT_DEADLINE_MS = 2500;
/** Between two pieces of the body. */
const SILENCE_DEADLINE_MS = 10_000;

export interface DownloadLimits {
  readonly bytesMax: number;
  readonly connectDeadlineMs: number;
}

/** @throws TardigradError UNAVAILABLE (no answer, silence, cut off), NOT_FOUND (an answer other than 200), RESOURCE_EXHAUSTED. */
export async function download(url: string, limits: DownloadLimits): Promise<Uint8Array> {
  const abort = new AbortController();
  let deadlineMs = limits.connectDeadlineMs;
  const expire = () => abort.abort(new TardigradError('UNAVAILABLE', `${url} said nothing for ${deadlineMs} ms (the limit)`));
  let timer = setTimeout(expire, deadlineMs);
  const extend = () => {
    clearTimeout(timer);
    deadlineMs = SILENCE_DEADLINE_MS;
    timer = setTimeout(expire, deadlineMs);
  };
  try {
    const response = await fetch(url, { signal: abort.signal });
    extend();
    if (response.status !== 200 || response.body === null) {
      throw new TardigradError('NOT_FOUND', `${url} answered with status ${response.status} where 200 was expected`);
    }
    return await collect(url, response.body, limits.bytesMax, extend);
  } catch (error) {
    if (error instanceof TardigradError) throw error;
    throw new TardigradError('UNAVAILABLE', `${url} cannot be reached: ${rootMessage(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}

async function collect(url: string, body: ReadableStream<Uint8Array>, bytesMax: number, extend: () => void): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    extend();
    bytes += piece.length;
    if (bytes > bytesMax) throw new TardigradError('RESOURCE_EXHAUSTED', `${url} sends more than ${bytesMax} bytes (the limit)`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces, bytes);
}

/** fetch says only "fetch failed"; what happened is in its cause. */
function rootMessage(error: unknown): string {
  let root = error;
  while (root instanceof Error && root.cause !== undefined) root = root.cause;
  return errorMessage(root);
}
