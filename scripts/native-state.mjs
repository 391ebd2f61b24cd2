// What is known about native TensorFlow without doing anything: read at each start, so it may cost a millisecond only.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { notesFolder, packageFolder } from './places.mjs';

/** Raise it when the way the native part is made changes; what was made the old way is then made anew. */
export const nativeRecipe = 'tensorflow-2.18.1 recipe-1';

/** What was reached, and why not more: `{ installed, build, version, reason, wanted, recipe, retryAfter, binding }`. */
export const nativeRecord = path.join(notesFolder, 'native.json');

/**
 * Which build suits this machine. `TARDIGRAD_TENSORFLOW` (cpu, cuda or none) decides it where the machine that builds is
 * not the one that runs, as for a container image.
 * @returns {'cpu' | 'cuda' | 'none'}
 */
export function wantedBuild() {
  const asked = process.env.TARDIGRAD_TENSORFLOW;
  if (asked === 'cpu' || asked === 'cuda' || asked === 'none') return asked;
  if (process.platform !== 'linux' && process.platform !== 'darwin') return 'none';
  return hasNvidiaGpu() ? 'cuda' : 'cpu';
}

function hasNvidiaGpu() {
  return (
    process.platform === 'linux' &&
    ['/proc/driver/nvidia/version', '/dev/nvidiactl', '/usr/lib/wsl/lib/libcuda.so.1'].some((file) => existsSync(file))
  );
}

/** True when a start has nothing to do: what can be had is in place, or it failed not long ago. */
export function isCurrentNative(record) {
  if (record === undefined) return false;
  const wanted = wantedBuild();
  // `none` asks for no more work; it does not take away what another start in this clone may be using.
  if (wanted === 'none') return true;
  if (record.recipe !== nativeRecipe || record.wanted !== wanted) return false;
  if (record.retryAfter !== undefined && Date.now() >= record.retryAfter) return false;
  if (!record.installed) return true;
  const folder = packageFolder('@tensorflow/tfjs-node-gpu');
  return folder !== undefined && existsSync(path.join(folder, 'lib', 'napi-v8', 'tfjs_binding.node'));
}
