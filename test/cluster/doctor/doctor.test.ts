/** The command itself, on the machine that the tests run on. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import type { Finding } from '../../../src/cli/doctor/finding.ts';

const run = promisify(execFile);
const MAIN = resolve(import.meta.dirname, '../../../dist/cli/main.js');
const folder = mkdtempSync(join(tmpdir(), 'tardigrad-doctor-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Report {
  readonly possible: boolean;
  readonly findings: readonly Finding[];
}

describe('tardigrad doctor', () => {
  test('says that this machine, on which the other tests train, can train, and with what', async () => {
    const { stdout } = await run(process.execPath, [MAIN, 'doctor', '--json', '--runs', join(folder, 'runs')]);
    const { possible, findings } = JSON.parse(stdout) as Report;
    const of = (topic: string): Finding | undefined => findings.find((finding) => finding.topic === topic);
    expect(possible).toBe(true);
    expect(of('Node')).toMatchObject({ status: 'ok', text: process.version });
    expect(of('WebAssembly')?.status).toBe('ok');
    expect(['tensorflow', 'wasm']).toContain(of('backend')?.facts['backend']);
    expect(of('data: digits')?.status).toBe('ok');
    expect(of('memory')?.facts['parametersOnServers']).toBeGreaterThan(0);
  });

  test('for people: within 80 columns, without escapes where nobody looks, and with the verdict last', async () => {
    const { stdout, stderr } = await run(process.execPath, [MAIN, 'doctor'], { env: { ...process.env, FORCE_COLOR: '0' } });
    const lines = stdout.trimEnd().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(stdout).not.toContain('\u001B');
    expect(lines.at(-1)).toBe('Training works here: npm start');
    expect(stderr).toBe('');
  });

  test('ends with 1 and says why where run folders cannot be made', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    const failed = await run(process.execPath, [MAIN, 'doctor', '--json', '--runs', join(file, 'runs')]).then(
      () => undefined,
      (error: { code: number; stdout: string }) => error,
    );
    expect(failed?.code).toBe(1);
    const { possible, findings } = JSON.parse(failed!.stdout) as Report;
    expect(possible).toBe(false);
    expect(findings.find(({ topic }) => topic === 'disk: runs')).toMatchObject({ status: 'missing', needed: true });
  });
});
