import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importScript } from './scripts.ts';

const { unpackZip } = await importScript<{
  unpackZip: (archive: string, folder: string, choose: (name: string) => boolean) => Promise<number>;
}>('zip.mjs');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tardigrad-zip-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Entry {
  name: string;
  content: Buffer;
  deflate: boolean;
}

/** A zip archive as the format's note describes it; local headers get an extra field that the directory does not have. */
function zip(entries: Entry[], comment = ''): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, deflate } of entries) {
    const data = deflate ? deflateRawSync(content) : content;
    const method = deflate ? 8 : 0;
    const extra = Buffer.from([0xfe, 0xca, 2, 0, 1, 2]);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt32LE(crc32(content), 14);
    local.writeUInt32LE(data.length, 18);
    local.writeUInt32LE(content.length, 22);
    local.writeUInt16LE(name.length, 26);
    local.writeUInt16LE(extra.length, 28);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(crc32(content), 16);
    central.writeUInt32LE(data.length, 20);
    central.writeUInt32LE(content.length, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(offset, 42);
    const whole = Buffer.concat([local, Buffer.from(name), extra, data]);
    parts.push(whole);
    directory.push(central, Buffer.from(name));
    offset += whole.length;
  }
  const directoryBytes = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directoryBytes.length, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...parts, directoryBytes, end, Buffer.from(comment)]);
}

function archive(name: string, content: Buffer): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

describe('unpacking a wheel', () => {
  test('gives the chosen entries byte for byte, deflated or stored or empty, and no other', async () => {
    const large = Buffer.from(Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * i) >> 7));
    const file = archive(
      'good.zip',
      zip(
        [
          { name: 'lib/large.so', content: large, deflate: true },
          { name: 'lib/stored.so', content: Buffer.from('stored'), deflate: false },
          { name: 'lib/empty.h', content: Buffer.alloc(0), deflate: false },
          { name: 'python/not-wanted.py', content: Buffer.from('import os'), deflate: true },
        ],
        'a comment after the end record',
      ),
    );
    const target = join(folder, 'good');
    expect(await unpackZip(file, target, (name) => name.startsWith('lib/'))).toBe(3);
    expect(readFileSync(join(target, 'lib/large.so')).equals(large)).toBe(true);
    expect(readFileSync(join(target, 'lib/stored.so'), 'utf8')).toBe('stored');
    expect(readFileSync(join(target, 'lib/empty.h')).length).toBe(0);
    expect(existsSync(join(target, 'python'))).toBe(false);
  });

  test('refuses an entry whose name leads out of the folder', async () => {
    const file = archive('evil.zip', zip([{ name: '../escaped', content: Buffer.from('x'), deflate: false }]));
    await expect(unpackZip(file, join(folder, 'evil'), () => true)).rejects.toThrow('points outside');
    expect(existsSync(join(folder, 'escaped'))).toBe(false);
  });

  test('refuses a file that is no zip archive', async () => {
    const file = archive('page.zip', Buffer.from('<html>404</html>'.repeat(100)));
    await expect(unpackZip(file, join(folder, 'page'), () => true)).rejects.toThrow('is not a zip archive');
  });

  test('fails on a cut archive instead of leaving half of an entry as if it were whole', async () => {
    const whole = zip([
      { name: 'a', content: Buffer.from(Array.from({ length: 5000 }, (_, i) => `${i * 7919} `).join('')), deflate: true },
    ]);
    const directoryAt = whole.lastIndexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    // The data's second half is zeroed, the directory stays.
    const file = archive(
      'cut.zip',
      Buffer.concat([whole.subarray(0, 2000), Buffer.alloc(directoryAt - 2000), whole.subarray(directoryAt)]),
    );
    await expect(unpackZip(file, join(folder, 'cut'), () => true)).rejects.toThrow(/invalid|incorrect|unexpected/);
  });
});
