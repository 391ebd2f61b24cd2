/** The one table between our errors and gRPC's statuses; everywhere else there are only TardigradErrors. */
import { Metadata, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { TardigradError, errorMessage } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import type { RefusalCode } from './messages.ts';

const STATUS_OF = {
  INVALID_ARGUMENT: status.INVALID_ARGUMENT,
  FAILED_PRECONDITION: status.FAILED_PRECONDITION,
  UNAVAILABLE: status.UNAVAILABLE,
  RESOURCE_EXHAUSTED: status.RESOURCE_EXHAUSTED,
  OUT_OF_RANGE: status.OUT_OF_RANGE,
  DEADLINE_EXCEEDED: status.DEADLINE_EXCEEDED,
  NOT_FOUND: status.NOT_FOUND,
  ALREADY_EXISTS: status.ALREADY_EXISTS,
  UNAUTHENTICATED: status.UNAUTHENTICATED,
  PERMISSION_DENIED: status.PERMISSION_DENIED,
  DATA_LOSS: status.DATA_LOSS,
  CANCELLED: status.CANCELLED,
  INTERNAL: status.INTERNAL,
} as const satisfies Record<ErrorCode, status>;

const CODE_OF: ReadonlyMap<status, ErrorCode> = new Map(
  (Object.entries(STATUS_OF) as [ErrorCode, status][]).map(([code, number]) => [number, code]),
);

/** Statuses travel in HTTP/2 headers, whose size peers bound. */
const DETAILS_LENGTH = 2048;

/** Half a character, which a header cannot carry: perhaps where a text was cut. */
const LONE_SURROGATE = /\p{Surrogate}/gu;

/** What a handler answers its caller for anything thrown: our errors by their code, everything else is INTERNAL. */
export function toServiceError(error: unknown): ServiceError {
  const code = error instanceof TardigradError ? error.code : 'INTERNAL';
  const details = errorMessage(error).slice(0, DETAILS_LENGTH).replace(LONE_SURROGATE, '?');
  return Object.assign(new Error(details), { code: STATUS_OF[code], details, metadata: new Metadata() });
}

export interface CallFacts {
  /** The method, or what was done, for a person. */
  readonly call: string;
  readonly address: string;
  readonly deadlineMs?: number | undefined;
}

/** The error of a failed call: which call, to whom, within which deadline, and what the other side said. */
export function fromServiceError(error: unknown, { call, address, deadlineMs }: CallFacts): TardigradError {
  if (error instanceof TardigradError) return error;
  const { code: number, details } = error as Partial<ServiceError>;
  const code = (number === undefined ? undefined : CODE_OF.get(number)) ?? 'INTERNAL';
  const within = deadlineMs === undefined ? '' : ` within ${Math.round(deadlineMs)} ms`;
  const said = details ?? errorMessage(error);
  const message = code === 'DEADLINE_EXCEEDED' ? `${call}: no answer from ${address}${within}.` : `${call} at ${address}: ${said}`;
  return new TardigradError(code, message, { facts: { call, address, deadlineMs, status: number }, cause: error });
}

/** A refusal on a stream has five codes: what the client can do about it. */
export function refusalCode(code: ErrorCode): RefusalCode {
  switch (code) {
    case 'INVALID_ARGUMENT':
    case 'FAILED_PRECONDITION':
    case 'UNAVAILABLE':
    case 'RESOURCE_EXHAUSTED':
    case 'OUT_OF_RANGE':
      return code;
    case 'DEADLINE_EXCEEDED':
    case 'NOT_FOUND':
      return 'UNAVAILABLE';
    default:
      return 'INVALID_ARGUMENT';
  }
}
