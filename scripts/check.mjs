// `npm run check`: everything that a change must pass, the quick things first. Stops at the first failure and says what to run.

import { spawn } from 'node:child_process';
import path from 'node:path';
import { isMain, root } from './places.mjs';
import { ensureSetup } from './setup.mjs';
import { runMain, say, SetupError } from './steps.mjs';
import { runTests } from './test.mjs';

const checks = [
  { name: 'format', tool: ['oxfmt', 'bin', 'oxfmt'], args: ['--check', '.'], next: 'npm run format' },
  { name: 'lint', tool: ['oxlint', 'bin', 'oxlint'], args: ['--deny-warnings'], next: 'npx oxlint --fix, or mend by hand' },
  { name: 'types', tool: ['typescript', 'bin', 'tsc'], args: ['--noEmit', '-p', 'tsconfig.json'], next: 'npx tsc --noEmit' },
  { name: 'dead code', tool: ['knip', 'bin', 'knip.js'], args: ['--no-progress'], next: 'npx knip' },
];

async function check() {
  await ensureSetup({ forTests: true });
  for (const { name, tool, args, next } of checks) {
    await timed(name, next, () => runTool([path.join(root, 'node_modules', ...tool), ...args]));
  }
  await timed('tests', 'npm test', () => runTests([]));
}

async function timed(name, next, run) {
  const startedAt = performance.now();
  const code = await run();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (code !== 0) throw new SetupError(`check: ${name} failed after ${seconds} s. Next: ${next}`);
  // The tests' own last line is to stay the last one.
  if (name !== 'tests') say(`check: ${name} … ${seconds} s`);
}

function runTool(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

if (isMain(import.meta.url)) await runMain(check);
