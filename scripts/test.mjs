// `npm test`: sets up, runs the tests, and ends with one line that counts them.
//   npm test                       everything
//   npm test -- unit               test/ without test/cluster
//   npm test -- cluster            test/cluster: real processes
//   npm test -- unit shard -t pull whatever else vitest takes: file filters, flags

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { isMain, readJson, root } from './places.mjs';
import { ensureSetup } from './setup.mjs';
import { runMain, say } from './steps.mjs';

const projects = ['unit', 'cluster'];

/**
 * Runs vitest and prints `N passed, N failed, N skipped` as the last line.
 * @param {string[]} args
 * @returns {Promise<number>} the exit code: 0 only when tests ran and none failed
 */
export async function runTests(args) {
  const folder = mkdtempSync(path.join(tmpdir(), 'tardigrad-test-'));
  const report = path.join(folder, 'report.json');
  const chosen = args.flatMap((arg) => (projects.includes(arg) ? ['--project', arg] : [arg]));
  try {
    const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const code = await runVitest([vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...chosen]);
    const { passed, failed, skipped } = countTests(readJson(report));
    if (code !== 0 && failed === 0)
      say(`vitest ended with exit code ${code} though no test failed: an error outside of the tests is shown above`);
    if (passed + failed === 0) say('no test ran');
    process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
    return code === 0 && (failed > 0 || passed === 0) ? 1 : code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file that could not be loaded has no tests to count; it counts as one that failed. */
export function countTests(report) {
  let failed = report?.numFailedTests ?? 0;
  for (const file of report?.testResults ?? []) {
    if (file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed')) failed += 1;
  }
  return { passed: report?.numPassedTests ?? 0, failed, skipped: (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0) };
}

// Ctrl-C reaches vitest too, which then ends its workers; this process waits for it.
function runVitest(args) {
  return new Promise((resolve, reject) => {
    const wait = () => {};
    process.on('SIGINT', wait);
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
    process.once('SIGTERM', () => child.kill('SIGTERM'));
    child.once('error', reject);
    child.once('close', (code) => {
      process.off('SIGINT', wait);
      resolve(code ?? 1);
    });
  });
}

if (isMain(import.meta.url)) {
  await runMain(async () => {
    await ensureSetup({ forTests: true });
    process.exitCode = await runTests(process.argv.slice(2));
  });
}
