import { describe, expect, test } from 'vitest';
import { root, sourcesIn } from './sources.ts';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Shorter files may let their names speak. */
const TINY_LINES = 30;

/** Where a newcomer looks first, room by room. */
const MAIN_FILES = [
  'src/ps/shard.ts',
  'src/worker/session.ts',
  'src/coordinator/leader.ts',
  'src/cli/main.ts',
  'src/config/job.ts',
  'src/compute/backends.ts',
  'src/models/model.ts',
  'src/datasets/dataset.ts',
  'src/tensor/layout.ts',
  'src/transport/messages.ts',
  'src/algorithms/policies/policy.ts',
  'src/algorithms/optimizers/optimizer.ts',
  'src/algorithms/schedules/schedule.ts',
];

/** The comment that a file begins with, as words. */
function openingWords(text: string): string {
  const block = /^\/\*\*?([\s\S]*?)\*\//.exec(text)?.[1];
  const lines = block ?? /^(?:\/\/.*\n)+/.exec(text)?.[0] ?? '';
  return lines
    .replaceAll(/^\s*(?:\*|\/\/)?\s?/gm, '')
    .replaceAll('\n', ' ')
    .trim();
}

function needsWords(text: string): boolean {
  return text.split('\n').length - 1 > TINY_LINES;
}

describe('words', () => {
  const sources = [...sourcesIn('src'), ...sourcesIn('scripts', ['.mjs']), ...sourcesIn('bin', ['.mjs'])];

  test('every file that is not tiny opens with what it is for', () => {
    const silent = sources.filter(({ text }) => needsWords(text) && openingWords(text).length < 20).map(({ path }) => path);
    expect(silent).toEqual([]);
  });

  test.each(MAIN_FILES)('%s, where a room begins, opens with a sentence', (path) => {
    expect(openingWords(readFileSync(join(root, path), 'utf8'))).toMatch(/^[A-Z`].{30,}[.:]/);
  });

  test('every policy and optimizer names the paper that it is from', () => {
    const choices = sources.filter(
      ({ path, text }) =>
        /^src\/algorithms\/(policies|optimizers)\//.test(path) &&
        /export (?:function|const) \w+/.test(text) &&
        !/(?:registry|options|policy|optimizer)\.ts$/.test(path),
    );
    expect(choices.length).toBeGreaterThanOrEqual(10);
    const nameless = choices.filter(({ text }) => !/\b(?:19|20)\d\d\b/.test(openingWords(text))).map(({ path }) => path);
    expect(nameless).toEqual([]);
  });

  test.each(['README.md', 'DESIGN.md', 'src/ps/DESIGN.md', 'src/coordinator/DESIGN.md'])(
    'every file that %s names or shows is there',
    (document) => {
      const text = readFileSync(join(root, document), 'utf8');
      const named = [...text.matchAll(/`((?:src|proto|scripts|test|docs|examples|bin)\/[\w./-]*\w)\/?`/g)];
      const linked = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)];
      const paths = [...named, ...linked].map((match) => match[1] ?? '');
      expect(paths.length + (text.match(/`[\w-]+\.ts`/g) ?? []).length).toBeGreaterThan(0);
      expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
      // A bare name is of a file beside the document.
      const beside = [...text.matchAll(/`([\w-]+\.ts)`/g)].map((match) => join(dirname(document), match[1] ?? ''));
      if (document.startsWith('src/')) expect(beside.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    },
  );

  test('the rule itself tells words from silence', () => {
    expect(openingWords("import a from 'a';\n/** Too late. */\n")).toBe('');
    expect(openingWords('/** What it is. */\nimport')).toBe('What it is.');
    expect(openingWords('// What it is,\n// in two lines.\nimport')).toBe('What it is, in two lines.');
    expect(needsWords('x\n'.repeat(TINY_LINES))).toBe(false);
    expect(needsWords('x\n'.repeat(TINY_LINES + 1))).toBe(true);
  });
});
