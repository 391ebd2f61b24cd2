/**
 * The sources as JavaScript in a folder of their own, for child processes and worker_threads, which run outside
 * vitest's loader.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

export interface BuiltSources {
  /** The URL of a built file, e.g. 'compute/backends.js', to import from. */
  url(path: string): string;
}

/** Builds src/ in a temporary folder (a quarter of a second) that goes when the test ends. */
export function buildSources(): BuiltSources {
  const folder = mkdtempSync(join(tmpdir(), 'tardigrad-built-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  // Types are another check's business; a type error must not fail tests that run other files.
  execFileSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--noCheck', '--outDir', join(folder, 'src')],
    {
      cwd: root,
    },
  );
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  return { url: (path) => pathToFileURL(join(folder, 'src', path)).href };
}
