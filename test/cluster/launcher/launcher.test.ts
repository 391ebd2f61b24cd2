/** `tardigrad train` as people and programs call it: what it prints, what it leaves, and that it always ends. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parseJob } from '../../../src/config/job.ts';
import { decodeSafetensors } from '../../../src/tensor/safetensors.ts';
import { DATA_MISSING, Launcher, jobFile, jobText, cleanUp, temporaryFolder } from '../processes.ts';
import { expectAllSamplesSettled, pushRecords, readSummary } from '../what-was-left.ts';

afterEach(cleanUp);

describe.skipIf(DATA_MISSING !== undefined)(`the launcher${DATA_MISSING === undefined ? '' : ` (skipped: ${DATA_MISSING})`}`, () => {
  it('started twice at once in one folder, by npx and by npm start, runs both: every line of stdout is JSON, every run folder whole', async () => {
    const runs = temporaryFolder();
    const text = jobText({ dataset: { name: 'a9a', batchSize: 64 }, stop: { epochs: 1 }, evaluate: { everyUpdates: 200 } });
    const args = [jobFile(text), '--runs', runs, '--json'];
    const both = [
      new Launcher(args, { command: ['npx', '--no', 'tardigrad', 'train'] }),
      new Launcher(args, { command: ['npm', 'start', '--silent', '--'] }),
    ];
    for (const launcher of both) {
      await launcher.ended(0);
      await launcher.nothingLeft(5_000);
    }
    const folders = readdirSync(runs);
    expect(folders).toHaveLength(2);
    for (const launcher of both) {
      // rows() parses every line.
      expect(launcher.rows('starting')).toHaveLength(1);
      expect(launcher.rows('status').length).toBeGreaterThan(0);
      expect(launcher.rows('evaluation').length).toBeGreaterThan(0);
      const [summary, ...more] = launcher.rows('summary');
      expect(more).toEqual([]);
      expectWholeRunFolder(String(summary?.['folder']), text);
    }
  });

  it('off a terminal prints plain lines, without control characters', async () => {
    const launcher = new Launcher([
      jobFile(jobText({ dataset: { name: 'a9a', batchSize: 64 }, stop: { epochs: 1 } })),
      '--runs',
      temporaryFolder(),
    ]);
    await launcher.ended(0);
    const text = launcher.lines.join('\n') + launcher.stderr;
    expect([...text].filter((character) => character < ' ' && character !== '\n')).toEqual([]);
    expect(launcher.lines.some((line) => line.includes('every one accounted for'))).toBe(true);
  });
});

function expectWholeRunFolder(run: string, text: string): void {
  const job = readFileSync(join(run, 'job.yaml'), 'utf8');
  expect(parseJob(job, 'job.yaml')).toEqual(parseJob(text, 'test'));

  const metrics = readFileSync(join(run, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
  const types = new Set(metrics.map((line) => (JSON.parse(line) as { type: string }).type));
  expect([...types].toSorted()).toEqual(['evaluation', 'event', 'status']);

  const summary = readSummary(run);
  expect(summary).toMatchObject({ state: 'succeeded', exitReason: 'finished', history: 1, totalEpochs: 1 });
  expectAllSamplesSettled(summary, 1);
  for (const shard of [0, 1]) expect(pushRecords(run, shard)).toHaveLength(summary.updates);

  const { tensors } = decodeSafetensors(readFileSync(join(run, 'model.safetensors')));
  expect([...tensors.values()].map(({ shape }) => shape)).toEqual([[123, 1], [1]]);
  for (const { data } of tensors.values()) expect([...(data as Float32Array)].every(Number.isFinite)).toBe(true);

  for (const role of ['coordinator', 'ps-0', 'ps-1', 'worker-0', 'worker-1', 'evaluator'])
    expect(existsSync(join(run, 'logs', `${role}.log`)), `the log of ${role}`).toBe(true);
}
