// Everything between a fresh clone and a command that runs: the npm packages, the build, native TensorFlow. Each step
// knows whether it has anything to do, and looking costs a start a few milliseconds.

import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import { build, buildIsFresh } from './build.mjs';
import { endCommands } from './command.mjs';
import { dependenciesAreFresh, installDependencies } from './dependencies.mjs';
import { releaseLocks, withLock } from './lock.mjs';
import { isCurrentNative, nativeRecord } from './native-state.mjs';
import { isClone, isMain, readJson, removeLeftovers, removeOwnAsides, root, workFolder } from './places.mjs';
import { runMain, say, SetupError } from './steps.mjs';

const signals = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 };

/**
 * Does what is missing, and nothing otherwise.
 * @param {{ forTests?: boolean, native?: boolean, retry?: boolean }} [options]
 *   `forTests`: an outdated build that cannot be renewed is an error, instead of being used with a warning (a clone on a
 *   read-only disk); `native: false` leaves native TensorFlow alone; `retry`: try again what failed within the last day
 * @throws {SetupError} with what to do
 */
export async function ensureSetup({ forTests = false, native = true, retry = false } = {}) {
  if (isSetUp({ native, retry })) return;
  const stopCleaning = cleanUpWhenInterrupted();
  try {
    if (isClone) accessSync(root, constants.W_OK);
    if (isClone) await withLock(path.join(workFolder, 'setup.lock'), 'setting up this clone', () => setUpClone(native, retry));
    else if (native) await setUpNative(retry);
  } catch (error) {
    const readOnly = error.code === 'EROFS' || error.code === 'EACCES' || error.code === 'EPERM';
    if (!readOnly) throw error;
    if (forTests || !existsSync(path.join(root, 'dist')))
      throw new SetupError(`set-up may not write to ${error.path ?? root} (${error.code})`);
    say(`set-up may not write to ${error.path ?? root} (${error.code}); going on with what is there`);
  } finally {
    stopCleaning();
  }
}

function isSetUp({ native, retry }) {
  if (isClone && !(dependenciesAreFresh() && buildIsFresh())) return false;
  if (!native) return true;
  const record = readJson(nativeRecord);
  return isCurrentNative(record) && !(retry && record.retryAfter !== undefined);
}

// Whoever waited for the lock finds most of it done by the one before.
async function setUpClone(native, retry) {
  removeLeftovers(workFolder);
  if (!dependenciesAreFresh()) await installDependencies();
  if (!buildIsFresh()) await build();
  if (native) await setUpNative(retry);
}

async function setUpNative(retry) {
  const { ensureNativeTensorFlow } = await import('./native-tensorflow.mjs');
  await ensureNativeTensorFlow({ retry });
}

function cleanUpWhenInterrupted() {
  const handlers = Object.entries(signals).map(([signal, number]) => {
    const handler = () => {
      say('\nset-up interrupted; the next start goes on');
      endCommands();
      removeOwnAsides();
      releaseLocks();
      process.exit(128 + number);
    };
    process.once(signal, handler);
    return [signal, handler];
  });
  return () => handlers.forEach(([signal, handler]) => process.off(signal, handler));
}

if (isMain(import.meta.url)) {
  await runMain(async () => {
    await ensureSetup({ retry: true });
    const { installed, build: kind, version } = readJson(nativeRecord) ?? {};
    say(`everything is set up; backend: ${installed === true ? `native TensorFlow ${version} (${kind})` : 'WebAssembly'}`);
  });
}
