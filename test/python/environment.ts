/**
 * Python with the packages that a test needs: taken where they can be imported, else installed once into the cache folder.
 * Without Python or a network there is none, and the test skips with the reason.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { errorMessage } from '../../src/errors.ts';

const run = promisify(execFile);
export const INSTALL_LIMIT_MS = 240_000;

/** A PYTHONPATH (empty where none is needed), or why there is none. */
export type Python = { readonly path: string } | { readonly missing: string };

export interface PythonNeeds {
  /** Names the folder in the cache. */
  readonly name: string;
  readonly packages: readonly string[];
  /** What a program would import. */
  readonly modules: readonly string[];
}

export async function findPython(needs: PythonNeeds): Promise<Python> {
  let version: string;
  try {
    version = (await run('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'])).stdout.trim();
  } catch (error) {
    return { missing: `python3 does not run here: ${errorMessage(error)}` };
  }
  // Set but empty counts as not set.
  const cache = process.env['TARDIGRAD_CACHE'] || join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'tardigrad');
  const installed = join(cache, `python-${needs.name}-${version}`);
  if (await imports('', needs)) return { path: '' };
  if (existsSync(installed) && (await imports(installed, needs))) return { path: installed };
  return install(cache, installed, needs);
}

async function imports(path: string, { modules }: PythonNeeds): Promise<boolean> {
  return run('python3', ['-c', `import ${modules.join(', ')}`], { env: pythonEnvironment(path) }).then(
    () => true,
    () => false,
  );
}

/** Beside its place first, then moved there whole, so that a test run that is stopped or runs at the same time does no harm. */
async function install(cache: string, installed: string, needs: PythonNeeds): Promise<Python> {
  const { packages } = needs;
  try {
    await mkdir(cache, { recursive: true });
    const fresh = await mkdtemp(`${installed}-`);
    const quiet = ['--quiet', '--disable-pip-version-check', '--retries', '1', '--timeout', '10'];
    try {
      await run('python3', ['-m', 'pip', 'install', ...quiet, '--target', fresh, ...packages], { timeout: INSTALL_LIMIT_MS - 20_000 });
      await rename(fresh, installed).catch(async (error: unknown) => {
        if (!(await imports(installed, needs))) throw error;
      });
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
    return (await imports(installed, needs))
      ? { path: installed }
      : { missing: `${packages.join(', ')} were installed and cannot be imported` };
  } catch (error) {
    return { missing: `pip could not install ${packages.join(', ')}: ${errorMessage(error).slice(0, 300)}` };
  }
}

/** @param paths for PYTHONPATH; empty ones are passed over */
export function pythonEnvironment(...paths: readonly string[]): NodeJS.ProcessEnv {
  const given = paths.filter((path) => path !== '');
  return { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...(given.length === 0 ? {} : { PYTHONPATH: given.join(delimiter) }) };
}
