import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRunFolder, latestRun, type RunFolder, type RunFolderOptions } from '../../src/cli/run-folder.ts';
import { statusAt } from './display/synthetic-status.ts';
import { summaryOf } from './display/synthetic-summary.ts';

let root: string;
let nowMs: number;
const opened: RunFolder[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'run-folder-'));
  nowMs = 0;
});
afterEach(async () => {
  for (const folder of opened.splice(0)) folder.close();
  await rm(root, { recursive: true, force: true });
});

async function create(changes: Partial<RunFolderOptions> = {}): Promise<RunFolder> {
  const folder = await createRunFolder({
    root,
    name: 'mnist-cnn',
    startedAt: new Date('2026-01-31T14:05:09Z'),
    jobYaml: 'name: mnist-cnn\n',
    now: () => nowMs,
    wallClock: () => new Date('2026-01-31T14:05:10Z'),
    ...changes,
  });
  opened.push(folder);
  return folder;
}

async function metricsOf(folder: RunFolder): Promise<Record<string, unknown>[]> {
  const text = await readFile(folder.metricsFile, 'utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('is named for the job and the time, and holds the job', async () => {
  const folder = await create();
  expect(folder.path).toBe(join(root, 'mnist-cnn-20260131-140509'));
  expect(await readFile(folder.jobFile, 'utf8')).toBe('name: mnist-cnn\n');
  expect((await readdir(folder.path)).sort()).toEqual(['checkpoints', 'job.yaml', 'logs', 'metrics.jsonl', 'records', 'state']);
  expect(folder.logFile('ps-0')).toBe(join(folder.path, 'logs', 'ps-0.log'));
});

test('only the owner may look into checkpoints and state', async () => {
  const folder = await create();
  for (const path of [folder.checkpointsFolder, folder.stateFolder]) expect((await stat(path)).mode & 0o777).toBe(0o700);
});

test('starts in the same second get folders of their own', async () => {
  const folders = await Promise.all(Array.from({ length: 8 }, () => create()));
  const names = folders.map(({ path }) => basename(path)).sort();
  expect(names).toEqual(['mnist-cnn-20260131-140509', ...[2, 3, 4, 5, 6, 7, 8].map((n) => `mnist-cnn-20260131-140509-${n}`)]);
});

test('metrics hold a status a second, and each evaluation and event once', async () => {
  const folder = await create();
  for (let step = 0; step <= 100; step++) {
    nowMs = step * 100;
    folder.metrics(statusAt(step / 10));
  }
  nowMs += 50;
  folder.metrics(statusAt(10.05));
  folder.close();
  folder.close();
  const rows = await metricsOf(folder);
  const ofType = (type: string) => rows.filter((row) => row.type === type);
  expect(ofType('status')).toHaveLength(12);
  expect(ofType('status').at(-1)).toMatchObject({ elapsedSeconds: 10.05, at: '2026-01-31T14:05:10.000Z' });
  expect(ofType('evaluation')).toEqual([
    {
      type: 'evaluation',
      elapsedSeconds: 500 / 75,
      epochs: 500 / 900,
      updates: 500,
      loss: 0.08,
      accuracy: 0.96,
      samples: 10_000,
      at: '2026-01-31T14:05:10.000Z',
    },
  ]);
  expect(ofType('event')).toHaveLength(3);
});

test('the keys of a status row are those that are documented', async () => {
  const folder = await create();
  folder.metrics(statusAt(1));
  const row = (await metricsOf(folder)).find(({ type }) => type === 'status')!;
  expect(Object.keys(row)).toEqual([
    'type',
    'elapsedSeconds',
    'state',
    'history',
    'epochs',
    'totalEpochs',
    'updates',
    'updatesPerSecond',
    'samplesPerSecond',
    'loss',
    'versionLagMean',
    'versionLagP99',
    'versionLagMax',
    'clockSpread',
    'workers',
    'secondsLeft',
    'restores',
    'at',
  ]);
  expect(row.workers).toBe(2);
});

test('an existing folder is gone on in: its job stays and its metrics grow, after half a line too', async () => {
  const first = await create();
  first.metrics(statusAt(1));
  first.close();
  await appendFile(first.metricsFile, '{"type":"sta');
  const second = await create({ existing: first.path, jobYaml: 'name: other\n' });
  second.metrics(statusAt(2));
  expect(second.path).toBe(first.path);
  expect(await readFile(second.jobFile, 'utf8')).toBe('name: mnist-cnn\n');
  const lines = (await readFile(second.metricsFile, 'utf8')).split('\n').slice(0, -1);
  expect(lines.filter((line) => line === '{"type":"sta')).toHaveLength(1);
  expect(lines.filter((line) => line !== '{"type":"sta').map((line) => (JSON.parse(line) as { type: string }).type)).toContain('status');
});

test('refuses to go on in a folder that holds no run', async () => {
  await expect(create({ existing: root })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(create({ existing: join(root, 'nowhere') })).rejects.toThrow(/job\.yaml/);
});

test('the summary is whole or not there', async () => {
  const folder = await create();
  const summary = summaryOf(statusAt(36));
  await folder.writeSummary(summary);
  await folder.writeSummary(summary);
  expect(JSON.parse(await readFile(folder.summaryFile, 'utf8'))).toEqual(summary);
  expect((await readdir(folder.path)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

test('the newest run is known by its name', async () => {
  for (const name of [
    'a-20260131-140509',
    'a-20260131-140509-2',
    'a-20260131-140509-10',
    'b-c-20260201-000000',
    'a-20260202-000000',
    'notes',
  ]) {
    await mkdir(join(root, name));
    if (name !== 'a-20260202-000000') await writeFile(join(root, name, 'job.yaml'), '');
  }
  await writeFile(join(root, 'a-20260203-000000'), 'a file');
  expect(await latestRun(root)).toBe(join(root, 'b-c-20260201-000000'));
  expect(await latestRun(root, 'a')).toBe(join(root, 'a-20260131-140509-10'));
  expect(await latestRun(root, 'a', (folder) => !folder.endsWith('-10'))).toBe(join(root, 'a-20260131-140509-2'));
  expect(await latestRun(root, 'c')).toBeUndefined();
  expect(await latestRun(join(root, 'nowhere'))).toBeUndefined();
});
