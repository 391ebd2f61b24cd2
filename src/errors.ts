/**
 * One error class for the world's faults: a code, whether trying again helps, and the facts in fields.
 * Our own bugs are `assert`s; they are never caught to be carried on from.
 */
export type ErrorCode =
  | 'INVALID_ARGUMENT' // malformed, non-finite, wrong shape: nothing changed
  | 'FAILED_PRECONDITION' // an older incarnation, history or (in an order) epoch: re-join
  | 'OUT_OF_RANGE' // a push ahead of one that is missing: nothing changed, send that one first
  | 'UNAVAILABLE' // not ready yet, or the peer is gone: try again
  | 'RESOURCE_EXHAUSTED' // over a named limit: try again later, or ask for less
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'UNAUTHENTICATED'
  | 'PERMISSION_DENIED'
  | 'DATA_LOSS' // a file that is not what was written
  | 'CANCELLED'
  | 'INTERNAL';

export interface ErrorFacts {
  readonly [name: string]: string | number | boolean | undefined;
}

export interface ErrorDetails {
  readonly facts?: ErrorFacts;
  /** What to do next, as a sentence for a person. */
  readonly next?: string;
  readonly cause?: unknown;
}

const RETRYABLE: ReadonlySet<ErrorCode> = new Set(['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'DEADLINE_EXCEEDED']);

export class TardigradError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly facts: ErrorFacts;
  readonly next: string | undefined;

  /** @param message what happened, with the value and the limit. */
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(details.next === undefined ? message : `${message} ${details.next}`, { cause: details.cause });
    this.name = 'TardigradError';
    this.code = code;
    this.retryable = RETRYABLE.has(code);
    this.facts = details.facts ?? {};
    this.next = details.next;
  }
}

/** Stops at our own bugs; always on. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

/** The text of anything that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
