// Compiles the AssemblyScript kernels to WebAssembly with SIMD. The module has no runtime and no data: its memory is
// handed to it, and all of that memory is the caller's.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from './command.mjs';
import { makeAside, packageFolder, root, sha256, workFolder } from './places.mjs';
import { SetupError } from './steps.mjs';

const source = path.join(root, 'src', 'tensor', 'simd', 'assembly', 'kernels.ts');
const compileLimitMs = 2 * 60_000;
const flags = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--use', 'abort=', '--importMemory', '--enable', 'simd'];

/** Where the compiled kernels are below the compiled sources. */
export const compiledName = path.join('tensor', 'simd', 'kernels.wasm');

/**
 * @param {string} file to write
 * @throws {SetupError} with what the compiler says
 */
export async function compileKernels(file) {
  const compiler = path.join(root, 'node_modules', 'assemblyscript', 'bin', 'asc.js');
  mkdirSync(path.dirname(file), { recursive: true });
  const { problem, output } = await runCommand(process.execPath, [compiler, path.relative(root, source), ...flags, '--outFile', file], {
    cwd: root,
    timeLimitMs: compileLimitMs,
  });
  if (problem !== undefined) throw new SetupError(`${path.relative(root, source)} does not compile:\n${output === '' ? problem : output}`);
}

/**
 * Before the unit tests, which run from src and have no build: the kernels as they are now, compiled once.
 * @param {{ provide: (key: 'kernelsFile', file: string) => void }} project
 */
export async function setup({ provide }) {
  const compiler = readFileSync(path.join(packageFolder('assemblyscript'), 'package.json'), 'utf8');
  const name = `kernels-${sha256([readFileSync(source, 'utf8'), compiler, ...flags].join('\0')).slice(0, 16)}.wasm`;
  const file = path.join(workFolder, 'kernels', name);
  if (!existsSync(file)) {
    const aside = makeAside(workFolder, 'kernels');
    try {
      await compileKernels(path.join(aside, name));
      mkdirSync(path.dirname(file), { recursive: true });
      renameSync(path.join(aside, name), file);
    } finally {
      rmSync(aside, { recursive: true, force: true });
    }
  }
  provide('kernelsFile', file);
}
