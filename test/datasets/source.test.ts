import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DataFile } from '../../src/datasets/data-file.ts';
import { a9a } from '../../src/datasets/a9a.ts';
import type { DataSource } from '../../src/datasets/source.ts';
import { cacheDirectory, findFiles } from '../../src/datasets/source.ts';

const content = Buffer.from('the content of a small data set, the same line over and over\n'.repeat(50));
const flipped = Buffer.from(content.with(100, content[100]! ^ 1));
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

let root: string;
let closing: (() => Promise<void>)[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tardigrad-source-'));
  closing = [];
});
afterEach(async () => {
  for (const close of closing) await close();
  await rm(root, { recursive: true });
});

function small(urls: readonly string[] = []): DataFile {
  return { dataset: 'small', name: 'lines', bytes: content.length, sha256: sha256(content), urls };
}

/** Cache and home inside this test's folder, so that nothing of the user's is read or written. */
function source(more: Partial<DataSource> = {}): DataSource & { readonly lines: string[] } {
  const lines: string[] = [];
  return {
    environment: { TARDIGRAD_CACHE: join(root, 'cache') },
    connectDeadlineMs: 150,
    notice: (line) => lines.push(line),
    lines,
    ...more,
  };
}

async function place(path: string, bytes: Uint8Array): Promise<string> {
  await mkdir(join(root, path, '..'), { recursive: true });
  await writeFile(join(root, path), bytes);
  return join(root, path);
}

