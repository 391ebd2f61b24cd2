// Runs before the cluster tests, also when vitest is called by hand: their processes come from dist, so it must be what src is.

import { ensureSetup } from './setup.mjs';

export async function setup() {
  await ensureSetup({ forTests: true });
}
