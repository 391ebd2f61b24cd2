import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EmbeddedStore } from '../../../src/coordinator/stores/embedded.ts';
import { openStore } from '../../../src/coordinator/stores/registry.ts';
import type { Store } from '../../../src/coordinator/stores/store.ts';
import { buildSources } from '../../compute/built-sources.ts';
import { describeStore } from './conformance.ts';

function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'tardigrad-store-'));
}

describeStore('embedded', async () => {
  const folder = makeFolder();
  return {
    open: async () => openStore({ kind: 'embedded', folder }),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
});

/** Keys of one transaction, all put to the same number: a mixture would be half of one. */
const KEYS = ['a', 'b/1', 'b/2', 'c', 'd'];

/** A process that commits as fast as it can and prints each number once its transaction is durable. */
function startWriter(module: string, folder: string): ChildProcess {
  const script = `
    import { EmbeddedStore } from ${JSON.stringify(module)};
    const store = new EmbeddedStore(${JSON.stringify(folder)});
    const epoch = await store.raiseEpoch();
    for (let n = 1 + ((await store.get('a'))?.n ?? 0); ; n += 1) {
      const put = Object.fromEntries(${JSON.stringify(KEYS)}.map((key) => [key, { n, filling: 'x'.repeat((n * 977) % 20000) }]));
      await store.commit({ epoch, put, delete: ['gone'] });
      console.log(n);
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** The number of the transaction that the store holds; fails where it holds parts of several. */
async function wholeTransaction(store: Store): Promise<number> {
  const numbers = (await store.list('')).map(([, value]) => (value as { n: number }).n);
  expect(numbers).toEqual(numbers.length === 0 ? [] : KEYS.map(() => numbers[0]));
  return numbers[0] ?? 0;
}

describe('an embedded store whose process is killed in the middle of many commits', () => {
  it('holds only whole transactions, and all that were acknowledged', async () => {
    const folder = makeFolder();
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const module = buildSources().url('coordinator/stores/embedded.js');
    let acknowledgedBefore = 0;
    for (const commits of [3, 25]) {
      const child = startWriter(module, folder);
      const closed = once(child, 'close');
      const reader = new EmbeddedStore(folder);
      let acknowledged = 0;
      createInterface({ input: child.stdout! }).on('line', (line) => (acknowledged = Number(line)));
      // A reader beside it, at whatever moment, sees none or all of each transaction; the kill comes at one of these moments.
      while (child.exitCode === null && child.signalCode === null) {
        const known = acknowledged;
        expect(await wholeTransaction(reader)).toBeGreaterThanOrEqual(known);
        if (acknowledged >= acknowledgedBefore + commits) child.kill('SIGKILL');
        await setImmediate();
      }
      await closed;
      await reader.close();
      const reopened = new EmbeddedStore(folder);
      const found = await wholeTransaction(reopened);
      await reopened.close();
      expect(acknowledged).toBeGreaterThanOrEqual(acknowledgedBefore + commits);
      expect(found).toBeGreaterThanOrEqual(acknowledged);
      acknowledgedBefore = found;
    }
  }, 20_000);

  it('lets another process take the lead at once, and fences the old one while both live', async () => {
    const folder = makeFolder();
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const child = startWriter(buildSources().url('coordinator/stores/embedded.js'), folder);
    const ended = once(child, 'exit');
    let store: EmbeddedStore | undefined;
    let epoch = 0;
    for await (const line of createInterface({ input: child.stdout! })) {
      if (Number(line) !== 3) continue;
      store = new EmbeddedStore(folder);
      epoch = await store.raiseEpoch();
    }
    // The writer dies of the refusal of its next commit.
    const [code] = (await ended) as [number];
    expect(code).toBe(1);
    expect(epoch).toBe(2);
    await store!.commit({ epoch, put: { leader: 'the other' } });
    expect(await store!.get('leader')).toBe('the other');
    await store!.close();
  });
});

describe('an embedded store', () => {
  it.skipIf(process.platform === 'win32')(
    'refuses what a full disk cannot take, keeps the rest, and goes on once there is room',
    async () => {
      const folder = makeFolder();
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const script = `
      import { EmbeddedStore } from ${JSON.stringify(buildSources().url('coordinator/stores/embedded.js'))};
      const store = new EmbeddedStore(${JSON.stringify(folder)});
      const epoch = await store.raiseEpoch();
      const attempt = (transaction) => store.commit({ epoch, ...transaction }).then(() => 'written', ({ code }) => code);
      let n = 0;
      let outcome;
      while ((outcome = await attempt({ put: { ['k' + n]: 'x'.repeat(200_000), last: n } })) === 'written') n += 1;
      const [last, keys] = [await store.get('last'), (await store.list('k')).length];
      const together = await Promise.all([attempt({ put: { a: 'x'.repeat(2_000_000) } }), attempt({ put: { b: 1 } })]);
      const room = await attempt({ delete: Array.from({ length: n }, (_, index) => 'k' + index) });
      const after = await attempt({ put: { c: 1 } });
      console.log(JSON.stringify({ n, outcome, last, keys, together, room, after, left: await store.list('') }));
      await store.close();`;
      // A limit on the size of a file stands in for the disk; bash counts in units of 1,024 bytes.
      const child = spawn('bash', ['-c', `ulimit -f 3000; trap '' XFSZ; exec "$0" --input-type=module -e "$1"`, process.execPath, script], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const ended = once(child, 'exit');
      let printed = '';
      for await (const line of createInterface({ input: child.stdout })) printed += line;
      expect((await ended)[0]).toBe(0);
      const { n, ...seen } = JSON.parse(printed) as { n: number };
      expect(n).toBeGreaterThan(1);
      expect(seen).toEqual({
        outcome: 'UNAVAILABLE',
        last: n - 1,
        keys: n,
        together: ['UNAVAILABLE', 'UNAVAILABLE'],
        room: 'written',
        after: 'written',
        left: [
          ['c', 1],
          ['last', n - 1],
        ],
      });
    },
  );

  it('is readable by its owner alone', async () => {
    const parent = makeFolder();
    onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
    const folder = join(parent, 'made', 'when missing');
    const store = await openStore({ kind: 'embedded', folder });
    await store.close();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('says what to look at when the folder is none', async () => {
    const folder = makeFolder();
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(openStore({ kind: 'embedded', folder: file })).rejects.toMatchObject({ code: 'UNAVAILABLE', facts: { folder: file } });
  });
});
