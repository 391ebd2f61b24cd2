/**
 * Names that the documents speak of and this version cannot do yet. They are refused with "not built yet" rather than
 * "unknown", so that nobody hunts for a typing error. What gets built moves from here into the schema.
 */
export const NOT_BUILT_NAMES: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    'consistency.policy': [
      'dssp',
      'k-sync',
      'k-batch-sync',
      'k-async',
      'k-batch-async',
      'backup-workers',
      'n-softsync',
      'ringmaster',
      'rennala',
      'ringleader',
      'fedbuff',
      'quorum',
    ],
    'compensation.rule': ['staleness-lr', 'delay-adaptive', 'delay-threshold', 'adadelay', 'dc-asgd-c', 'dc-asgd-a', 'gap-aware', 'picky'],
    'optimizer.name': ['ftrl', 'nag-asgd', 'multi-asgd', 'dana-zero', 'dana-slim', 'dana-dc', 'smega2'],
    'optimizer.schedule.name': ['inverse-sqrt'],
    'compression.push': ['fp16', 'bf16', 'int8', 'top-k', 'random-k', 'dgc', 'qsgd', 'terngrad', 'signsgd', 'powersgd'],
    'compression.pull': ['fp16', 'bf16', 'int8'],
    'model.name': ['resnet-20', 'char-rnn', 'transformer'],
    'dataset.name': ['tinyshakespeare', 'criteo-sample'],
    'dataset.partition': ['fixed'],
    backend: ['webgpu'],
  }).map(([path, names]) => [path, new Set(names)]),
);

/** Keys, by the path of the group that they will stand in. */
export const NOT_BUILT_KEYS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['', new Set(['snapshotPull', 'localRule', 'durability', 'priority', 'isolation', 'onDivergence', 'nodeSelector'])],
]);

export function isNotBuilt(table: ReadonlyMap<string, ReadonlySet<string>>, path: string, name: unknown): boolean {
  return typeof name === 'string' && table.get(path)?.has(name) === true;
}
