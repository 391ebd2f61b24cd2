import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobFromObject, jobToYaml, parseJob } from '../../src/config/job.ts';
import { JOB_SECTIONS, JOB_SCHEMA } from '../../src/config/job-schema.ts';
import { NOT_BUILT_KEYS, NOT_BUILT_NAMES } from '../../src/config/not-built.ts';
import { InvalidJobError, type Problem } from '../../src/config/problem.ts';
import { JOB_FILE_BYTES_MAX } from '../../src/config/yaml-text.ts';

const COMPLETE = `
name: mnist-cnn
seed: 1
model: { name: cnn }
dataset: { name: mnist, batchSize: 64, order: shuffled, partition: tasks }
shards: 2
workers: { count: 2, min: 1, max: 8 }
consistency: { policy: ssp, bound: 3 }
compensation: { rule: none }
optimizer: { name: momentum, learningRate: 0.05, momentum: 0.9, schedule: { name: cosine, warmupUpdates: 100 } }
compression: { push: none, pull: none }
pipelining: 0
evaluate: { everyUpdates: 500 }
checkpoint: { everySeconds: 30, keep: 3 }
stop: { epochs: 3, targetAccuracy: 0.99, maxSeconds: 600 }
`;

/** A job with nothing but what has no default. */
const SMALLEST = {
  name: 'small',
  model: { name: 'mlp' },
  dataset: { name: 'mnist' },
  optimizer: { name: 'sgd', learningRate: 0.1 },
  stop: { epochs: 1 },
};

function problemsOf(attempt: () => unknown): readonly Problem[] {
  try {
    attempt();
  } catch (error) {
    if (error instanceof InvalidJobError) return error.problems;
    throw error;
  }
  return [];
}

/** Problems of the smallest job with some sections replaced, one text each. */
function problemsWith(sections: Record<string, unknown>): string[] {
  return problemsOf(() => jobFromObject({ ...SMALLEST, ...sections })).map(({ path, message }) => `${path}: ${message}`);
}

/** The smallest job's sections with one value changed at a dotted path. */
function withAt(path: string, value: unknown): Record<string, unknown> {
  const sections: Record<string, unknown> = structuredClone(SMALLEST);
  const keys = path.split('.');
  const last = keys.pop()!;
  let group = sections;
  for (const key of keys) group = (group[key] ??= {}) as Record<string, unknown>;
  group[last] = value;
  return sections;
}

