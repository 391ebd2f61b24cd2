/** What a cut becomes on disk, and what going back to one costs. */
import { settledBy, settledRuns, tornIn, type CutTaken } from './cut.ts';
import type { Manifest, ShardReply } from './ports.ts';
import { SettledLedger, type BatchShape } from './settled.ts';

/** What a cut does not hold, said plainly in each manifest. */
const NOT_HELD = [
  'what lives on workers (error-feedback residuals, local velocities)',
  "what belongs to a member's life (backups of pulled weights)",
] as const;

export type ManifestFacts = Pick<
  Manifest,
  'id' | 'job' | 'history' | 'epoch' | 'mapVersion' | 'ranges' | 'incarnations' | 'refusedAttempts' | 'writtenAt'
> & {
  readonly shape: BatchShape;
  /** Settled when the cut was begun; what the shards know beyond it is added. */
  readonly noted: Manifest['settled'];
  /** Carried over from the cut that this history began with, and from those since. */
  readonly tornBefore: readonly string[];
};

export function manifestOf(cut: CutTaken, { shape, noted, tornBefore, ...facts }: ManifestFacts): Manifest {
  const ledger = new SettledLedger(shape, [...noted, ...settledRuns(settledBy(cut.replies.map(({ outcomes }) => outcomes)))]);
  return {
    ...facts,
    format: 1,
    files: cut.replies.flatMap(({ file }) => (file ? [file] : [])),
    versions: cut.replies.map(({ version }) => version),
    stateHashes: cut.replies.map(({ stateHash }) => stateHash),
    sequences: cut.sequences,
    torn: [...new Set([...tornBefore, ...tornIn(cut)])].toSorted(),
    clock: Math.max(...cut.replies.map(({ clock }) => clock)),
    settled: ledger.runs(),
    heldMs: cut.replies.map(({ heldMs }) => heldMs),
    notHeld: NOT_HELD,
  };
}

export interface Loss {
  /** Of the shard that falls back the furthest. */
  readonly updates: number;
  /** Settled before, and to be done again. */
  readonly batches: number;
  readonly message: string;
  readonly facts: Readonly<Record<string, string | number>>;
}

/**
 * @param before what was settled in the history that ends @param after what is settled in the cut
 * @param atLoss each shard's version when it was fenced; of one that was lost, as last reported
 */
export function lossOf(
  manifest: Manifest | undefined,
  of: {
    readonly before: SettledLedger;
    readonly after: SettledLedger;
    readonly atLoss: readonly number[];
    readonly loads: readonly ShardReply[];
    readonly history: number;
  },
): Loss {
  const { before, after, atLoss, loads, history } = of;
  const updates = Math.max(...atLoss.map((version, shard) => version - (manifest?.versions[shard] ?? 0)), 0);
  let batches = 0;
  for (const run of before.runs()) {
    for (let batch = run.firstBatch; batch < run.firstBatch + run.count; batch += 1) if (!after.has(batch)) batches += 1;
  }
  const place = manifest ? `checkpoint ${manifest.id}` : 'the start';
  return {
    updates,
    batches,
    message: `back at ${place}: ${updates} updates and ${batches} settled batches are done again`,
    facts: {
      checkpoint: manifest?.id ?? 0,
      updates,
      batches,
      history,
      versionsAtLoss: atLoss.join(' '),
      versionsLoaded: loads.map((reply) => (reply.type === 'done' ? reply.version : -1)).join(' '),
      hashesLoaded: loads.map((reply) => (reply.type === 'done' ? (reply.stateHash ?? '') : '')).join(' '),
      hashesOfCheckpoint: manifest?.stateHashes.join(' ') ?? '',
    },
  };
}
