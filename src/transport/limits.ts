/**
 * Every bound of the transport by name. Whoever meets one is told which, how much was asked for and what to do, with
 * RESOURCE_EXHAUSTED: an overloaded server sheds, it does not run out of memory.
 */
import { TardigradError } from '../errors.ts';

/** One chunk of a push or of weights: the size at which streams are fastest over TCP, with windows to match. */
export const CHUNK_BYTES = 1024 * 1024;

/** Room beside a chunk for its header: ranges mostly, about ten bytes each. */
const MESSAGE_MARGIN_BYTES = 1024 * 1024;

export interface TransportLimits {
  /** One gRPC message either way. Longer ones end their call before they are read whole. */
  readonly messageBytes: number;
  /** Chunks of one push, so that empty ones cannot go on for ever. */
  readonly chunksPerPush: number;
  /** Exchanges and stand-alone calls open at once in one server. */
  readonly streamsPerServer: number;
  /** Jobs with a shard in one server process; the server's role asks `overLimit` for the error. */
  readonly jobsPerServer: number;
  /** Pushes staged or not answered yet, over all streams. */
  readonly stagedBytesPerServer: number;
  /** Pushes staged or not answered yet, of one stream. */
  readonly stagedBytesPerStream: number;
  /** Messages given to the shard and not answered yet, of one stream. */
  readonly unansweredPerStream: number;
  /** Replies that a peer has not taken yet. One message of any size may always wait. */
  readonly queuedBytesPerStream: number;
  readonly queuedMessagesPerStream: number;
  /** A peer that takes nothing of what waits for it for so long is given up. */
  readonly slowReaderMs: number;
  /** A push that has begun and brings no further chunk for so long is refused. */
  readonly stalledPushMs: number;
  /** An answer to a stand-alone push, or to a stream whose client has sent all it had. */
  readonly answerMs: number;
}

const MIB = 1024 * 1024;

export const LIMITS: TransportLimits = {
  messageBytes: CHUNK_BYTES + MESSAGE_MARGIN_BYTES,
  chunksPerPush: 65_536,
  streamsPerServer: 1024,
  jobsPerServer: 64,
  stagedBytesPerServer: 2048 * MIB,
  stagedBytesPerStream: 1024 * MIB,
  unansweredPerStream: 64,
  queuedBytesPerStream: 256 * MIB,
  queuedMessagesPerStream: 256,
  slowReaderMs: 20_000,
  stalledPushMs: 20_000,
  answerMs: 60_000,
};

const NEXT: Record<keyof TransportLimits, string> = {
  messageBytes: `Send chunks of at most ${CHUNK_BYTES} bytes.`,
  chunksPerPush: `Send fuller chunks, of ${CHUNK_BYTES} bytes.`,
  streamsPerServer: 'Close streams that are no longer needed, or try again later.',
  jobsPerServer: 'Finish a job first, or add a parameter server.',
  stagedBytesPerServer: 'Try again later; more shards make each push smaller.',
  stagedBytesPerStream: 'Wait for the replies to the pushes before; more shards make each push smaller.',
  unansweredPerStream: 'Wait for replies before sending more.',
  queuedBytesPerStream: 'Read replies as they come.',
  queuedMessagesPerStream: 'Read replies as they come.',
  slowReaderMs: 'Read replies as they come.',
  stalledPushMs: 'Send the push again, whole.',
  answerMs: 'Try again.',
};

/**
 * The error for a value beyond a named limit.
 * @param what what would have gone beyond it, as the subject of a sentence: `a push of 5 GB`
 */
export function overLimit(limit: keyof TransportLimits, value: number, what: string, limits: TransportLimits = LIMITS): TardigradError {
  return new TardigradError('RESOURCE_EXHAUSTED', `${what}: ${value} is over the limit ${limit} = ${limits[limit]}.`, {
    facts: { limit, value, allowed: limits[limit] },
    next: NEXT[limit],
  });
}

/** How often streams are looked at for what time alone brings to light: each limit is met within a quarter of it. */
export function sweepMs({ slowReaderMs, stalledPushMs, answerMs }: TransportLimits): number {
  return Math.ceil(Math.min(slowReaderMs, stalledPushMs, answerMs) / 4);
}
