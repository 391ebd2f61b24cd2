/**
 * Flags of the command line that stand in for keys of the job file. They change the raw document before it is checked, so
 * a flag is judged by the same rules as the key, and a message names the flag that was typed.
 */
export interface JobOverrides {
  readonly name?: string | undefined;
  readonly seed?: number | undefined;
  readonly model?: string | undefined;
  readonly dataset?: string | undefined;
  readonly batchSize?: number | undefined;
  readonly shards?: number | undefined;
  readonly workers?: number | undefined;
  readonly policy?: string | undefined;
  readonly bound?: number | undefined;
  readonly aggregate?: string | undefined;
  readonly learningRate?: number | undefined;
  readonly epochs?: number | undefined;
  readonly targetAccuracy?: number | undefined;
  readonly maxSeconds?: number | undefined;
  readonly maxUpdates?: number | undefined;
  readonly backend?: string | undefined;
  readonly threads?: number | undefined;
  /** Workers to start where neither the file nor a flag says how many, and the backend can use a GPU: no flag. */
  readonly workersByDefault?: number | undefined;
}

/** Key path → flag, for the keys that came from flags. */
export type FlagNames = ReadonlyMap<string, string>;

type Flag = Exclude<keyof JobOverrides, 'workersByDefault'>;

const FLAGS: { readonly [Override in Flag]: readonly [flag: string, path: string] } = {
  name: ['--name', 'name'],
  seed: ['--seed', 'seed'],
  model: ['--model', 'model.name'],
  dataset: ['--dataset', 'dataset.name'],
  batchSize: ['--batch-size', 'dataset.batchSize'],
  shards: ['--shards', 'shards'],
  workers: ['--workers', 'workers.count'],
  policy: ['--policy', 'consistency.policy'],
  bound: ['--bound', 'consistency.bound'],
  aggregate: ['--aggregate', 'consistency.aggregate'],
  learningRate: ['--learning-rate', 'optimizer.learningRate'],
  epochs: ['--epochs', 'stop.epochs'],
  targetAccuracy: ['--target-accuracy', 'stop.targetAccuracy'],
  maxSeconds: ['--max-seconds', 'stop.maxSeconds'],
  maxUpdates: ['--max-updates', 'stop.maxUpdates'],
  backend: ['--backend', 'backend'],
  threads: ['--threads', 'threads'],
};

type Group = Record<string, unknown>;

/** @param document the parsed file, left as it is; something that is no group of keys is passed on for the check to refuse. */
export function applyOverrides(document: unknown, overrides: JobOverrides): { value: unknown; flags: FlagNames } {
  const flags = new Map<string, string>();
  if (!isGroup(document)) return { value: document, flags };
  const value: Group = { ...document };
  for (const [override, [flag, path]] of Object.entries(FLAGS)) {
    const given = overrides[override as Flag];
    if (given === undefined) continue;
    flags.set(path, flag);
    const [section = '', key] = path.split('.');
    if (key === undefined) value[section] = given;
    else value[section] = { ...groupFor(section, key, value[section], given), [key]: given };
  }
  const { workersByDefault } = overrides;
  const backend = value['backend'] ?? 'auto';
  if (workersByDefault !== undefined && value['workers'] === undefined && (backend === 'auto' || backend === 'tensorflow'))
    value['workers'] = workersByDefault;
  return { value, flags };
}

/** What stays of a section when a flag changes one key of it. */
function groupFor(section: string, key: string, current: unknown, given: unknown): Group {
  if (section === 'workers') return isGroup(current) ? roomFor(given, current) : {};
  if (!isGroup(current)) return {};
  // The file's options belong to the file's choice: its bound says nothing about asp, nor its filters about an mlp.
  const chooses = key === 'policy' || (section === 'model' && key === 'name');
  return chooses && current[key] !== given ? {} : current;
}

/** `--workers 10` must not fail on a file that allows 8: the flag widens the file's limits. */
function roomFor(count: unknown, workers: Group): Group {
  const { min, max } = workers;
  const widened: Group = { ...workers };
  if (typeof count !== 'number') return widened;
  if (typeof min === 'number') widened['min'] = Math.min(min, count);
  if (typeof max === 'number') widened['max'] = Math.max(max, count);
  return widened;
}

function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