describe('a job file', () => {
  it('is read as it stands, with every default filled in', () => {
    expect(parseJob(COMPLETE, 'job.yaml')).toEqual({
      name: 'mnist-cnn',
      seed: 1,
      model: { name: 'cnn', filters: [32, 64], dense: 128 },
      dataset: { name: 'mnist', batchSize: 64, order: 'shuffled', partition: 'tasks' },
      shards: 2,
      workers: { count: 2, min: 1, max: 8 },
      consistency: { policy: 'ssp', bound: 3 },
      compensation: { rule: 'none' },
      optimizer: {
        name: 'momentum',
        learningRate: 0.05,
        momentum: 0.9,
        weightDecay: 0,
        weightDecayMode: 'coupled',
        schedule: { name: 'cosine', warmupUpdates: 100, totalEpochs: 3, floor: 0 },
      },
      clip: {},
      compression: { push: 'none', pull: 'none' },
      pipelining: 0,
      accumulate: 1,
      taskBatches: 25,
      evaluate: { everyUpdates: 500 },
      checkpoint: { everySeconds: 30, keep: 3 },
      stop: { epochs: 3, targetAccuracy: 0.99, maxSeconds: 600 },
      backend: 'auto',
      require: 'none',
      threads: 'auto',
      detectFailureMs: 5000,
    });
  });

  it('needs a name, a model, a data set, an optimizer with its rate, and an end', () => {
    expect(problemsOf(() => parseJob('seed: 1', 'job.yaml')).map(({ path }) => path)).toEqual([
      'name',
      'model',
      'dataset',
      'optimizer',
      'stop',
    ]);
    expect(jobFromObject(SMALLEST)).toMatchObject({
      seed: 1,
      shards: 1,
      consistency: { policy: 'ssp', bound: 3 },
      workers: { count: 1, min: 1, max: 4 },
    });
  });

  it('takes a plain number of workers, and leaves room for as many again three times over', () => {
    expect(jobFromObject({ ...SMALLEST, workers: 3 }).workers).toEqual({ count: 3, min: 1, max: 12 });
  });

  it('is frozen all the way down', () => {
    const job = jobFromObject(SMALLEST);
    expect(() => Object.assign(job.optimizer.schedule, { name: 'step' })).toThrow(TypeError);
    expect(() => (job as { seed: number }).seed++).toThrow(TypeError);
    expect(job.model.name === 'mlp' && Object.isFrozen(job.model.hidden)).toBe(true);
  });

  it('is written out whole, and gives the same job again', () => {
    const job = parseJob(COMPLETE, 'job.yaml');
    const written = jobToYaml(job);
    expect(parseJob(written, 'resolved.yaml')).toEqual(job);
    expect(
      written
        .trim()
        .split('\n')
        .map((line) => line.split(':')[0]),
    ).toEqual(Object.keys(JOB_SECTIONS));
    expect(jobFromObject(job)).toEqual(job);
  });

  it.each(['sgd', 'momentum', 'nesterov', 'adagrad', 'rmsprop', 'adam', 'adamw'])(
    'takes the optimizer %s with its own defaults',
    (name) => {
      const job = jobFromObject({ ...SMALLEST, optimizer: { name, learningRate: 0.01 } });
      expect(job.optimizer).toMatchObject({ name, weightDecayMode: name === 'adamw' ? 'decoupled' : 'coupled' });
      expect(parseJob(jobToYaml(job), 'again')).toEqual(job);
    },
  );
});

