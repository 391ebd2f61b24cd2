/** A cut, as its manifest tells it, against what its files hold. */
import type { Manifest } from '../../src/coordinator/ports.ts';
import type { SettledKind } from '../../src/transport/requests.ts';
import { memberKey } from '../../src/transport/members.ts';
import { batchesIn, blocksOf, bitNames } from './flat-vector.ts';
import { check } from './violation.ts';
import type { World } from './world.ts';

export function checkManifest(world: World, manifest: Manifest): void {
  const files = world.filesOf(manifest);
  // Another leader's cut of the same number has overwritten a file: the checksums will tell whoever restores.
  if (!files) return;
  const name = `cut ${manifest.id}`;
  for (const { copy } of files)
    check(copy.history === manifest.history, () => `${name} mixes histories ${copy.history} and ${manifest.history}`);
  const blocks = files.flatMap(({ ranges }) => blocksOf(ranges)).toSorted((a, b) => a - b);
  check(
    blocks.join() === Array.from({ length: world.settings.blocks }, (_, block) => block).join(),
    () => `${name} holds blocks ${blocks.join()}`,
  );

  const held = blocks.map((block) => batchesIn(world.oracle.blockOfCut(block, files), 0));
  const inAll = held.reduce((bits, block) => bits & block, -1);
  const inSome = held.reduce((bits, block) => bits | block, 0);
  const settled = new Map(
    manifest.settled.flatMap(({ firstBatch, count, kind }) =>
      Array.from({ length: count }, (_, index) => [firstBatch + index, kind] as const),
    ),
  );
  for (let batch = 0; batch < world.totalBatches; batch += 1) {
    const kind = settled.get(batch);
    const everywhere = ((inAll >> batch) & 1) === 1;
    const somewhere = ((inSome >> batch) & 1) === 1;
    const text = (): string => held.map(bitNames).join(' | ');
    if (kind === undefined)
      check(!somewhere, () => `${name}: batch ${batch} is in the weights (${text()}) and not settled: it would be done again`);
    else checkKind(world, batch, kind, { everywhere, somewhere }, () => `${name}: ${text()}`);
  }
  // Pushes that only some shards of this cut decided are named.
  for (const [key, sequence] of Object.entries(manifest.sequences)) {
    for (const [index, { copy }] of files.entries()) {
      const own = copy.sequences[key] ?? 0;
      check(own <= sequence, () => `${name}: shard ${index} holds ${key} up to ${own}, beyond M = ${sequence}`);
      for (let missing = own + 1; missing <= sequence; missing += 1) {
        check(
          manifest.torn.includes(`${key}#${missing}`),
          () => `${name}: shard ${index} lacks ${key}#${missing}, which is not listed as torn`,
        );
      }
    }
  }
  for (const torn of world.restoredFrom?.torn ?? []) {
    check(manifest.history !== world.newestHistory || manifest.torn.includes(torn), () => `${name} no longer names ${torn} as torn`);
  }
  for (const { copy } of files) {
    for (const update of copy.open)
      for (const push of update.pushes)
        check(
          (manifest.sequences[memberKey(push.worker, push.incarnation)] ?? 0) >= push.sequence,
          () => `${name} keeps a push beyond M open`,
        );
    check(manifest.clock >= copy.clock, () => `${name} starts members at ${manifest.clock}, a shard is at ${copy.clock}`);
  }
}

/** What became of a batch, by the ledger, against where the weights have it. */
export function checkKind(
  world: World,
  batch: number,
  kind: SettledKind,
  { everywhere, somewhere }: { readonly everywhere: boolean; readonly somewhere: boolean },
  text: () => string,
): void {
  const { whenLate } = world.settings.consistency;
  const { malformedSeen } = world.oracle;
  const fits = {
    trained: everywhere,
    torn: !everywhere,
    refused: !somewhere && (malformedSeen || whenLate === 'refuse'),
    withheld: !somewhere && whenLate === 'withhold',
    partlyRefused: !everywhere && (whenLate === 'refuse' || whenLate === 'withhold'),
  };
  check(
    fits[kind],
    () => `batch ${batch} counts as ${kind} and is ${everywhere ? 'everywhere' : somewhere ? 'not everywhere' : 'nowhere'} (${text()})`,
  );
}
