import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importScript, scriptUrl } from './scripts.ts';

const { withLock } = await importScript<{ withLock: <T>(file: string, what: string, work: () => Promise<T>) => Promise<T> }>('lock.mjs');

let folder: string;
const started: ChildProcess[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tardigrad-lock-'));
});
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** A process that takes the lock, notes when it enters and leaves, and stays in it for so long. */
function holder(lock: string, journal: string, holdMs: number): ChildProcess {
  const program = `
    import { appendFileSync } from 'node:fs';
    const { withLock } = await import(${JSON.stringify(scriptUrl('lock.mjs'))});
    await withLock(${JSON.stringify(lock)}, 'testing', async () => {
      appendFileSync(${JSON.stringify(journal)}, 'enter ' + process.pid + '\\n');
      await new Promise((resolve) => setTimeout(resolve, ${holdMs}));
      appendFileSync(${JSON.stringify(journal)}, 'leave ' + process.pid + '\\n');
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' });
  started.push(child);
  return child;
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('the condition did not come true within 10 s');
}

function linesOf(journal: string): string[] {
  return existsSync(journal) ? readFileSync(journal, 'utf8').trim().split('\n') : [];
}

describe('the set-up lock', () => {
  test('lets one process in at a time, also when a dead owner left it behind and all take it over at once', async () => {
    const lock = join(folder, 'crowd.lock');
    const journal = join(folder, 'crowd.txt');
    const dead = holder(lock, join(folder, 'dead.txt'), 60_000);
    await until(() => linesOf(join(folder, 'dead.txt')).length === 1);
    dead.kill('SIGKILL');
    await once(dead, 'exit');
    expect(existsSync(lock)).toBe(true);

    const crowd = Array.from({ length: 4 }, () => holder(lock, journal, 20));
    const codes = await Promise.all(crowd.map(async (child) => ((await once(child, 'exit')) as [number])[0]));
    expect(codes).toEqual([0, 0, 0, 0]);
    const lines = linesOf(journal);
    expect(lines).toHaveLength(8);
    for (let i = 0; i < lines.length; i += 2) expect(lines[i + 1]).toBe(lines[i]!.replace('enter', 'leave'));
    expect(existsSync(lock)).toBe(false);
  });

  test('waits for an owner that lives', async () => {
    const lock = join(folder, 'alive.lock');
    const journal = join(folder, 'alive.txt');
    holder(lock, journal, 300);
    await until(() => linesOf(journal).length === 1);
    const seen = await withLock(lock, 'testing', async () => linesOf(journal).length);
    expect(seen).toBe(2);
  });

  test('takes over from an owner in another place that has not been heard of for long, and from one that died while writing', async () => {
    const longAgo = new Date(Date.now() - 3_600_000);
    for (const content of [JSON.stringify({ pid: process.pid, place: 'another machine', token: 1 }), '']) {
      const lock = join(folder, 'old.lock');
      writeFileSync(lock, content);
      utimesSync(lock, longAgo, longAgo);
      expect(await withLock(lock, 'testing', async () => 'in')).toBe('in');
    }
  });

  test('is given back when the work fails', async () => {
    const lock = join(folder, 'failing.lock');
    await expect(withLock(lock, 'testing', () => Promise.reject(new Error('no disk')))).rejects.toThrow('no disk');
    expect(existsSync(lock)).toBe(false);
  });
});
