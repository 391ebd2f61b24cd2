// The one place that keeps two set-ups from working on the same folder at once. A lock is a file made exclusively; its
// owner touches it every few seconds. It counts as left behind when its owner is known to be dead (same machine and
// process namespace) or when nobody has touched it for a while (another container, another machine, a reused process id).
// So a set-up ended by `kill -9` at any moment holds up the next one for nothing, or for the named time at most. What is
// done under a lock is nevertheless always built aside and renamed into place: a lock can only save work, not the day.

import { mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, utimesSync, writeFileSync, linkSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say, SetupError } from './steps.mjs';

const heartbeatMs = 2_000;
const untouchedLimitMs = 30_000;
// A file without content is one whose owner ended between creating and writing it.
const emptyLimitMs = 5_000;
const pollMs = 100;
/** The longest honest holder: the CUDA build's 3 GB over a slow line. */
const waitLimitMs = 45 * 60_000;

const held = new Set();

/**
 * Runs `work` while no other process runs under the same lock.
 * @template T
 * @param {string} file the lock
 * @param {string} what what the owner is doing, for whoever waits
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(file, what, work) {
  mkdirSync(path.dirname(file), { recursive: true });
  const mine = JSON.stringify({ pid: process.pid, started: processStart(process.pid), place: place(), token: Math.random() });
  await acquire(file, what, mine);
  held.add(file);
  const heartbeat = setInterval(() => touch(file), heartbeatMs);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    held.delete(file);
    if (read(file) === mine) rmSync(file, { force: true });
  }
}

/** Gives back every lock that this process holds, for when it is interrupted. */
export function releaseLocks() {
  for (const file of held) rmSync(file, { force: true });
}

async function acquire(file, what, mine) {
  const startedAt = performance.now();
  let told = false;
  for (;;) {
    try {
      writeFileSync(file, mine, { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const content = read(file);
    if (content === undefined) continue;
    if (isLeftBehind(file, content)) {
      takeAway(file, content);
      continue;
    }
    if (!told) say(`waiting for another process (${ownerOf(content)}) that is ${what} …`);
    told = true;
    if (performance.now() - startedAt > waitLimitMs) {
      throw new SetupError(
        `process ${ownerOf(content)} has been ${what} for more than ${waitLimitMs / 60_000} minutes. End it and start again; its lock is ${file}`,
      );
    }
    await sleep(pollMs);
  }
}

// Renaming decides who takes a dead owner's lock away: of two waiters one gets the file, the other ENOENT. If what was
// renamed is not what was judged, then someone took over in between, and it is put back.
function takeAway(file, judged) {
  const aside = `${file}.${process.pid}.old`;
  try {
    renameSync(file, aside);
    if (readFileSync(aside, 'utf8') !== judged) linkSync(aside, file);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  }
  rmSync(aside, { force: true });
}

function isLeftBehind(file, content) {
  const ageMs = untouchedFor(file);
  if (ageMs === undefined) return false;
  let owner;
  try {
    owner = JSON.parse(content);
  } catch {
    return ageMs > emptyLimitMs;
  }
  if (owner.place === place() && !isAlive(owner)) return true;
  return ageMs > untouchedLimitMs;
}

/** True while the process that wrote `{ pid, started }` runs. A reused process id has another start time. */
function isAlive({ pid, started }) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
  return processStart(pid) === started;
}

// Linux: the start time in ticks since boot; undefined for a zombie, and always undefined elsewhere.
function processStart(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

// Process ids mean something only within one machine and one process namespace.
function place() {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

function ownerOf(content) {
  try {
    return JSON.parse(content).pid;
  } catch {
    return 'unknown';
  }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function untouchedFor(file) {
  try {
    return Date.now() - statSync(file).mtimeMs;
  } catch {
    return undefined;
  }
}

function touch(file) {
  const now = new Date();
  try {
    utimesSync(file, now, now);
  } catch {
    // Someone took it for left behind, after a stop of this process. What we build is renamed into place whole, so both may go on.
  }
}
