/** Everything of a shard that a cut holds, copied at one moment between two events. */
import type { BatchOutcomes } from '../transport/members.ts';
import type { OpenUpdate, ShardCopy } from './events.ts';
import type { Loaded } from './loaded.ts';
import type { ShardState } from './shard-state.ts';

export function copyOf(loaded: Loaded, state: ShardState): ShardCopy {
  return {
    history: state.history,
    version: loaded.version,
    clock: state.table.maxClock(),
    segments: loaded.vectors.segmentStates(),
    x: loaded.weights(),
    state: loaded.vectors.state(),
    sequences: Object.fromEntries(loaded.sequences),
    outcomes: loaded.batches.runs() as BatchOutcomes,
    open: openUpdates(loaded),
    incarnations: state.table.incarnations(),
    epoch: state.epoch,
  };
}

function openUpdates(loaded: Loaded): OpenUpdate[] {
  return loaded.policy.open().map((update) => ({
    round: update.round,
    pushes: update.pushes.map(({ worker, incarnation, sequence, clock, versionRead, kind, samples, gradient }, index) => ({
      worker,
      incarnation,
      sequence,
      clock,
      versionRead,
      kind,
      samples,
      weight: update.weights[index] ?? 1,
      gradient: gradient.slice(),
    })),
  }));
}
