// Where set-up keeps things: in the clone (dist, node_modules, .cache) and in the cache folder outside of it, which
// `npm ci` and a new clone leave alone.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The clone's (or the installed package's) folder. */
export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** A clone has the sources; an installed package or an image has only what was built from them. */
export const isClone = existsSync(path.join(root, 'src')) && existsSync(path.join(root, 'package-lock.json'));

/** True in the file that Node was started with. */
export function isMain(moduleUrl) {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(moduleUrl);
}

/** What set-up makes in a clone before it is put into place, and its lock; ignored by git. */
export const workFolder = path.join(root, '.cache');

/** What set-up notes about the installed dependencies; goes away together with them. */
export const notesFolder = path.join(root, 'node_modules', '.tardigrad');

/** `TARDIGRAD_CACHE`, else `XDG_CACHE_HOME/tardigrad`, else `~/.cache/tardigrad`. */
export function cacheFolder() {
  const { TARDIGRAD_CACHE: own, XDG_CACHE_HOME: xdg } = process.env;
  if (own !== undefined && own !== '') return path.resolve(own);
  if (xdg !== undefined && xdg !== '') return path.join(xdg, 'tardigrad');
  return path.join(homedir(), '.cache', 'tardigrad');
}

/** The folder of an installed dependency, or undefined. */
export function packageFolder(name) {
  try {
    return path.dirname(createRequire(path.join(root, 'package.json')).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

export function sha256(content) {
  return createHash('sha256').update(content).digest('hex');
}

/** Parsed JSON, or undefined where the file is missing or damaged. */
export function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Written aside and renamed, so that a reader sees the old or the new content. */
export function writeJson(file, value) {
  mkdirSync(path.dirname(file), { recursive: true });
  const aside = `${file}.${process.pid}.new`;
  writeFileSync(aside, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(aside, file);
}

const asidePrefix = '.aside-';
const ownAsides = new Set();

/** A new name next to the things in `parent`, for what is filled first and then renamed into place. */
export function nameAside(parent, name) {
  const folder = path.join(parent, `${asidePrefix}${name}-${process.pid}-${Math.random().toString(36).slice(2, 8)}`);
  ownAsides.add(folder);
  return folder;
}

/** The same as a folder. */
export function makeAside(parent, name) {
  const folder = nameAside(parent, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Removes what this process has not renamed into place, for when it is interrupted. */
export function removeOwnAsides() {
  for (const folder of ownAsides) rmSync(folder, { recursive: true, force: true });
}

/** Removes what interrupted set-ups left in `parent`. Call it under the lock that guards `parent`. */
export function removeLeftovers(parent) {
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(asidePrefix)) continue;
    try {
      rmSync(path.join(parent, name), { recursive: true, force: true });
    } catch {
      // A program that outlived its set-up still writes there. Nothing needs the place; the next set-up removes it.
    }
  }
}
