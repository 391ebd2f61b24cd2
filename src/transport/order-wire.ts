/** Shapes of orders and their answers to protocol messages and back; both ends use these. */
import type { BatchRun, BatchRun__Output } from './generated/tardigrad/v1/BatchRun.ts';
import type { SequenceEntry, SequenceEntry__Output } from './generated/tardigrad/v1/SequenceEntry.ts';
import { memberKey, memberOfKey, type BatchOutcomes, type SequenceVector } from './members.ts';
import type { Outcome } from './messages.ts';
import { OUTCOME_FROM_WIRE, OUTCOME_TO_WIRE } from './wire.ts';

export function sequencesToWire(sequences: SequenceVector): SequenceEntry[] {
  return Object.entries(sequences).map(([key, sequence]) => ({ ...memberOfKey(key), sequence }));
}

export function sequencesFromWire(entries: readonly SequenceEntry__Output[]): SequenceVector {
  return Object.fromEntries(entries.map(({ worker, incarnation, sequence }) => [memberKey(worker, incarnation), sequence]));
}

export function incarnationsToWire(incarnations: Readonly<Record<string, number>>): { worker: string; incarnation: number }[] {
  return Object.entries(incarnations).map(([worker, incarnation]) => ({ worker, incarnation }));
}

export function incarnationsFromWire(entries: readonly { worker: string; incarnation: number }[]): Record<string, number> {
  return Object.fromEntries(entries.map(({ worker, incarnation }) => [worker, incarnation]));
}

export function outcomesToWire(outcomes: BatchOutcomes): BatchRun[] {
  return outcomes.map(([firstBatch, count, outcome]) => ({ firstBatch, count, outcome: OUTCOME_TO_WIRE[outcome] }));
}

export function outcomesFromWire(runs: readonly BatchRun__Output[]): BatchOutcomes {
  return runs.map(({ firstBatch, count, outcome }) => [firstBatch, count, OUTCOME_FROM_WIRE.get(outcome) ?? ('applied' satisfies Outcome)]);
}
