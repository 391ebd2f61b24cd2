/**
 * The keys of a job file, section by section, with their limits and defaults. Interchangeable things are unions over their
 * name, so an option that would do nothing (`bound` under asp) is not a key there and is refused.
 * What semantics names but nobody has built yet is not here; not-built.ts lists it, so that the refusal can say so.
 */
import { z } from 'zod';
import { listOf, pairOf, realNumber, text, wholeNumber, wholeNumberOrAuto } from './fields.ts';

/** Names reach file paths, so they can hold no dot and no slash. */
export const JOB_NAME_PATTERN = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const SHARDS_MAX = 256;
const WORKERS_MAX = 1024;
/** Workers that may join beyond the first, unless the job says otherwise: this many times `workers.count`. */
const WORKERS_ROOM = 4;

const UPDATES_MAX = 1_000_000_000;
const SECONDS_MAX = 31_536_000;

const updates = wholeNumber(1, UPDATES_MAX);
const seconds = wholeNumber(1, SECONDS_MAX);
const width = wholeNumber(1, 65_536);

const model = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('logistic-regression') }),
  z.strictObject({
    name: z.literal('mlp'),
    hidden: listOf(width, 'a list of at most 8 layer widths, e.g. [128]', 8).default([128]),
  }),
  z.strictObject({
    name: z.literal('cnn'),
    filters: pairOf(width, 'two filter counts, e.g. [32, 64]').default([32, 64]),
    dense: width.default(128),
  }),
]);

const dataset = z.strictObject({
  name: z.enum(['mnist', 'digits', 'a9a']),
  batchSize: wholeNumber(1, 65_536).default(64),
  order: z.enum(['shuffled', 'sequential']).default('shuffled'),
  partition: z.enum(['tasks']).default('tasks'),
});

const workers = z
  .preprocess(
    (value) => (typeof value === 'number' ? { count: value } : value),
    z.strictObject({
      count: wholeNumber(1, WORKERS_MAX),
      min: wholeNumber(1, WORKERS_MAX).default(1),
      max: wholeNumber(1, WORKERS_MAX).exactOptional(),
    }),
  )
  .transform(({ count, min, max }) => ({ count, min, max: max ?? Math.min(WORKERS_MAX, WORKERS_ROOM * count) }));

const consistency = z.discriminatedUnion('policy', [
  z.strictObject({ policy: z.literal('asp') }),
  z.strictObject({ policy: z.literal('bsp'), aggregate: z.enum(['mean', 'sum']).default('mean') }),
  z.strictObject({ policy: z.literal('ssp'), bound: wholeNumber(0, 1_000_000).default(3) }),
  z.strictObject({
    policy: z.literal('bounded-delay'),
    bound: wholeNumber(0, 1_000_000).default(3),
    whenLate: z.enum(['refuse', 'withhold', 'pace']).default('refuse'),
  }),
]);

const compensation = z.discriminatedUnion('rule', [z.strictObject({ rule: z.literal('none') })]);

const epochs = realNumber({ above: 0, to: 1_000_000 });
const warmup = {
  warmupUpdates: wholeNumber(0, UPDATES_MAX).exactOptional(),
  warmupEpochs: realNumber({ from: 0, to: 1_000_000 }).exactOptional(),
};

const schedule = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('constant'), ...warmup }),
  z.strictObject({
    name: z.literal('step'),
    everyUpdates: updates.exactOptional(),
    everyEpochs: epochs.exactOptional(),
    factor: realNumber({ above: 0, to: 1 }).default(0.1),
    ...warmup,
  }),
  z.strictObject({
    name: z.literal('cosine'),
    totalUpdates: updates.exactOptional(),
    totalEpochs: epochs.exactOptional(),
    floor: realNumber({ from: 0, to: 1 }).default(0),
    ...warmup,
  }),
]);

