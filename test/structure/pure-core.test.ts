import { describe, expect, test } from 'vitest';
import { fileOf, sourcesIn, withoutComments, type Source } from './sources.ts';

/** State machines and arithmetic: the same events give the same effects on every machine, so time and chance come in as arguments. */
const PURE = [
  /^src\/ps\/(shard(-state|-orders|-copy)?|loaded|presence|pull-queue|cutting|effects|staleness-record)\.ts$/,
  /^src\/ps\/(vectors|members|mark|batch-ledger|restore-parts|events|lag-histogram)\.ts$/,
  /^src\/worker\/(session|session-ports|pipeline|iteration|task-book|shard-link|coordinator-talk|backoff|time-ledger)\.ts$/,
  /^src\/coordinator\/(leader|membership|data-tasks|cut|settled|ticket|ports|measures)\.ts$/,
  /^src\/(algorithms|tensor)\//,
  /^src\/(fixed-math|random|errors)\.ts$/,
];

const IMPURE: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a clock', /\bDate\b|\bperformance\b|\bhrtime\b/],
  ['chance', /\bMath\.random\b|\brandomUUID\b|\brandomBytes\b|\bgetRandomValues\b/],
  ['a timer', /\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/],
  ['its process', /\bprocess\.|\bglobalThis\b/],
  ['a promise', /\basync\b|\bawait\b|\bPromise\b/],
];

/** Functions that differ from machine to machine in the last bit; fixed-math.ts has what is needed of them. */
const NOT_ROUNDED_ALIKE = /\bMath\.(?:pow|exp|expm1|log|log2|log10|log1p|a?sinh?|a?cosh?|a?tanh?|atan2|cbrt|hypot)\b/;

/** Built-ins that do no input or output. */
const HARMLESS = new Set(['node:crypto', 'node:os']);
/** Packages that are functions of their arguments. */
const PURE_PACKAGES = new Set(['fastest-levenshtein']);

function impurities(text: string): string[] {
  const code = withoutComments(text);
  return IMPURE.filter(([, pattern]) => pattern.test(code)).map(([what]) => what);
}

describe('the pure core', () => {
  const sources = new Map(sourcesIn('src').map((source) => [source.path, source]));
  const pure = [...sources.values()].filter(({ path }) => PURE.some((pattern) => pattern.test(path)));

  test('has the files that it is known by', () => {
    const paths = pure.map(({ path }) => path);
    for (const path of [
      'src/ps/shard.ts',
      'src/ps/vectors.ts',
      'src/ps/cutting.ts',
      'src/worker/session.ts',
      'src/worker/pipeline.ts',
      'src/coordinator/leader.ts',
      'src/coordinator/data-tasks.ts',
      'src/algorithms/policies/ssp.ts',
      'src/tensor/plain-kernels.ts',
      'src/random.ts',
    ])
      expect(paths).toContain(path);
  });

  test('reads no clock, throws no dice, waits for nothing', () => {
    const faults = pure.flatMap(({ path, text }) => impurities(text).map((what) => `${path} uses ${what}`));
    expect(faults).toEqual([]);
  });

  test('imports, near or far, nothing that reads or writes', () => {
    const faults: string[] = [];
    const seen = new Set<string>();
    const visit = (source: Source, from: string): void => {
      if (seen.has(source.path)) return;
      seen.add(source.path);
      for (const { specifier, typeOnly } of source.imports) {
        if (typeOnly) continue;
        const next = fileOf(source.path, specifier);
        const file = next === undefined ? undefined : sources.get(next);
        if (file) visit(file, from);
        else if (!HARMLESS.has(specifier) && !PURE_PACKAGES.has(specifier)) faults.push(`${from}: ${source.path} imports ${specifier}`);
      }
    };
    for (const source of pure) visit(source, source.path);
    expect(faults).toEqual([]);
    expect(seen.size).toBeGreaterThanOrEqual(pure.length);
  });

  test('computes with nothing that one machine rounds otherwise than another', () => {
    const faults = pure.filter(({ text }) => NOT_ROUNDED_ALIKE.test(withoutComments(text))).map(({ path }) => path);
    expect(faults).toEqual([]);
  });

  test.each([
    ['const now = Date.now();', ['a clock']],
    ['setTimeout(() => {}, 1);', ['a timer']],
    ['const x = Math.random() * performance.now();', ['a clock', 'chance']],
    ['async function wait() {}', ['a promise']],
    ['// as Date.now() would be\nconst a = 1;', []],
    ['/** Never `setTimeout`. */\nconst a = 1; // nor performance', []],
  ])('the rule itself judges %j', (text, expected) => {
    expect(impurities(text)).toEqual(expected);
  });
});
