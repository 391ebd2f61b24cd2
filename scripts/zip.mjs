// Unpacks chosen entries of a zip archive (a Python wheel is one) as a stream, so that a 600 MB library needs neither an
// unzip program nor 600 MB of memory. The archive is verified as a whole before it gets here, so no checksum is made for
// each entry. Only what wheels use is read: no encryption, no zip64 (entries of 4 GiB and more).

import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';

const endRecordBytes = 22;
const longestCommentBytes = 0xffff;
const endRecordSignature = 0x06054b50;
const directoryEntrySignature = 0x02014b50;
const localHeaderBytes = 30;
const stored = 0;
const deflated = 8;

/**
 * @param {string} archive path of the zip file
 * @param {string} folder where entries go, under their names
 * @param {(name: string) => boolean} choose which entries
 * @returns {Promise<number>} how many entries were unpacked
 */
export async function unpackZip(archive, folder, choose) {
  const file = await open(archive, 'r');
  let entries;
  try {
    entries = (await readDirectory(file, archive)).filter((entry) => !entry.name.endsWith('/') && choose(entry.name));
    for (const entry of entries) await locateData(file, entry);
  } finally {
    await file.close();
  }
  for (const entry of entries) {
    const target = path.join(folder, entry.name);
    if (!target.startsWith(folder + path.sep)) throw new Error(`${archive}: the entry ${entry.name} points outside of the archive`);
    await mkdir(path.dirname(target), { recursive: true });
    await unpackEntry(archive, entry, target);
  }
  return entries.length;
}

async function readDirectory(file, archive) {
  const { size } = await file.stat();
  const tail = await readAt(file, Math.max(0, size - endRecordBytes - longestCommentBytes), size);
  let at = tail.length - endRecordBytes;
  while (at >= 0 && tail.readUInt32LE(at) !== endRecordSignature) at -= 1;
  if (at < 0) throw new Error(`${archive} is not a zip archive`);
  const count = tail.readUInt16LE(at + 10);
  const directoryBytes = tail.readUInt32LE(at + 12);
  const directoryOffset = tail.readUInt32LE(at + 16);
  if (count === 0xffff || directoryOffset === 0xffffffff) throw new Error(`${archive} is a zip64 archive, which is not supported`);
  const directory = await readAt(file, directoryOffset, directoryOffset + directoryBytes);
  const entries = [];
  for (let offset = 0; entries.length < count;) {
    if (directory.readUInt32LE(offset) !== directoryEntrySignature) throw new Error(`${archive}: the directory is damaged`);
    const nameBytes = directory.readUInt16LE(offset + 28);
    const extraBytes = directory.readUInt16LE(offset + 30);
    const commentBytes = directory.readUInt16LE(offset + 32);
    const nameOffset = offset + 46;
    entries.push({
      method: directory.readUInt16LE(offset + 10),
      packedBytes: directory.readUInt32LE(offset + 20),
      headerOffset: directory.readUInt32LE(offset + 42),
      name: directory.toString('utf8', nameOffset, nameOffset + nameBytes),
      dataOffset: 0,
    });
    offset = nameOffset + nameBytes + extraBytes + commentBytes;
  }
  return entries;
}

// The local header repeats the name and has an extra field of its own length, so the data's offset is known only from it.
async function locateData(file, entry) {
  const header = await readAt(file, entry.headerOffset, entry.headerOffset + localHeaderBytes);
  entry.dataOffset = entry.headerOffset + localHeaderBytes + header.readUInt16LE(26) + header.readUInt16LE(28);
}

async function unpackEntry(archive, entry, target) {
  if (entry.method !== stored && entry.method !== deflated) throw new Error(`${archive}: ${entry.name} is packed by an unknown method`);
  if (entry.packedBytes === 0) return pipeline([], createWriteStream(target));
  const packed = createReadStream(archive, {
    start: entry.dataOffset,
    end: entry.dataOffset + entry.packedBytes - 1,
    highWaterMark: 1 << 20,
  });
  const output = createWriteStream(target, { highWaterMark: 1 << 20 });
  if (entry.method === stored) return pipeline(packed, output);
  return pipeline(packed, createInflateRaw({ chunkSize: 1 << 20 }), output);
}

async function readAt(file, start, end) {
  const buffer = Buffer.alloc(end - start);
  await file.read(buffer, 0, buffer.length, start);
  return buffer;
}