async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/lines`;
}

const serve = (answer: RequestListener) => listen(createServer(answer));

describe('finding a file', () => {
  it('takes it from --data-dir before TARDIGRAD_DATA before the cache, compressed or not', async () => {
    const cached = await place('cache/datasets/small/lines', content);
    const inEnvironment = await place('environment/small/lines.gz', gzipSync(content));
    const given = await place('given/lines', content);
    const environment = { TARDIGRAD_CACHE: join(root, 'cache'), TARDIGRAD_DATA: join(root, 'environment') };
    const paths: string[] = [];
    for (const remove of [given, inEnvironment, cached]) {
      const [found] = await findFiles([small()], source({ dataDirectory: join(root, 'given'), environment }));
      expect(Buffer.from(found!.content)).toEqual(content);
      paths.push(found!.path);
      await rm(remove);
    }
    expect(paths).toEqual([given, inEnvironment, cached]);
    await expect(findFiles([small()], source({ dataDirectory: join(root, 'given'), environment }))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('refuses a flipped byte, naming file, expected and found checksum', async () => {
    const path = await place('given/small/lines.gz', gzipSync(flipped));
    const failure = findFiles([small()], source({ dataDirectory: join(root, 'given'), download: false }));
    await expect(failure).rejects.toThrow(path);
    await expect(failure).rejects.toThrow(`has SHA-256 ${sha256(flipped)} where ${sha256(content)} was expected`);
  });

  it('passes over a wrong copy, says so, and takes the right one from the next place', async () => {
    const wrong = await place('given/small/lines', flipped);
    const right = await place('cache/datasets/small/lines', content);
    const from = source({ dataDirectory: join(root, 'given') });
    const [found] = await findFiles([small()], from);
    expect(found!.path).toBe(right);
    expect(from.lines).toHaveLength(1);
    expect(from.lines[0]).toContain(wrong);
  });

  it.each([
    ['a cut archive', gzipSync(content).subarray(0, 40), 'cannot be unpacked'],
    ['an archive of more than the file holds', gzipSync(Buffer.alloc(1_000_000)), 'cannot be unpacked'],
    ['a file that is too short', content.subarray(1), `holds ${content.length - 1} bytes`],
    ['a file that is far too long', Buffer.alloc(content.length * 2), `holds ${content.length * 2} bytes`],
  ])('refuses %s', async (_, bytes, why) => {
    await place('given/small/lines', bytes);
    await expect(findFiles([small()], source({ dataDirectory: join(root, 'given'), download: false }))).rejects.toThrow(why);
  });

  it.skipIf(!process.env['TARDIGRAD_DATA'])('refuses a real file with one bit flipped (set TARDIGRAD_DATA to run this)', async () => {
    const file = a9a.files[1]!;
    const [real] = await findFiles([file], source({ environment: process.env, download: false }));
    const bytes = Buffer.from(real!.content);
    bytes[bytes.length - 3]! ^= 1;
    await place('given/a9a/a9a.t', bytes);
    const failure = findFiles([file], source({ dataDirectory: join(root, 'given'), download: false }));
    await expect(failure).rejects.toThrow(`where ${file.sha256} was expected`);
  });
});

describe('downloading a file', () => {
  it('keeps it in the cache, whole and under its own name, and asks no mirror again', async () => {
    let requests = 0;
    const url = await serve((_, response) => {
      requests++;
      response.end(gzipSync(content));
    });
    const from = source();
    const [first] = await findFiles([small([url])], from);
    const [second] = await findFiles([small([url])], from);
    expect(Buffer.from(first!.content)).toEqual(content);
    expect(second!.path).toBe(first!.path);
    expect(requests).toBe(1);
    expect(await readdir(join(root, 'cache/datasets/small'))).toEqual(['lines.gz']);
    expect(await readFile(first!.path)).toEqual(gzipSync(content));
    expect(from.lines.join()).toContain('checksum verified');
  });

  it('takes the next mirror where one answers with a wrong file, an error, or too much', async () => {
    const wrong = await serve((_, response) => response.end(flipped));
    const missing = await serve((_, response) => response.writeHead(404).end());
    const endless = await serve((_, response) => response.end(Buffer.alloc(1_000_000)));
    const right = await serve((_, response) => response.end(content));
    const [found] = await findFiles([small([wrong, missing, endless, right])], source());
    expect(Buffer.from(found!.content)).toEqual(content);
    await expect(
      findFiles([small([wrong, missing, endless])], source({ environment: { TARDIGRAD_CACHE: join(root, 'other') } })),
    ).rejects.toThrow(/has SHA-256 .* status 404 .* more than/);
    await expect(readdir(join(root, 'other'))).rejects.toThrow('ENOENT');
  });

  it('keeps nothing of an answer that is cut off', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 100), () => response.destroy());
    });
    await expect(findFiles([small([url])], source())).rejects.toThrow('cannot be reached');
    await expect(readdir(join(root, 'cache'))).rejects.toThrow('ENOENT');
  });

  it('gives up a mute mirror at the connect deadline, once, and says so in one line', async () => {
    const url = await listen(createTcpServer());
    const right = await serve((_, response) => response.end(content));
    const other: DataFile = { ...small([url]), name: 'others', urls: [url] };
    const failure = findFiles([small([url, right]), other], source());
    await expect(failure).rejects.toThrow(/^small is not to be had: no right copy of others .* did not answer before.*$/);
    await expect(findFiles([other], source())).rejects.toThrow('said nothing for 150 ms');
  });

  it('says that a closed network cannot be reached', async () => {
    const url = await serve(() => undefined);
    await closing.pop()!();
    await expect(findFiles([small([url])], source())).rejects.toThrow(/cannot be reached: .*ECONNREFUSED/);
  });

  it('asks nobody when downloads are switched off', async () => {
    let requests = 0;
    const url = await serve((_, response) => {
      requests++;
      response.end(content);
    });
    await expect(findFiles([small([url])], source({ download: false }))).rejects.toThrow('downloads are switched off');
    expect(requests).toBe(0);
  });
});

describe('the cache folder', () => {
  it('is TARDIGRAD_CACHE, else under XDG_CACHE_HOME, else under the home; empty counts as unset', () => {
    expect(cacheDirectory({ TARDIGRAD_CACHE: '/c', XDG_CACHE_HOME: '/x', HOME: '/h' })).toBe('/c/datasets');
    expect(cacheDirectory({ TARDIGRAD_CACHE: '', XDG_CACHE_HOME: '/x', HOME: '/h' })).toBe('/x/tardigrad/datasets');
    expect(cacheDirectory({ XDG_CACHE_HOME: '', HOME: '/h' })).toBe('/h/.cache/tardigrad/datasets');
  });
});
