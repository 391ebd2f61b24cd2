import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Checkpoints } from '../../src/coordinator/checkpoints.ts';
import type { Manifest } from '../../src/coordinator/ports.ts';

const content = Buffer.from('the weights of one shard');

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'tardigrad-checkpoints-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function written(at: string): Promise<Checkpoints> {
  const checkpoints = new Checkpoints(at, 3);
  const file = checkpoints.shardFile(1, 0);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  const manifest: Manifest = {
    format: 1,
    id: 1,
    job: 'moved',
    history: 1,
    epoch: 1,
    mapVersion: 1,
    ranges: [[{ start: 0, length: 16 }]],
    files: [{ file, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }],
    versions: [7],
    stateHashes: [''],
    sequences: {},
    torn: [],
    clock: 0,
    incarnations: {},
    settled: [],
    refusedAttempts: 0,
    heldMs: [0],
    notHeld: [],
    writtenAt: '2026-01-31T14:05:09.000Z',
  };
  await checkpoints.write(manifest);
  return checkpoints;
}

test('a run folder that was moved or copied has its checkpoints, and reads its own files', async () => {
  const first = folder();
  const second = folder();
  const original = await written(first);
  cpSync(first, second, { recursive: true });
  const copy = new Checkpoints(second, 3);
  // What becomes of the original is nothing to the copy.
  writeFileSync(original.shardFile(1, 0), 'spoilt');
  expect((await original.newest()).problem).toContain('SHA-256');
  const { manifest } = await copy.newest();
  expect(manifest?.versions).toEqual([7]);
  expect(manifest?.files.map(({ file }) => file)).toEqual([copy.shardFile(1, 0)]);
  expect(readFileSync(manifest?.files[0]?.file ?? '')).toEqual(content);
});

test('a manifest cannot point outside of its own folder', async () => {
  const at = folder();
  const checkpoints = await written(at);
  const path = join(checkpoints.cutFolder(1), 'manifest.json');
  const [body = ''] = readFileSync(path, 'utf8').split('\n');
  const elsewhere = body.replace('"shard-0.safetensors"', '"../../shard-0.safetensors"');
  expect(elsewhere).not.toBe(body);
  writeFileSync(path, `${elsewhere}\n${createHash('sha256').update(elsewhere).digest('hex')}\n`);
  const { manifest } = await checkpoints.newest();
  expect(manifest?.files[0]?.file).toBe(checkpoints.shardFile(1, 0));
});