describe('what does not fit', () => {
  it("is reported all at once, each with its path, under the file's name", () => {
    const text =
      'name: Bad Name\nmodel: { name: mpl }\ndataset: { name: mnist, batchSize: 0 }\nconsistency: { polcy: ssp }\nsed: 3\nstop: {}\noptimizer: { name: sgd, learningRate: .nan }\n';
    expect(() => parseJob(text, 'bad.yaml')).toThrow(
      [
        'bad.yaml has 7 problems:',
        '  sed: unknown key; did you mean seed?',
        "  name: 'Bad Name' does not fit; give 1 to 63 letters a-z, digits and -, with a letter or digit at both ends",
        "  model.name: unknown model 'mpl'; did you mean mlp? Known: logistic-regression, mlp, cnn",
        '  dataset.batchSize: 0 does not fit; give a whole number from 1 to 65,536',
        '  consistency.polcy: unknown key; did you mean policy?',
        '  optimizer.learningRate: NaN does not fit; give a number above 0 and up to 1,000',
        '  stop: the job would never end; give epochs, maxSeconds or maxUpdates',
      ].join('\n'),
    );
  });

  it.each([
    [{ optimiser: {} }, 'optimiser: unknown key; did you mean optimizer?'],
    [{ dataset: { name: 'mnist', batch_size: 3 } }, 'dataset.batch_size: unknown key; did you mean batchSize?'],
    [
      { optimizer: { name: 'sgd', learningRate: 1, schedule: { name: 'cosin' } } },
      "optimizer.schedule.name: unknown schedule 'cosin'; did you mean cosine? Known: constant, step, cosine",
    ],
    [{ epochs: 3 }, 'epochs: unknown key here; write it as stop.epochs'],
    [{ clip: { norm: 1 } }, 'clip.norm: unknown key; known here: byValue, byGlobalNorm'],
    [{ model: 'cnn' }, 'model: write it as { name: cnn }'],
    [{ dataset: { name: 'imagenet' } }, "dataset.name: unknown dataset 'imagenet'; known: mnist, digits, a9a"],
    [{ stop: null }, 'stop: null is no group of keys; known here: epochs, targetAccuracy, maxSeconds, maxUpdates'],
    [{ threads: 0 }, 'threads: 0 does not fit; give auto or a whole number from 1 to 1,024'],
    [{ seed: 1.5 }, 'seed: 1.5 does not fit; give a whole number from 0 to 4,294,967,295'],
    [{ model: { name: 'cnn', filters: [8] } }, 'model.filters: [8] does not fit; give two filter counts, e.g. [32, 64]'],
    [{ model: { name: 'mlp', hidden: [8, 'x'] } }, "model.hidden[1]: 'x' does not fit; give a whole number from 1 to 65,536"],
    [{ consistency: { bound: 3 } }, 'consistency.policy: missing; give asp, bsp, ssp or bounded-delay'],
  ])('%j', (sections, problem) => {
    expect(problemsWith(sections)).toEqual([problem]);
  });

  it.each([
    [
      { consistency: { policy: 'asp', bound: 3 } },
      'consistency.bound: does nothing with asp; remove it, or set consistency.policy to ssp or bounded-delay',
    ],
    [
      { consistency: { policy: 'ssp', aggregate: 'sum' } },
      'consistency.aggregate: does nothing with ssp; remove it, or set consistency.policy to bsp',
    ],
    [{ model: { name: 'mlp', filters: [1, 2] } }, 'model.filters: does nothing with mlp; remove it, or set model.name to cnn'],
    [
      { optimizer: { name: 'adam', learningRate: 0.1, momentum: 0.9 } },
      'optimizer.momentum: does nothing with adam; remove it, or set optimizer.name to momentum or nesterov',
    ],
  ])('refuses an option that would do nothing: %j', (sections, problem) => {
    expect(problemsWith(sections)).toEqual([problem]);
  });

  it.each([
    [{ consistency: { policy: 'dssp' } }, 'consistency.policy: dssp is not built yet; use asp, bsp, ssp or bounded-delay'],
    [{ compensation: { rule: 'dc-asgd-a' } }, 'compensation.rule: dc-asgd-a is not built yet; use none'],
    [{ compression: { push: 'bf16' } }, 'compression.push: bf16 is not built yet; use none'],
    [{ dataset: { name: 'mnist', partition: 'fixed' } }, 'dataset.partition: fixed is not built yet; use tasks'],
    [{ snapshotPull: true }, 'snapshotPull: not built yet; remove it'],
  ])('says of what is planned that it is not built yet: %j', (sections, problem) => {
    expect(problemsWith(sections)).toContain(problem);
  });

  it('takes require: gpu, keeps it in the run folder, and knows no other device', () => {
    const job = jobFromObject({ ...SMALLEST, require: 'gpu' });
    expect(job.require).toBe('gpu');
    expect(parseJob(jobToYaml(job), 'the copy')).toEqual(job);
    expect(jobFromObject(SMALLEST).require).toBe('none');
    expect(problemsWith({ require: 'tpu' })).toEqual(["require: unknown require 'tpu'; did you mean gpu? Known: none, gpu"]);
    expect(problemsWith({ requires: 'gpu' })).toEqual(['requires: unknown key; did you mean require?']);
  });

  it('keeps no name among the planned ones that is built', () => {
    for (const [path, names] of NOT_BUILT_NAMES) {
      for (const name of names) {
        expect(problemsWith(withAt(path, name)).join('\n')).toContain(`${path}: ${name} is not built yet`);
      }
    }
    for (const key of NOT_BUILT_KEYS.get('') ?? []) expect(JOB_SCHEMA.shape).not.toHaveProperty(key);
  });

  it.each([
    [{ workers: { count: 2, min: 3 } }, ['workers.min: 3 is more than workers.count, 2; lower it, or raise the count']],
    [{ workers: { count: 9, max: 8 } }, ['workers.max: 8 is less than workers.count, 9; raise it, or lower the count']],
    [
      { stop: { targetAccuracy: 0.9 } },
      ['stop: the job would never end; give epochs, maxSeconds or maxUpdates beside targetAccuracy, which may never be reached'],
    ],
    [{ require: 'gpu', backend: 'wasm' }, ['require: wasm never computes on a GPU; set backend to auto or tensorflow, or remove require']],
    [{ dataset: { name: 'a9a', batchSize: 40_000 } }, ['dataset.batchSize: 40,000 is more than a9a has, 32,561 samples; give fewer']],
  ])('refuses settings that contradict one another: %j', (sections, problems) => {
    expect(problemsWith(sections)).toEqual(problems);
  });

  it.each([
    [{ model: { name: 'cnn' }, dataset: { name: 'a9a' } }, /^model: .*cnn.*a9a/],
    [
      { stop: { maxUpdates: 5 }, optimizer: { name: 'sgd', learningRate: 1, schedule: { name: 'cosine' } } },
      /^optimizer\.schedule: .*cosine.*ends/,
    ],
    [{ optimizer: { name: 'sgd', learningRate: 1, schedule: { name: 'step' } } }, /^optimizer\.schedule: .*everyUpdates or everyEpochs/],
    [
      { optimizer: { name: 'sgd', learningRate: 1, schedule: { name: 'constant', warmupUpdates: 1, warmupEpochs: 1 } } },
      /^optimizer\.schedule: .*both/,
    ],
    [{ optimizer: { name: 'momentum', learningRate: 1, momentum: 1 - 1e-12 } }, /^optimizer: .*momentum/],
  ])('asks the models, optimizers and schedules themselves: %j', (sections, problem) => {
    const problems = problemsWith(sections);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });

  it.each([
    ['a big integer', 5n, 'a bigint'],
    ['a function', () => 1, 'a function'],
    ['a date', new Date(0), 'an object of a class'],
  ])('includes %s, which no file can hold', (_what, value, words) => {
    expect(problemsWith({ seed: value })).toEqual([
      `seed: holds ${words}; only numbers, texts, true, false, null, lists and groups of keys fit`,
    ]);
  });

  it('is cut short where a whole file is wrong', () => {
    const keys = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`key${index}`, 1]));
    const attempt = (): unknown => jobFromObject({ ...SMALLEST, ...keys });
    expect(problemsOf(attempt)).toHaveLength(500);
    expect(attempt).toThrow('and 480 more');
  });

  it('reaches no terminal with control characters', () => {
    const attempt = (): unknown =>
      jobFromObject({ ...SMALLEST, '\u001B[31mred\u009B': 1, name: 'a\u001B]0;title\u0007', model: '\u001B[2J' }, 'x\u001B[2J.yaml');
    // eslint-disable-next-line no-control-regex
    expect(attempt).toThrow(/^[^\u0000-\u0009\u000B-\u001F\u007F-\u009F]+$/);
  });

  it('is nothing but an InvalidJobError, whatever the document holds', () => {
    const document = fc.object({
      key: fc.oneof(fc.constantFrom(...Object.keys(JOB_SECTIONS), 'name', 'policy', '__proto__'), fc.string()),
      maxDepth: 3,
    });
    fc.assert(
      fc.property(fc.oneof(document, fc.anything()), (value) => void problemsOf(() => jobFromObject(value))),
      { numRuns: 300 },
    );
  });
});

