/**
 * One shard's part of a checkpoint as a safetensors file: weights, optimizer state and open gradients as tensors, all else
 * (version, step counts, identity table, outcomes, open updates) as JSON in the header's metadata. Python opens it too.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { TardigradError, assert, errorMessage } from '../errors.ts';
import { decodeSafetensors, encodeSafetensors, type SafeTensor } from '../tensor/safetensors.ts';
import type { Range } from '../transport/messages.ts';
import type { OpenUpdate, ShardCopy } from './events.ts';
import type { CutShard } from './restore-parts.ts';

const FORMAT = 'tardigrad-cut-1';
const STATE_PREFIX = 'state/';
const OPEN_PREFIX = 'open/';

/** Views over the copy, not copies of it: write them before it goes. */
export function encodeCut(ranges: readonly Range[], copy: ShardCopy): Uint8Array[] {
  const { x, state, open, ...rest } = copy;
  const vector = (name: string, data: Float32Array): SafeTensor => ({
    name,
    dtype: 'F32',
    shape: [data.length],
    data: data as Float32Array<ArrayBuffer>,
  });
  const gradients: SafeTensor[] = [];
  const updates = open.map((update, u) => ({
    round: update.round,
    pushes: update.pushes.map(({ gradient, ...push }, p) => {
      gradients.push(vector(`${OPEN_PREFIX}${u}/${p}`, gradient));
      return push;
    }),
  }));
  const tensors = [vector('x', x), ...Object.entries(state).map(([name, data]) => vector(`${STATE_PREFIX}${name}`, data)), ...gradients];
  return encodeSafetensors(tensors, { format: FORMAT, shard: JSON.stringify({ ...rest, ranges, open: updates }) });
}

/** A cut's file as the manifest names it. */
export interface CutSource {
  readonly file: string;
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/** @throws DATA_LOSS where the file cannot be read, or is not what was written. */
export async function readCut({ file, sha256, bytes }: CutSource): Promise<CutShard> {
  const next = 'Go on from an older checkpoint.';
  const content = await readFile(file).catch((error: unknown) => {
    throw new TardigradError('DATA_LOSS', `${file} cannot be read: ${errorMessage(error)}.`, { next });
  });
  const found = createHash('sha256').update(content).digest('hex');
  if (content.byteLength !== bytes || found !== sha256) {
    const was = `${content.byteLength} bytes with SHA-256 ${found}, where the manifest says ${bytes} and ${sha256}`;
    throw new TardigradError('DATA_LOSS', `${file} is not what was written: ${was}.`, { next });
  }
  return decodeCut(content, file);
}

/** @throws DATA_LOSS for a file that is not a whole cut. */
export function decodeCut(bytes: Uint8Array, file: string): CutShard {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const fail = (why: string): TardigradError =>
    new TardigradError('DATA_LOSS', `${file} is not a whole cut: ${why}.`, { next: 'Go on from an older checkpoint.' });
  if (metadata['format'] !== FORMAT) throw fail(`its format is ${metadata['format'] ?? 'not named'}, not ${FORMAT}`);
  const get = (name: string): Float32Array => {
    const tensor = tensors.get(name);
    if (!tensor || !(tensor.data instanceof Float32Array)) throw fail(`tensor ${name} is missing`);
    return tensor.data;
  };
  const parsed = JSON.parse(metadata['shard'] ?? 'null') as
    | (Omit<ShardCopy, 'x' | 'state' | 'open'> & {
        ranges: readonly Range[];
        open: readonly { round: number; pushes: readonly Omit<OpenUpdate['pushes'][number], 'gradient'>[] }[];
      })
    | null;
  if (parsed === null) throw fail('its state is missing');
  const { ranges, open, ...rest } = parsed;
  const state: Record<string, Float32Array> = {};
  for (const name of tensors.keys()) if (name.startsWith(STATE_PREFIX)) state[name.slice(STATE_PREFIX.length)] = get(name);
  const x = get('x');
  const elements = ranges.reduce((sum, range) => sum + range.length, 0);
  if (x.length !== elements) throw fail(`it holds ${x.length} weights for ranges of ${elements} elements`);
  const copy: ShardCopy = {
    ...rest,
    x,
    state,
    open: open.map((update, u) => ({
      round: update.round,
      pushes: update.pushes.map((push, p) => ({ ...push, gradient: get(`${OPEN_PREFIX}${u}/${p}`) })),
    })),
  };
  assert(Number.isSafeInteger(copy.version), 'a cut has a version');
  return { ranges, copy };
}
