#!/usr/bin/env node
// The command. In a fresh clone nothing is installed or built yet, so this file and what it imports use Node alone:
// set-up first (a few milliseconds when there is nothing to do), then the compiled command line.

const { requireNode, runMain } = await import('../scripts/steps.mjs');
requireNode();

await runMain(async () => {
  const { ensureSetup } = await import('../scripts/setup.mjs');
  await ensureSetup();
});

if (process.exitCode === undefined) await import('../dist/cli/main.js');