describe('prototype pollution', () => {
  const hazards = ['__proto__', 'constructor', 'prototype'];
  const corpus = hazards.flatMap((key) => [
    `{"${key}":{"polluted":1}}`,
    `{"optimizer":{"${key}":{"polluted":1}}}`,
    `{"optimizer":{"schedule":{"${key}":{"polluted":1}}}}`,
    `{"model":{"hidden":[{"${key}":{"polluted":1}}]}}`,
    `{"constructor":{"prototype":{"${key}":1}}}`,
    `[{"${key}":{"polluted":1}}]`,
  ]);

  it.each(corpus)('is refused in JSON and in YAML: %s', (text) => {
    for (const attempt of [() => jobFromObject(JSON.parse(text)), () => parseJob(text, 'evil.yaml')]) {
      expect(attempt).toThrow('not allowed as a key');
      expect(({} as { polluted?: number }).polluted).toBeUndefined();
    }
  });

  it('is refused in keys that hold a job otherwise right, at every level', () => {
    for (const section of ['', 'model', 'dataset', 'optimizer', 'stop']) {
      for (const key of hazards) {
        const job = structuredClone(SMALLEST) as Record<string, unknown>;
        const group = section === '' ? job : (job[section] as Record<string, unknown>);
        Object.defineProperty(group, key, { value: { polluted: 1 }, enumerable: true });
        expect(problemsOf(() => jobFromObject(job))).toEqual([
          { path: section === '' ? key : `${section}.${key}`, message: 'not allowed as a key; remove it' },
        ]);
      }
    }
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('YAML', () => {
  it.each([
    ['an empty file', '', 'no job in it'],
    ['a list', '[1, 2]', 'no job in it'],
    ['a key that stands twice', 'name: a\nseed: 1\nname: b', 'line 3: the key stands twice'],
    ['two documents', 'name: a\n---\nname: b', 'several documents'],
    ['a tag', 'name: !!js/function "x"', 'tags (!name) are not allowed'],
    ['an alias', 'name: &a x\nseed: *a', 'aliases (*name) are not allowed'],
    ['a merge key', 'model: &m { name: mlp }\ndataset: { <<: *m }', 'aliases (*name) are not allowed'],
    ['an open bracket', 'model: {', 'line 1'],
    ['a key that is no text', '? [a]\n: x', 'line 1'],
    ['deep nesting', '['.repeat(10_000), 'nested too deeply'],
    ['too much nesting', 'a: [[[[[[[[[[1]]]]]]]]]]', 'too much in it'],
    ['a file that is no job', `# ${'x'.repeat(JOB_FILE_BYTES_MAX)}`, `the limit is ${JOB_FILE_BYTES_MAX}`],
  ])('with %s is refused in plain words', (_what, text, words) => {
    expect(() => parseJob(text, 'job.yaml')).toThrow(InvalidJobError);
    expect(() => parseJob(text, 'job.yaml')).toThrow(words);
  });

  it('unfolds no bomb of aliases', () => {
    const levels = [
      'a: &a [x, x, x, x, x, x, x, x, x]',
      ...[...'bcdefghi'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(', ')}]`),
    ];
    expect(() => parseJob(levels.join('\n'), 'bomb.yaml')).toThrow('aliases (*name) are not allowed');
  });
});

describe('the examples', () => {
  const names = ['mnist-cnn', 'mnist-mlp', 'a9a-logistic', 'digits-cnn'];
  const read = (name: string): string => readFileSync(new URL(`../../examples/${name}.yaml`, import.meta.url), 'utf8');

  it.each(names)('%s is a job of that name', (name) => {
    expect(parseJob(read(name), `${name}.yaml`).name).toBe(name);
  });

  it.each(names)('%s has a comment on every key, and begins with what it shows', (name) => {
    const lines = read(name).split('\n');
    expect(lines[0]).toMatch(/^# \w/);
    const keyLines = lines.filter((line) => /^\s*[a-zA-Z]+:/.test(line));
    expect(keyLines.length).toBeGreaterThan(20);
    expect(keyLines.filter((line) => !/ # .{5,}/.test(line))).toEqual([]);
    // Nothing hides in one line that would need a comment of its own.
    expect(keyLines.filter((line) => /\{\s*\w/.test(line.replace(/#.*/, '')))).toEqual([]);
  });

  it('show every section', () => {
    for (const name of names) {
      const sections = read(name)
        .split('\n')
        .flatMap((line) => /^([a-zA-Z]+):/.exec(line)?.[1] ?? []);
      expect(sections).toEqual(Object.keys(JOB_SECTIONS));
    }
  });

  it('keep to what the goals say of MNIST: two shards, two workers, ssp with bound 3', () => {
    for (const name of ['mnist-cnn', 'mnist-mlp']) {
      expect(parseJob(read(name), name)).toMatchObject({ shards: 2, workers: { count: 2 }, consistency: { policy: 'ssp', bound: 3 } });
    }
  });
});
