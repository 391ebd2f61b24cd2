/**
 * The checkpoints of a job on disk. `cut-000007/shard-0.safetensors …` are written by the shards; `manifest.json` comes
 * last, atomically, and only it makes a checkpoint exist. It closes with its own SHA-256, and holds that of every file.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeDurably } from '../durable-file.ts';
import { errorMessage } from '../errors.ts';
import type { Manifest } from './ports.ts';

const MANIFEST = 'manifest.json';
const CUT_FOLDER = /^cut-(\d{6,})$/;

export class Checkpoints {
  readonly folder: string;
  private readonly keep: number;

  constructor(folder: string, keep: number) {
    this.folder = folder;
    this.keep = keep;
  }

  cutFolder(id: number): string {
    return join(this.folder, `cut-${String(id).padStart(6, '0')}`);
  }

  shardFile(id: number, shard: number): string {
    return join(this.cutFolder(id), `shard-${shard}.safetensors`);
  }

  async write(manifest: Manifest): Promise<void> {
    await mkdir(this.cutFolder(manifest.id), { recursive: true, mode: 0o700 });
    // Names alone: a run folder that is moved or copied stays whole, and its copy reads its own files.
    const files = manifest.files.map((entry) => ({ ...entry, file: basename(entry.file) }));
    const body = JSON.stringify({ ...manifest, files });
    const sum = createHash('sha256').update(body).digest('hex');
    await writeDurably(join(this.cutFolder(manifest.id), MANIFEST), [Buffer.from(`${body}\n${sum}\n`)]);
    await this.prune();
  }

  /**
   * The newest checkpoint whose every byte is as written, and what is wrong with newer ones that were passed over.
   * `problem`: there are some, and none is whole: nobody should train on from nothing without being told.
   */
  async newest(): Promise<{ manifest?: Manifest; passedOver?: string; problem?: string }> {
    const ids = (await this.ids()).toReversed();
    const broken: string[] = [];
    for (const id of ids) {
      try {
        const manifest = await this.read(id);
        if (manifest) return broken.length === 0 ? { manifest } : { manifest, passedOver: broken.join('; ') };
      } catch (error) {
        broken.push(`cut ${id}: ${errorMessage(error)}`);
      }
    }
    return broken.length === 0 ? {} : { problem: `no checkpoint in ${this.folder} is whole (${broken.join('; ')})` };
  }

  /** Undefined where the cut has no manifest: it never came to exist. */
  async read(id: number): Promise<Manifest | undefined> {
    const path = join(this.cutFolder(id), MANIFEST);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    const parsed = parseManifest(text);
    const files = parsed.files.map((entry) => ({ ...entry, file: join(this.cutFolder(id), basename(entry.file)) }));
    const manifest: Manifest = { ...parsed, files };
    await Promise.all(
      manifest.files.map(async ({ file, sha256 }) => {
        const found = await sha256OfFile(file);
        if (found !== sha256) throw new Error(`${file} has SHA-256 ${found}, the manifest says ${sha256}`);
      }),
    );
    return manifest;
  }

  private async ids(): Promise<number[]> {
    const names = await readdir(this.folder).catch(() => []);
    return names
      .flatMap((name) => {
        const match = CUT_FOLDER.exec(name);
        return match ? [Number(match[1])] : [];
      })
      .toSorted((a, b) => a - b);
  }

  /** Keeps the newest `keep`, and drops what is older, tries that never got a manifest too. */
  private async prune(): Promise<void> {
    const ids = await this.ids();
    const whole = await Promise.all(ids.map((id) => this.exists(id)));
    const oldestKept = ids.filter((_, index) => whole[index]).at(-this.keep);
    if (oldestKept === undefined) return;
    await Promise.all(ids.filter((id) => id < oldestKept).map((id) => rm(this.cutFolder(id), { recursive: true, force: true })));
  }

  private exists(id: number): Promise<boolean> {
    return access(join(this.cutFolder(id), MANIFEST)).then(
      () => true,
      () => false,
    );
  }
}

/** @throws where a single bit differs from what was written. */
export function parseManifest(text: string): Manifest {
  const [body, sum, rest, ...more] = text.split('\n');
  if (body === undefined || sum === undefined || rest !== '' || more.length > 0) throw new Error('the manifest is cut short');
  const found = createHash('sha256').update(body).digest('hex');
  if (found !== sum) throw new Error(`the manifest has SHA-256 ${found} and says ${sum}`);
  return JSON.parse(body) as Manifest;
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
