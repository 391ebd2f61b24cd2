import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { commandsIn, trialOf, type Quick } from './commands.ts';

const root = resolve(import.meta.dirname, '../../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
const runs = mkdtempSync(join(tmpdir(), 'tardigrad-readme-'));
const data = process.env['TARDIGRAD_DATA'];
const quick: Quick = { runs, maxUpdates: 20, standIn: data === undefined || !existsSync(join(data, 'mnist')) };
/** For a start on a busy machine: a bound, never a wait. */
const COMMAND_MS = 170_000;

afterAll(() => rmSync(runs, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run([command = '', ...words]: readonly string[]): Promise<Ended> {
  return new Promise((resolvePromise, reject) => {
    // Without a terminal and without colours, as a script would; npm must not ask about anything.
    const env = { ...process.env, NO_COLOR: '1', npm_config_yes: 'false' };
    const child = spawn(command, words, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: COMMAND_MS });
    const out: Buffer[] = [];
    const error: Buffer[] = [];
    child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
    child.stderr.on('data', (bytes: Buffer) => error.push(bytes));
    child.on('error', reject);
    child.on('close', (code) => resolvePromise({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(error).toString() }));
  });
}

interface Summary {
  readonly state: string;
  readonly updates: number;
  readonly samples: { readonly complete: boolean | null };
}

/** Of the newest run: its folder's name ends with the time. */
function newestSummary(): Summary {
  const folders = readdirSync(runs).toSorted((a, b) => (a.slice(-20) < b.slice(-20) ? -1 : 1));
  return JSON.parse(readFileSync(join(runs, folders.at(-1) ?? '', 'summary.json'), 'utf8')) as Summary;
}

describe('the commands of README.md', () => {
  const commands = commandsIn(readme);

  test('are there, the first is npm start, and none is one that nobody knows how to try', () => {
    expect(commands[0]).toBe('npm start');
    expect(commands.length).toBeGreaterThanOrEqual(5);
    for (const command of commands) expect(() => trialOf(command, quick)).not.toThrow();
    expect(() => trialOf('make all', quick)).toThrow('does not know how to try');
  });

  test.each(commands)(
    '%s',
    async (command) => {
      const trial = trialOf(command, quick);
      if (trial.kind === 'script') {
        expect(Object.keys(scripts)).toContain(trial.script);
        const [, file = ''] = (scripts[trial.script] ?? '').split(' ');
        expect(existsSync(join(root, file))).toBe(true);
        return;
      }
      const { code, stdout, stderr } = await run(trial.words);
      expect(code, `${trial.words.join(' ')}\n${stdout}\n${stderr}`).toBe(0);
      if (trial.kind === 'asked') {
        expect(stdout).toContain(trial.words.at(-1) === 'doctor' ? 'Node' : 'Usage:');
        return;
      }
      const summary = newestSummary();
      expect(summary).toMatchObject({ state: 'succeeded', samples: { complete: true } });
      expect(summary.updates).toBeGreaterThanOrEqual(trial.resumes ? 2 * quick.maxUpdates : quick.maxUpdates);
      if (trial.json) {
        const rows = stdout
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as { type: string });
        expect(rows[0]?.type).toBe('starting');
        expect(rows.at(-1)?.type).toBe('summary');
      } else expect(stdout).toContain('test accuracy');
    },
    COMMAND_MS + 5_000,
  );
});