const learningRate = realNumber({ above: 0, to: 1_000 });
const fraction = (value: number) => realNumber({ from: 0, below: 1 }).default(value);
const epsilon = (value: number) => realNumber({ above: 0, to: 1 }).default(value);
const decay = (value: number) => realNumber({ from: 0, to: 1_000 }).default(value);
const moments = { beta1: fraction(0.9), beta2: fraction(0.999), epsilon: epsilon(1e-8) };
const scheduled = { schedule: schedule.prefault({ name: 'constant' }) };
const tail = { weightDecay: decay(0), weightDecayMode: z.enum(['coupled', 'decoupled']).default('coupled'), ...scheduled };
// Adam with coupled decay is `adam`.
const adamwTail = { weightDecay: decay(0.01), weightDecayMode: z.enum(['decoupled']).default('decoupled'), ...scheduled };

const optimizer = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('sgd'), learningRate, ...tail }),
  z.strictObject({ name: z.literal('momentum'), learningRate, momentum: fraction(0.9), ...tail }),
  z.strictObject({ name: z.literal('nesterov'), learningRate, momentum: fraction(0.9), ...tail }),
  z.strictObject({ name: z.literal('adagrad'), learningRate, epsilon: epsilon(1e-10), ...tail }),
  z.strictObject({ name: z.literal('rmsprop'), learningRate, decay: fraction(0.99), epsilon: epsilon(1e-8), ...tail }),
  z.strictObject({ name: z.literal('adam'), learningRate, ...moments, ...tail }),
  z.strictObject({ name: z.literal('adamw'), learningRate, ...moments, ...adamwTail }),
]);

const clip = z.strictObject({
  byValue: realNumber({ above: 0 }).exactOptional(),
  byGlobalNorm: realNumber({ above: 0 }).exactOptional(),
});

export const JOB_SECTIONS = {
  name: text('1 to 63 letters a-z, digits and -, with a letter or digit at both ends', JOB_NAME_PATTERN),
  seed: wholeNumber(0, 4_294_967_295).default(1),
  model,
  dataset,
  shards: wholeNumber(1, SHARDS_MAX).default(1),
  workers: workers.prefault(1),
  consistency: consistency.prefault({ policy: 'ssp' }),
  compensation: compensation.prefault({ rule: 'none' }),
  optimizer,
  clip: clip.prefault({}),
  compression: z.strictObject({ push: z.enum(['none']).default('none'), pull: z.enum(['none']).default('none') }).prefault({}),
  /** Iterations whose weights are pulled ahead while one computes. */
  pipelining: wholeNumber(0, 1).default(0),
  /** Batches whose gradients go into one push. */
  accumulate: wholeNumber(1, 1_000).default(1),
  /** Batches in one data task: what a worker leases at once, and what is given back when it dies. */
  taskBatches: wholeNumber(1, 100_000).default(25),
  evaluate: z.strictObject({ everyUpdates: updates.default(500) }).prefault({}),
  checkpoint: z
    .strictObject({ everySeconds: seconds.default(30), everyUpdates: updates.exactOptional(), keep: wholeNumber(1, 1_000).default(3) })
    .prefault({}),
  stop: z.strictObject({
    epochs: wholeNumber(1, 1_000_000).exactOptional(),
    targetAccuracy: realNumber({ above: 0, to: 1 }).exactOptional(),
    maxSeconds: seconds.exactOptional(),
    maxUpdates: updates.exactOptional(),
  }),
  /** `auto`: the best of tensorflow, wasm, cpu that runs here. */
  backend: z.enum(['auto', 'tensorflow', 'wasm', 'cpu']).default('auto'),
  /** `gpu`: a worker that would compute on anything else ends with the reason. An evaluator may: it gives the same answers, only later. */
  require: z.enum(['none', 'gpu']).default('none'),
  /** Compute threads of one worker; `auto` shares the cores between this machine's workers. */
  threads: wholeNumberOrAuto(1, 1_024).default('auto'),
  /** How soon a dead or silent process is noticed; every lease and deadline follows from it (deadlines.ts). */
  detectFailureMs: wholeNumber(500, 600_000).default(5_000),
} as const;

export const JOB_SCHEMA = z.strictObject(JOB_SECTIONS);

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/** A job with every default filled in; frozen all the way down. */
export type Job = DeepReadonly<z.output<typeof JOB_SCHEMA>>;
