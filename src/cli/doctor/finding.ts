/** What doctor says about one thing: whether it is there, in words, and how to get it where it is not. */

/**
 * `ok`: there and used. `limited`: training goes on, with less. `optional`: not there, and nothing needs it.
 * `missing`: what depends on it cannot run.
 */
export type FindingStatus = 'ok' | 'limited' | 'optional' | 'missing';

export interface Finding {
  readonly topic: string;
  readonly status: FindingStatus;
  readonly text: string;
  /** How the text comes about, for who wants to know. */
  readonly note?: string;
  /** The next step, on this platform. */
  readonly how?: string;
  /** Without it nothing trains here. */
  readonly needed?: boolean;
  /** For programs. */
  readonly facts: Readonly<Record<string, string | number | boolean>>;
}

/** Whether a job can train on this machine at all. */
export function trainingIsPossible(findings: readonly Finding[]): boolean {
  return !findings.some(({ needed, status }) => needed === true && status === 'missing');
}
