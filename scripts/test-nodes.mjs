// `npm run test:nodes`: what holds on the Node that set this clone up holds on the other releases too, with the same
// node_modules and the same native parts, which are all Node-API. Runs every unit test, one that computes with native
// TensorFlow, and a short training on a real local cluster; prints one line for each release. `npm test` does the same
// with the core of the unit tests (test/cluster/nodes).

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { lastLines, runCommand } from './command.mjs';
import { nativeRecord } from './native-state.mjs';
import { fetchNode, otherReleases } from './node-releases.mjs';
import { isMain, readJson, root } from './places.mjs';
import { ensureSetup } from './setup.mjs';
import { runMain, say } from './steps.mjs';
import { countTests } from './test.mjs';

/** The rooms without which nothing trains. */
export const coreTests = ['algorithms', 'tensor', 'ps', 'worker', 'coordinator', 'transport', 'schedules/schedules'].map(
  (room) => `test/${room}`,
);

const limitMs = 10 * 60_000;
const randomSchedules = 200;
const updates = 40;
const shownLines = 60;

/**
 * @typedef {{ program: string, version: string }} Node
 * @typedef {{ passed: string } | { failed: string } | { skipped: string }} Result what was seen, what went wrong, or what is missing
 */

/**
 * @param {Node} node
 * @param {string[]} filters files to run; with none, every unit test
 * @returns {Promise<Result>}
 */
export function runUnitTests(node, filters = []) {
  return runVitest(node, filters, { SCHEDULES: String(randomSchedules) });
}

/**
 * A captured step has the bits of the eager one, computed by native TensorFlow and nothing else.
 * @param {Node} node
 * @returns {Promise<Result>}
 */
export async function runNativeTensorFlow(node) {
  const { installed, reason = 'set-up has not installed it' } = readJson(nativeRecord) ?? {};
  if (installed !== true) return { skipped: `native TensorFlow is not here: ${lastLines(reason, 1)}` };
  return runVitest(node, ['test/compute/captured-step.test.ts'], { TARDIGRAD_TEST_BACKEND: 'tensorflow' });
}

/**
 * The MLP on generated digits: a coordinator, servers, workers and an evaluator, all on this Node.
 * @param {Node} node
 * @returns {Promise<Result>}
 */
export async function runTraining(node) {
  const runs = mkdtempSync(path.join(tmpdir(), 'tardigrad-nodes-'));
  try {
    const main = path.join(root, 'dist', 'cli', 'main.js');
    const job = [path.join(root, 'examples', 'mnist-mlp.yaml'), '--dataset', 'digits', '--max-updates', String(updates)];
    const { problem, output } = await run(node, [main, 'train', ...job, '--json', '--runs', runs]);
    if (problem !== undefined) return { failed: `${problem}\n${lastLines(output, shownLines)}` };
    const summary = readJson(path.join(runs, readdirSync(runs)[0] ?? '', 'summary.json')) ?? {};
    const { state, updates: done, samples, backend = '', versions } = summary;
    const native = readJson(nativeRecord)?.installed === true;
    const faults = [
      state === 'succeeded' ? '' : `the job has ${state}`,
      done >= updates ? '' : `${done} updates of ${updates}`,
      samples?.complete === true ? '' : `the samples do not add up: ${JSON.stringify(samples)}`,
      versions?.node === `v${node.version}` ? '' : `it ran on Node ${versions?.node}`,
      !native || backend.startsWith('tensorflow') ? '' : `native TensorFlow is installed, and it computed with ${backend}`,
    ].filter((fault) => fault !== '');
    return faults.length === 0 ? { passed: `${done} updates (${backend})` } : { failed: faults.join('; ') };
  } finally {
    rmSync(runs, { recursive: true, force: true });
  }
}

async function runVitest(node, filters, env) {
  const folder = mkdtempSync(path.join(tmpdir(), 'tardigrad-nodes-'));
  try {
    const report = path.join(folder, 'report.json');
    const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const { problem, output } = await run(node, [vitest, 'run', '--project', 'unit', ...reporters, ...filters], env);
    const { passed, failed, skipped } = countTests(readJson(report));
    const counts = `${passed} passed, ${failed} failed, ${skipped} skipped`;
    return problem === undefined && passed > 0 ? { passed: counts } : { failed: `${counts}\n${lastLines(output, shownLines)}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// What a test starts by the name `node` is to be this one too; and a vitest within a vitest must not take itself for its worker.
function run({ program }, args, extra = {}) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST'));
  const env = { ...Object.fromEntries(inherited), NO_COLOR: '1', ...extra };
  env.PATH = `${path.dirname(program)}${path.delimiter}${process.env.PATH ?? ''}`;
  return runCommand(program, args, { cwd: root, env, timeLimitMs: limitMs });
}

async function testNodes() {
  await ensureSetup({ forTests: true });
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const checks = [
    ['unit tests', runUnitTests],
    ['native TensorFlow', runNativeTensorFlow],
    ['training', runTraining],
  ];
  for (const release of otherReleases) {
    const node = await fetchNode(release);
    if (node.missing !== undefined) {
      totals.skipped += checks.length;
      process.stdout.write(`Node ${release}: skipped: ${node.missing}\n`);
      continue;
    }
    const said = [];
    const details = [];
    for (const [name, check] of checks) {
      const [[outcome, text]] = Object.entries(await check(node));
      totals[outcome] += 1;
      const [first, ...rest] = text.split('\n');
      said.push(`${name}: ${outcome === 'passed' ? first : `${outcome}: ${first}`}`);
      details.push(...rest);
    }
    process.stdout.write(`Node ${node.version}: ${said.join('; ')}\n`);
    if (details.length > 0) say(details.join('\n'));
  }
  process.stdout.write(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
  if (totals.failed > 0) process.exitCode = 1;
}

if (isMain(import.meta.url)) await runMain(testNodes);
