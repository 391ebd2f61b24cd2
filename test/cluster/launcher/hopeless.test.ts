/** A job that cannot work ends with a clear error and a non-zero exit, within a time that it names. */
import { gunzipSync } from 'node:zlib';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { DATA_MISSING, Launcher, cleanUp, jobFile, jobText, kill, onlyRun, temporaryFolder } from '../processes.ts';
import { readSummary } from '../what-was-left.ts';

/** What the supervisor promises of a process that will never run. */
const HOPELESS_MS = 120_000;

afterEach(cleanUp);

/** A folder with a9a, as it is elsewhere. */
function copyOfData(): string {
  const folder = temporaryFolder();
  cpSync(join(process.env['TARDIGRAD_DATA'] ?? '', 'a9a'), join(folder, 'a9a'), { recursive: true });
  return folder;
}

/** One bit of each file flipped. */
function spoil(data: string): void {
  const folder = join(data, 'a9a');
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const bytes = readFileSync(path);
    const content = name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
    content[1_000] = (content[1_000] ?? 0) ^ 1;
    writeFileSync(path, content);
  }
}

/** Nothing but `data` is looked at: no cache, and no download because every address is refused at once. */
function only(data: string): Record<string, string> {
  const cache = join(temporaryFolder(), 'empty');
  mkdirSync(cache);
  const nowhere = 'http://127.0.0.1:9';
  return { TARDIGRAD_DATA: data, TARDIGRAD_CACHE: cache, https_proxy: nowhere, HTTPS_PROXY: nowhere, NODE_USE_ENV_PROXY: '1' };
}

/** Loaded into every process: roles of this kind end at once. */
function cannotStart(role: string): Record<string, string> {
  const path = join(temporaryFolder(), 'ends-at-once.cjs');
  writeFileSync(
    path,
    `if (process.argv.includes(${JSON.stringify(role)}) && require('node:worker_threads').isMainThread) { console.error('no such instruction'); process.exit(3); }`,
  );
  return { NODE_OPTIONS: `--require ${path}` };
}

describe.skipIf(DATA_MISSING !== undefined)(`a hopeless job${DATA_MISSING === undefined ? '' : ` (skipped: ${DATA_MISSING})`}`, () => {
  it('says which file of a data set is not right, before it starts anything', async () => {
    const data = copyOfData();
    spoil(data);
    const launcher = new Launcher([jobFile(jobText()), '--runs', temporaryFolder(), '--json'], { env: only(data) });
    await launcher.ended(1);
    expect(launcher.stderr).toMatch(/SHA-256/i);
    expect(launcher.stderr).toContain(data);
    expect(launcher.rows('error')).toHaveLength(1);
    await launcher.nothingLeft(5_000);
  });

  it('ends when the data of its workers is spoiled after it has started', async () => {
    const data = copyOfData();
    const runs = temporaryFolder();
    const launcher = new Launcher([jobFile(jobText()), '--runs', runs, '--json'], { env: only(data) });
    // It has looked at the files; its workers have not been started yet, and load them when they have registered.
    await launcher.until(() => launcher.rows('starting').length > 0, 'it says what it will do');
    spoil(data);
    await launcher.ended(1, HOPELESS_MS);
    const [error] = launcher.rows('error');
    expect(error?.['message']).toMatch(/(worker-\d|evaluator) ended with code 1, 3 times in a row before it worked/);
    expect(error?.['message']).toMatch(/SHA-256/i);
    expect(readSummary(onlyRun(runs)).exitReason).toContain('3 times in a row');
    await launcher.nothingLeft(5_000);
  });

  it('ends when all its workers were told to leave: they do, and nobody is left to train', async () => {
    const runs = temporaryFolder();
    const launcher = new Launcher([jobFile(jobText({ stop: { epochs: 1_000 } })), '--runs', runs, '--json']);
    await launcher.until(() => launcher.updates >= 50, 'it trains');
    for (const worker of ['worker-0', 'worker-1']) kill(await launcher.pidOf(worker), 'SIGTERM');
    await launcher.ended(1);
    expect(launcher.rows('error')[0]?.['message']).toContain('all its workers have left');
    expect(readSummary(onlyRun(runs)).samples).toMatchObject({ complete: true, torn: 0 });
    await launcher.nothingLeft(5_000);
  });

  it.each(['worker', 'ps', 'coordinator'])('ends when a %s can never start, and says its last words', async (role) => {
    const launcher = new Launcher([jobFile(jobText()), '--runs', temporaryFolder(), '--json'], { env: cannotStart(role) });
    await launcher.ended(1, HOPELESS_MS);
    const [error] = launcher.rows('error');
    expect(error?.['message']).toMatch(/ended with code 3, 3 times in a row/);
    expect(error?.['message']).toContain('no such instruction');
    expect(error?.['next']).toContain('logs');
    await launcher.nothingLeft(5_000);
  });
});
