/**
 * What we write, Python's own safetensors must read, and the other way round.
 * The Python package is taken where it is importable, else installed once into the cache folder; without Python or a network
 * these tests skip and say why.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorMessage } from '../../src/errors.ts';
import type { SafeTensor } from '../../src/tensor/safetensors.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/tensor/safetensors.ts';

const run = promisify(execFile);
const INSTALL_LIMIT_MS = 120_000;

/** A PYTHONPATH with safetensors and numpy on it, or why there is none. */
type Python = { path: string } | { missing: string };

let python: Python = { missing: 'not looked for yet' };
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tardigrad-safetensors-'));
  python = await findPython();
}, INSTALL_LIMIT_MS + 10_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function findPython(): Promise<Python> {
  let version: string;
  try {
    version = (await run('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'])).stdout.trim();
  } catch (error) {
    return { missing: `python3 does not run here: ${errorMessage(error)}` };
  }
  // Set but empty counts as not set.
  const cache = process.env['TARDIGRAD_CACHE'] || join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'tardigrad');
  const installed = join(cache, `python-safetensors-${version}`);
  if (await imports('')) return { path: '' };
  if (existsSync(installed) && (await imports(installed))) return { path: installed };
  return install(cache, installed);
}

async function imports(path: string): Promise<boolean> {
  return runPython(path, 'import numpy, safetensors.numpy').then(
    () => true,
    () => false,
  );
}

/** Beside its place first, then moved there whole, so that a test run that is stopped or runs at the same time does no harm. */
async function install(cache: string, installed: string): Promise<Python> {
  try {
    await mkdir(cache, { recursive: true });
    const fresh = await mkdtemp(`${installed}-`);
    const quiet = ['--quiet', '--disable-pip-version-check', '--retries', '1', '--timeout', '10'];
    try {
      await run('python3', ['-m', 'pip', 'install', ...quiet, '--target', fresh, 'safetensors', 'numpy'], { timeout: INSTALL_LIMIT_MS });
      await rename(fresh, installed).catch(async (error: unknown) => {
        if (!(await imports(installed))) throw error;
      });
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
    return (await imports(installed)) ? { path: installed } : { missing: 'the installed Python package safetensors cannot be imported' };
  } catch (error) {
    return { missing: `pip could not install safetensors and numpy: ${errorMessage(error).slice(0, 300)}` };
  }
}

async function runPython(path: string, script: string, ...given: string[]): Promise<string> {
  const env = { ...process.env, ...(path === '' ? {} : { PYTHONPATH: path }) };
  return (await run('python3', ['-c', script, ...given], { env })).stdout;
}

const tensors: SafeTensor[] = [
  { name: 'bytes', dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 255) },
  { name: 'dense/kernel', dtype: 'F32', shape: [2, 3], data: Float32Array.of(1.5, -0, 1e-45, 0.1, -2, 3e38) },
  { name: 'dense/bias', dtype: 'F32', shape: [1], data: Float32Array.of(7) },
  { name: 'steps', dtype: 'I64', shape: [], data: BigInt64Array.of(-5n) },
  { name: 'half', dtype: 'F16', shape: [2], data: Uint16Array.of(0x3c00, 0xc000) },
  { name: 'empty', dtype: 'F64', shape: [0, 2], data: new Float64Array(0) },
];

describe("Python's safetensors", () => {
  test('opens what we write: names, types, shapes, bits and metadata', async ({ skip }) => {
    if ('missing' in python) return skip(python.missing);
    const file = join(folder, 'ours.safetensors');
    await writeFile(file, Buffer.concat(encodeSafetensors(tensors, { job: 'mnist', update: '812' })));
    const script = `
import json, sys
from safetensors import safe_open
from safetensors.numpy import load_file
with safe_open(sys.argv[1], framework='np') as opened:
    metadata = opened.metadata()
seen = {name: [str(t.dtype), list(t.shape), t.tobytes().hex()] for name, t in load_file(sys.argv[1]).items()}
print(json.dumps({'metadata': metadata, 'tensors': seen}))`;
    const hex = ({ data }: SafeTensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex');
    const numpyType: Record<string, string> = { U8: 'uint8', F32: 'float32', I64: 'int64', F16: 'float16', F64: 'float64' };
    expect(JSON.parse(await runPython(python.path, script, file))).toEqual({
      metadata: { job: 'mnist', update: '812' },
      tensors: Object.fromEntries(tensors.map((tensor) => [tensor.name, [numpyType[tensor.dtype], tensor.shape, hex(tensor)]])),
    });
  });

  test('writes what we open', async ({ skip }) => {
    if ('missing' in python) return skip(python.missing);
    const file = join(folder, 'theirs.safetensors');
    const script = `
import sys, numpy as np
from safetensors.numpy import save_file
save_file({'b': np.arange(3, dtype=np.uint8), 'a': np.array([[1.5, -2.0]], dtype=np.float32), 'n': np.array(-5)}, sys.argv[1], {'k': 'v'})`;
    await runPython(python.path, script, file);
    const read = decodeSafetensors(await readFile(file));
    expect({ ...read.metadata }).toEqual({ k: 'v' });
    expect(Object.fromEntries(read.tensors)).toEqual({
      a: { name: 'a', dtype: 'F32', shape: [1, 2], data: Float32Array.of(1.5, -2) },
      b: { name: 'b', dtype: 'U8', shape: [3], data: Uint8Array.of(0, 1, 2) },
      n: { name: 'n', dtype: 'I64', shape: [], data: BigInt64Array.of(-5n) },
    });
  });
});
