/** Who is meant, and what is known of it: shapes that shards, workers and the coordinator share. */
import type { Outcome } from './messages.ts';

/** A worker's name and life. */
export interface Member {
  readonly worker: string;
  readonly incarnation: number;
}

/** Decided sequences by `worker/incarnation`. */
export type SequenceVector = Readonly<Record<string, number>>;

export function memberKey(worker: string, incarnation: number): string {
  return `${worker}/${incarnation}`;
}

export function memberOfKey(key: string): Member {
  const slash = key.lastIndexOf('/');
  return { worker: key.slice(0, slash), incarnation: Number(key.slice(slash + 1)) };
}

/** A batch outcome that the shard remembers until the coordinator says that the task's end is stored. */
export type BatchOutcomes = readonly (readonly [firstBatch: number, count: number, outcome: Outcome])[];
