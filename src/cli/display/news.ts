/**
 * A status tells everything each time; this tells what of it is new. Rows are known by number and time together, because a
 * coordinator that lost its memory counts from the start again.
 */
import type { EvaluationRow, JobEvent, JobStatus } from '../../coordinator/status.ts';

export interface News {
  readonly evaluations: readonly EvaluationRow[];
  readonly events: readonly JobEvent[];
}

export class NewsFeed {
  // Only what the newest status still holds, so both stay as small as it.
  private evaluationsSeen: ReadonlySet<string> = new Set();
  private eventsSeen: ReadonlySet<string> = new Set();

  /** @returns what no earlier status held, oldest first. */
  take({ evaluations, events }: JobStatus): News {
    const news = {
      evaluations: evaluations.filter((row) => !this.evaluationsSeen.has(evaluationKey(row))),
      events: events.filter((event) => !this.eventsSeen.has(eventKey(event))),
    };
    this.evaluationsSeen = new Set(evaluations.map(evaluationKey));
    this.eventsSeen = new Set(events.map(eventKey));
    return news;
  }
}

function evaluationKey({ updates, atSeconds }: EvaluationRow): string {
  return `${updates}@${atSeconds}`;
}

function eventKey({ number, at }: JobEvent): string {
  return `${number}@${at}`;
}

/** Events that a person should not miss: something was lost, or was got back. */
const TROUBLE: ReadonlySet<string> = new Set([
  'leaseOver',
  'restoring',
  'checkpointFailed',
  'checkpointDamaged',
  'notEvaluated',
  'deposed',
  'failed',
]);
const RECOVERY: ReadonlySet<string> = new Set(['restored', 'recovered']);
const GOOD_END: ReadonlySet<string> = new Set(['succeeded']);

export type Tone = 'trouble' | 'recovery' | 'good' | 'plain';

/** @param event a kind that is not known here is plain. */
export function toneOf({ kind, facts }: JobEvent): Tone {
  if (TROUBLE.has(kind)) return 'trouble';
  // A second life means that the first one was lost.
  if (RECOVERY.has(kind) || (kind === 'joined' && Number(facts.incarnation) > 1)) return 'recovery';
  return GOOD_END.has(kind) ? 'good' : 'plain';
}
