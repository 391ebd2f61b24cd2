/**
 * Where the files of a data set come from: a folder given by hand (`--data-dir`), the folder of TARDIGRAD_DATA, the cache, and
 * at last the public mirrors, in this order. Every copy is checked the same way (data-file.ts); a wrong one is named, passed
 * over, and the next place is tried.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { errorMessage, TardigradError } from '../errors.ts';
import type { DataFile } from './data-file.ts';
import { checkedContent, copyBytesMax, isGzip } from './data-file.ts';
import { CONNECT_DEADLINE_MS, download } from './download.ts';

export interface DataSource {
  /** `--data-dir`: looked in first. It holds a folder for each data set, or the files themselves. */
  readonly dataDirectory?: string;
  /** `process.env`, of which TARDIGRAD_DATA, TARDIGRAD_CACHE and XDG_CACHE_HOME are read. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether the mirrors may be asked (default true). */
  readonly download?: boolean;
  /** For how long a mirror may say nothing before it is given up, in ms (default 2500). */
  readonly connectDeadlineMs?: number;
  /** Told, in one line each, what a person may want to know: a download, a wrong file passed over. */
  readonly notice?: (line: string) => void;
}

/** A file found, checked, and in memory. */
export interface FoundFile {
  readonly path: string;
  readonly content: Uint8Array;
}

/** The folder that downloaded data sets are kept in, outside any checkout. */
export function cacheDirectory(environment: DataSource['environment']): string {
  // Set but empty counts as not set, as the XDG rules say.
  const own = environment['TARDIGRAD_CACHE'] || undefined;
  const shared = environment['XDG_CACHE_HOME'] || join(environment['HOME'] || homedir(), '.cache');
  return join(own ?? join(shared, 'tardigrad'), 'datasets');
}

/**
 * Finds each of `files`, or fetches it into the cache.
 * @returns in the order of `files`.
 * @throws TardigradError NOT_FOUND, in one line, with each place tried and why it would not do.
 */
export async function findFiles(files: readonly DataFile[], source: DataSource): Promise<FoundFile[]> {
  const deadMirrors = new Set<string>();
  const found: FoundFile[] = [];
  for (const file of files) found.push(await findFile(file, source, deadMirrors));
  return found;
}

async function findFile(file: DataFile, source: DataSource, deadMirrors: Set<string>): Promise<FoundFile> {
  const refused: string[] = [];
  const passOver = (why: string) => {
    refused.push(why);
    source.notice?.(`${why}; passed over.`);
  };
  for (const path of candidatePaths(file, source)) {
    const content = await readChecked(file, path, passOver);
    if (content !== undefined) return { path, content };
  }
  const failures = [...refused];
  if (source.download === false) failures.push('downloads are switched off');
  else {
    const fetched = await fetchFile(file, source, deadMirrors, failures);
    if (fetched !== undefined) return fetched;
  }
  throw new TardigradError(
    'NOT_FOUND',
    `${file.dataset} is not to be had: no right copy of ${file.name} in ${places(source)}; ${failures.join('; ')}.`,
    {
      facts: { dataset: file.dataset, file: file.name },
      next: `Give a folder that holds ${file.dataset}/${file.name}.gz by --data-dir or TARDIGRAD_DATA.`,
    },
  );
}

function directories(source: DataSource): string[] {
  const given = [source.dataDirectory, source.environment['TARDIGRAD_DATA'], cacheDirectory(source.environment)];
  return given.filter((directory) => directory !== undefined && directory !== '') as string[];
}

function places(source: DataSource): string {
  return directories(source).join(', ');
}

function candidatePaths(file: DataFile, source: DataSource): string[] {
  return directories(source).flatMap((directory) =>
    [join(directory, file.dataset, file.name), join(directory, file.name)].flatMap((path) => [path, `${path}.gz`]),
  );
}

/** The content at `path`, or undefined where there is nothing of use; a file that is there but wrong is reported. */
async function readChecked(file: DataFile, path: string, passOver: (why: string) => void): Promise<Uint8Array | undefined> {
  try {
    const facts = await stat(path);
    if (!facts.isFile()) return undefined;
    if (facts.size > copyBytesMax(file)) {
      passOver(`${path} holds ${facts.size} bytes where at most ${file.bytes} were expected`);
      return undefined;
    }
    return await checkedContent(file, await readFile(path), path);
  } catch (error) {
    if (!isMissing(error)) passOver(errorMessage(error));
    return undefined;
  }
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

async function fetchFile(file: DataFile, source: DataSource, deadMirrors: Set<string>, failures: string[]): Promise<FoundFile | undefined> {
  for (const url of file.urls) {
    const { host } = new URL(url);
    if (deadMirrors.has(host)) {
      failures.push(`${host} did not answer before`);
      continue;
    }
    let bytes: Uint8Array;
    let content: Uint8Array;
    try {
      bytes = await download(url, {
        bytesMax: copyBytesMax(file),
        connectDeadlineMs: source.connectDeadlineMs ?? CONNECT_DEADLINE_MS,
      });
      content = await checkedContent(file, bytes, url);
    } catch (error) {
      // A mirror that did not answer will not answer for the next file either; a network that is closed must cost seconds once.
      if (error instanceof TardigradError && error.code === 'UNAVAILABLE') deadMirrors.add(host);
      failures.push(errorMessage(error));
      continue;
    }
    const path = await keep(file, bytes, source);
    source.notice?.(`Downloaded ${url} to ${path} (${bytes.length} bytes, checksum verified).`);
    return { path, content };
  }
  return undefined;
}

/** Writes beside the target and renames, so that a reader, or a second start, sees a whole file or none. */
async function keep(file: DataFile, bytes: Uint8Array, source: DataSource): Promise<string> {
  const suffix = isGzip(bytes) ? '.gz' : '';
  const path = join(cacheDirectory(source.environment), file.dataset, `${file.name}${suffix}`);
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.part`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new TardigradError('PERMISSION_DENIED', `${file.name} was downloaded but cannot be kept at ${path}: ${errorMessage(error)}.`, {
      facts: { path },
      next: 'Name a folder that can be written to by TARDIGRAD_CACHE.',
      cause: error,
    });
  }
  return path;
}
