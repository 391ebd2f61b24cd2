/**
 * The coordinator's side of a cut: mark every shard, take the elementwise maximum M of what they have decided, let each
 * decide exactly up to M and copy itself. Any refusal or silence makes this cut fail, never the job.
 */
import { memberKey, memberOfKey, type SequenceVector } from '../transport/members.ts';
import type { Outcome } from '../transport/messages.ts';
import type { SettledKind, SettledRun } from '../transport/requests.ts';
import type { LeaderPorts, ShardReply } from './ports.ts';
import { all, type Operation } from './ticket.ts';

type CutReply = Extract<ShardReply, { type: 'cut' }>;

export interface CutTaken {
  readonly ok: true;
  readonly sequences: SequenceVector;
  readonly replies: readonly CutReply[];
}

export interface CutFailed {
  readonly ok: false;
  readonly why: string;
  /** A shard has seen this higher epoch: the leader is none any more. */
  readonly newerEpoch: number | undefined;
  /** A shard that holds nothing of the job. */
  readonly emptyShard: number | undefined;
}

export function* takeCut(
  ports: LeaderPorts,
  shards: number,
  id: number,
  purpose: 'checkpoint' | 'snapshot',
): Operation<CutTaken | CutFailed> {
  const indices = Array.from({ length: shards }, (_, index) => index);
  const marks = yield* all(indices.map((shard) => ports.order(shard, { type: 'mark', id })));
  const sequences: Record<string, number> = {};
  for (const [shard, mark] of marks.entries()) {
    if (mark.type !== 'mark') return fail(ports, shards, id, mark, shard);
    for (const [key, sequence] of Object.entries(mark.sequences)) sequences[key] = Math.max(sequences[key] ?? 0, sequence);
  }
  const cuts = yield* all(indices.map((shard) => ports.order(shard, { type: 'cut', id, sequences, purpose })));
  const replies: CutReply[] = [];
  for (const [shard, cut] of cuts.entries()) {
    if (cut.type !== 'cut') return fail(ports, shards, id, cut, shard);
    replies.push(cut);
  }
  return { ok: true, sequences, replies };
}

function fail(ports: LeaderPorts, shards: number, id: number, reply: ShardReply, shard: number): CutFailed {
  // The others stop holding at once, rather than at their mark timeout.
  for (let index = 0; index < shards; index += 1) ports.order(index, { type: 'dropMark', id });
  const why = reply.type === 'refused' || reply.type === 'lost' ? reply.why : `shard ${shard} answered ${reply.type}`;
  return {
    ok: false,
    why: `shard ${shard}: ${why}`,
    newerEpoch: reply.type === 'refused' ? reply.epoch : undefined,
    emptyShard: reply.type === 'unloaded' ? shard : undefined,
  };
}

/** Pushes in M that some shard never decided: their worker left between its parts. As `worker/incarnation#sequence`. */
export function tornIn(cut: CutTaken): string[] {
  const torn = new Set<string>();
  for (const [key, sequence] of Object.entries(cut.sequences)) {
    const { worker, incarnation } = memberOfKey(key);
    for (const reply of cut.replies) {
      for (let missing = (reply.sequences[key] ?? 0) + 1; missing <= sequence; missing += 1)
        torn.add(`${memberKey(worker, incarnation)}#${missing}`);
    }
  }
  return [...torn].toSorted();
}

/** What became of a batch, from each shard's latest outcome; undefined: not settled, to be done (again). */
export function classify(outcomes: readonly (Outcome | undefined)[]): SettledKind | undefined {
  if (outcomes.every((outcome) => outcome === undefined || outcome === 'stale')) return undefined;
  if (outcomes.every((outcome) => outcome === 'applied' || outcome === 'buffered')) return 'trained';
  if (outcomes.every((outcome) => outcome === 'withheld')) return 'withheld';
  if (outcomes.every((outcome) => outcome === 'void')) return 'refused';
  return outcomes.some((outcome) => outcome === undefined || outcome === 'void') ? 'torn' : 'partlyRefused';
}

type Outcomes = readonly (readonly [firstBatch: number, count: number, outcome: Outcome])[];

/** Every batch that any shard knows, with what became of it. */
export function settledBy(shards: readonly Outcomes[]): Map<number, SettledKind | undefined> {
  const byBatch = new Map<number, (Outcome | undefined)[]>();
  shards.forEach((outcomes, shard) => {
    for (const [first, count, outcome] of outcomes) {
      for (let batch = first; batch < first + count; batch += 1) {
        let row = byBatch.get(batch);
        if (!row) byBatch.set(batch, (row = Array.from({ length: shards.length }, () => undefined)));
        row[shard] = outcome;
      }
    }
  });
  return new Map([...byBatch].map(([batch, row]) => [batch, classify(row)]));
}

export function settledRuns(kinds: ReadonlyMap<number, SettledKind | undefined>): SettledRun[] {
  return [...kinds].flatMap(([firstBatch, kind]) => (kind ? [{ firstBatch, count: 1, kind }] : []));
}
