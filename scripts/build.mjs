// Compiles src/ to dist/, the SIMD kernels included. The compilers write aside; then each file is renamed over its old
// version, so that a process started from dist at that moment finds every file, old or new. What the sources were is noted
// in dist last: a build that was ended half-way is simply done again.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from './command.mjs';
import { compiledName, compileKernels } from './kernels.mjs';
import { isMain, makeAside, readJson, root, sha256, workFolder, writeJson } from './places.mjs';
import { runMain, SetupError, step } from './steps.mjs';

const buildLimitMs = 5 * 60_000;
const dist = path.join(root, 'dist');
const note = path.join(dist, '.build.json');

/** True when dist was built from the sources as they are. By content: a checkout or a copy changes times, not programs. */
export function buildIsFresh() {
  return readJson(note)?.sources === hashSources();
}

export async function build() {
  await step('build', async () => {
    const sources = hashSources();
    const aside = makeAside(workFolder, 'build');
    try {
      // Both to their end, also where one fails: what they write into is removed behind them.
      const results = await Promise.allSettled([compileSources(aside), compileKernels(path.join(aside, compiledName))]);
      for (const { reason } of results) if (reason !== undefined) throw reason;
      moveInto(aside, dist);
      writeJson(note, { sources });
    } finally {
      rmSync(aside, { recursive: true, force: true });
    }
  });
}

async function compileSources(folder) {
  const compiler = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { problem, output } = await runCommand(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', folder], {
    cwd: root,
    timeLimitMs: buildLimitMs,
  });
  if (problem !== undefined) throw new SetupError(`src/ does not compile (dist/ stays as it was):\n${output === '' ? problem : output}`);
}

function hashSources() {
  const files = filesIn(path.join(root, 'src')).filter((name) => name.endsWith('.ts'));
  const content = files.map((name) => `${name}\0${readFileSync(path.join(root, 'src', name), 'utf8')}`);
  for (const name of ['tsconfig.json', 'tsconfig.build.json', 'scripts/kernels.mjs'])
    content.push(readFileSync(path.join(root, name), 'utf8'));
  return sha256(content.join('\0'));
}

function moveInto(built, target) {
  const names = filesIn(built);
  for (const name of names) {
    const from = path.join(built, name);
    if (name.endsWith('.map')) pointMapAtSources(from, path.join(target, name));
    mkdirSync(path.dirname(path.join(target, name)), { recursive: true });
    renameSync(from, path.join(target, name));
  }
  const current = new Set(names);
  for (const name of filesIn(target)) {
    if (!current.has(name)) rmSync(path.join(target, name), { force: true });
  }
}

// A source map names its sources relative to itself, and it is about to move.
function pointMapAtSources(file, target) {
  const map = JSON.parse(readFileSync(file, 'utf8'));
  map.sources = map.sources.map((source) =>
    path.relative(path.dirname(target), path.resolve(path.dirname(file), source)).replaceAll(path.sep, '/'),
  );
  writeFileSync(file, JSON.stringify(map));
}

function filesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

if (isMain(import.meta.url)) {
  // Not awaited: setup.mjs imports this file, and would wait for it for ever.
  void import('./setup.mjs').then(({ ensureSetup }) => runMain(() => ensureSetup({ forTests: true, native: false })));
}
