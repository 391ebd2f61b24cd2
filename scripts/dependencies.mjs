// The npm packages, exactly as the lockfile names them. They are installed aside and swapped in, so that a set-up that is
// ended half-way leaves the old node_modules or none, never half of one, and an npm that outlives it disturbs nobody.

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from './command.mjs';
import { makeAside, nameAside, notesFolder, readJson, root, sha256, workFolder, writeJson } from './places.mjs';
import { say, SetupError, step } from './steps.mjs';

const installLimitMs = 20 * 60_000;
const installStallLimitMs = 5 * 60_000;
const modules = path.join(root, 'node_modules');
const noteName = 'dependencies.json';
const npmFlags = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
const shownErrorLines = 8;

/** True when node_modules holds what the lockfile names. Every native part here is Node-API, so another Node version changes nothing. */
export function dependenciesAreFresh() {
  const note = readJson(path.join(notesFolder, noteName));
  const now = currentNote();
  return note?.lockfile === now.lockfile && note.platform === now.platform;
}

/** Installs the packages, unless npm did the same since (then that is only noted). */
export async function installDependencies() {
  if (npmInstalledTheSame()) {
    writeJson(path.join(notesFolder, noteName), currentNote());
    return;
  }
  await step('dependencies: npm ci', async (show) => {
    const aside = makeAside(workFolder, 'dependencies');
    try {
      for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
        if (existsSync(path.join(root, name))) copyFileSync(path.join(root, name), path.join(aside, name));
      }
      await runNpm(aside, show);
      const installed = path.join(aside, 'node_modules');
      writeJson(path.join(installed, path.basename(notesFolder), noteName), currentNote());
      if (!swapIn(installed)) {
        await runNpm(root, show);
        writeJson(path.join(notesFolder, noteName), currentNote());
      }
    } finally {
      rmSync(aside, { recursive: true, force: true });
    }
  });
}

function currentNote() {
  return { lockfile: sha256(readFileSync(path.join(root, 'package-lock.json'))), platform: `${process.platform}-${process.arch}` };
}

// npm keeps beside the packages a list of what it installed. A developer's own `npm install` is recognised by it.
function npmInstalledTheSame() {
  const installed = readJson(path.join(modules, '.package-lock.json'))?.packages;
  const wanted = readJson(path.join(root, 'package-lock.json'))?.packages;
  if (installed === undefined || wanted === undefined) return false;
  const platform = readJson(path.join(notesFolder, noteName))?.platform;
  if (platform !== undefined && platform !== currentNote().platform) return false;
  return Object.entries(wanted).every(([name, entry]) => {
    if (name === '') return true;
    const found = installed[name];
    return found === undefined ? entry.optional === true : found.version === entry.version && found.integrity === entry.integrity;
  });
}

/**
 * Runs npm in a folder that is not this clone.
 * @param {string} folder
 * @param {string[]} args
 * @param {Parameters<typeof runCommand>[2]} limits
 */
export function npmIn(folder, args, limits) {
  // npm exports its own location settings to the scripts it runs; the inner npm must look at `folder` instead.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(config_(local_)?prefix|package_|lifecycle_)/i.test(name)),
  );
  const npm = process.env.npm_execpath;
  const [program, first] = npm !== undefined && path.basename(npm) === 'npm-cli.js' ? [process.execPath, [npm]] : ['npm', []];
  return runCommand(program, [...first, ...args], { cwd: folder, env, ...limits });
}

/** What npm says is wrong. It says that first, and how it is used after that. */
export function npmErrorLines(output) {
  return output
    .split('\n')
    .map((line) => line.replace(/^npm error ?/, ''))
    .filter((line) => line !== '' && !line.startsWith('    at '));
}

async function runNpm(folder, show) {
  const installed = path.join(folder, 'node_modules');
  const { problem, output } = await npmIn(folder, npmFlags, {
    timeLimitMs: installLimitMs,
    stallLimitMs: installStallLimitMs,
    progressBytes: () => (existsSync(installed) ? readdirSync(installed).length : 0),
    onProgress: (count) => show(count === 0 ? 'resolving' : `${count} packages`),
  });
  if (problem === undefined) return;
  const lines = npmErrorLines(output).slice(0, shownErrorLines);
  throw new SetupError(`the dependencies could not be installed (${problem}):\n${lines.join('\n')}`);
}

// False where node_modules cannot be renamed, as when it is a mount point; npm then has to work in place.
function swapIn(installed) {
  const old = nameAside(workFolder, 'old-dependencies');
  try {
    if (existsSync(modules)) renameSync(modules, old);
    renameSync(installed, modules);
  } catch (error) {
    if (error.code !== 'EBUSY' && error.code !== 'EXDEV' && error.code !== 'EPERM') throw error;
    mkdirSync(modules, { recursive: true });
    say('node_modules cannot be replaced as a whole; installing in place');
    return false;
  }
  rmSync(old, { recursive: true, force: true });
  return true;
}
