/** Domain messages to protocol messages and back, apart from the numbers themselves, which travel as chunks (chunks.ts). */
import type { ExchangeReply, ExchangeReply__Output } from './generated/tardigrad/v1/ExchangeReply.ts';
import type { ExchangeRequest, ExchangeRequest__Output } from './generated/tardigrad/v1/ExchangeRequest.ts';
import type { Identity__Output } from './generated/tardigrad/v1/Identity.ts';
import type { Outcome as WireOutcome } from './generated/tardigrad/v1/Outcome.ts';
import type { PushHeader as WirePushHeader, PushHeader__Output } from './generated/tardigrad/v1/PushHeader.ts';
import type { PushKind as WirePushKind } from './generated/tardigrad/v1/PushKind.ts';
import type { PushReply as WirePushReply, PushReply__Output } from './generated/tardigrad/v1/PushReply.ts';
import type { Refusal__Output } from './generated/tardigrad/v1/Refusal.ts';
import type {
  DownMessage,
  Hello,
  Identity,
  Idle,
  Notice,
  Outcome,
  Pull,
  PushHeader,
  PushKind,
  PushReply,
  Refusal,
  RefusalCode,
  Weights,
} from './messages.ts';

export const OUTCOME_TO_WIRE = {
  applied: 'APPLIED',
  buffered: 'BUFFERED',
  stale: 'STALE',
  withheld: 'WITHHELD',
  void: 'VOID',
} as const satisfies Record<Outcome, WireOutcome>;

const KIND_TO_WIRE = {
  gradient: 'PUSH_KIND_GRADIENT',
  delta: 'PUSH_KIND_DELTA',
  initial: 'PUSH_KIND_INITIAL',
  void: 'PUSH_KIND_VOID',
} as const satisfies Record<PushKind, WirePushKind>;

const NOTICE_TO_WIRE = {
  cancel: 'CANCEL',
  mapChanged: 'MAP_CHANGED',
  draining: 'DRAINING',
  newerEpoch: 'NEWER_EPOCH',
} as const satisfies Record<Notice['notice'], string>;

function invert<Key extends string>(table: Readonly<Record<Key, string>>): ReadonlyMap<string, Key> {
  return new Map((Object.entries(table) as [Key, string][]).map(([key, wire]) => [wire, key]));
}

export const OUTCOME_FROM_WIRE = invert(OUTCOME_TO_WIRE);
const KIND_FROM_WIRE = invert(KIND_TO_WIRE);
const NOTICE_FROM_WIRE = invert(NOTICE_TO_WIRE);
const REFUSAL_CODES: ReadonlySet<string> = new Set<RefusalCode>([
  'INVALID_ARGUMENT',
  'FAILED_PRECONDITION',
  'UNAVAILABLE',
  'RESOURCE_EXHAUSTED',
  'OUT_OF_RANGE',
]);
const ABOUT: ReadonlySet<string> = new Set<Refusal['about']>(['hello', 'pull', 'push', 'idle']);

/** Absent on the wire is the identity of nobody: it is refused where it is looked up. */
export function identityFromWire(wire: Identity__Output | null): Identity {
  return {
    job: wire?.job ?? '',
    history: wire?.history ?? 0,
    worker: wire?.worker ?? '',
    incarnation: wire?.incarnation ?? 0,
  };
}

export function pushHeaderToWire(header: PushHeader, identity?: Identity): WirePushHeader {
  return {
    ...header,
    ranges: [...header.ranges],
    kind: KIND_TO_WIRE[header.kind],
    encoding: 'ENCODING_FLOAT32',
    ...(identity === undefined ? {} : { identity }),
  };
}

/** @returns a header, or what of it is not known here */
export function pushHeaderFromWire(wire: PushHeader__Output): PushHeader | string {
  const kind = KIND_FROM_WIRE.get(wire.kind);
  if (kind === undefined) return `kind ${wire.kind} is not known: it must be one of ${Object.values(KIND_TO_WIRE).join(', ')}`;
  if (wire.encoding !== 'ENCODING_FLOAT32') return `encoding ${wire.encoding} is not known: it must be ENCODING_FLOAT32`;
  const header: PushHeader = {
    sequence: wire.sequence,
    clock: wire.clock,
    versionRead: wire.versionRead,
    versionSpread: wire.versionSpread,
    kind,
    mapVersion: wire.mapVersion,
    ranges: wire.ranges.map(({ start, length }) => ({ start, length })),
    task: wire.task,
    firstBatch: wire.firstBatch,
    batchCount: wire.batchCount,
    samples: wire.samples,
    loss: wire.loss,
  };
  for (const [name, value] of Object.entries(header)) {
    if (name !== 'loss' && typeof value === 'number' && !Number.isSafeInteger(value)) return `${name} ${value} is beyond 2^53 - 1`;
  }
  return header;
}

/** All that a worker says but pushes. */
export function upToWire(message: Hello | Pull | Idle): ExchangeRequest {
  switch (message.type) {
    case 'hello':
      return { hello: { identity: message.identity, connection: message.connection, enter: message.enter } };
    case 'pull':
      return { pull: { clock: message.clock } };
    case 'idle':
      return { idle: {} };
  }
}

/** All that a worker says but pushes; undefined for a body that is not known here. */
export function upFromWire(request: ExchangeRequest__Output): Hello | Pull | Idle | undefined {
  if (request.hello) {
    const { identity, connection, enter } = request.hello;
    return { type: 'hello', identity: identityFromWire(identity), connection, enter };
  }
  if (request.pull) return { type: 'pull', clock: request.pull.clock };
  if (request.idle) return { type: 'idle' };
  return undefined;
}

export function pushReplyToWire(reply: PushReply): WirePushReply {
  const { sequence, outcome, repeated, versionLag, version, minClock } = reply;
  return {
    sequence,
    outcome: outcome === undefined ? 'OUTCOME_UNSPECIFIED' : OUTCOME_TO_WIRE[outcome],
    outcomeForgotten: outcome === undefined,
    repeated,
    versionLag,
    version,
    minClock,
  };
}

export function pushReplyFromWire(wire: PushReply__Output): PushReply {
  const { sequence, outcome, repeated, versionLag, version, minClock } = wire;
  return { type: 'push', sequence, outcome: OUTCOME_FROM_WIRE.get(outcome), repeated, versionLag, version, minClock };
}

function refusalFromWire(wire: Refusal__Output): Refusal {
  return {
    type: 'refusal',
    about: (ABOUT.has(wire.about) ? wire.about : 'hello') as Refusal['about'],
    code: (REFUSAL_CODES.has(wire.code) ? wire.code : 'UNAVAILABLE') as RefusalCode,
    message: wire.message,
    sequence: wire.sequence,
    clock: wire.clock,
  };
}

/** All that a shard says but weights. */
export function downToWire(message: Exclude<DownMessage, Weights>, epoch: number): ExchangeReply {
  switch (message.type) {
    case 'hello':
      return { hello: { clock: message.clock, version: message.version }, epoch };
    case 'push':
      return { push: pushReplyToWire(message), epoch };
    case 'idle':
      return { idle: {}, epoch };
    case 'waiting':
      return { waiting: { clock: message.clock, why: message.why }, epoch };
    case 'refusal': {
      const { about, code, message: text, sequence, clock } = message;
      return { refusal: { about, code, message: text, sequence, clock }, epoch };
    }
    case 'notice':
      return { notice: { kind: NOTICE_TO_WIRE[message.notice], value: message.value }, epoch };
  }
}

/** All that a shard says but weights; undefined for a notice or a body that is not known here: to be ignored. */
export function downFromWire(reply: ExchangeReply__Output): Exclude<DownMessage, Weights> | undefined {
  if (reply.push) return pushReplyFromWire(reply.push);
  if (reply.hello) return { type: 'hello', clock: reply.hello.clock, version: reply.hello.version };
  if (reply.waiting) return { type: 'waiting', clock: reply.waiting.clock, why: reply.waiting.why };
  if (reply.refusal) return refusalFromWire(reply.refusal);
  if (reply.idle) return { type: 'idle' };
  if (reply.notice) {
    const notice = NOTICE_FROM_WIRE.get(reply.notice.kind);
    return notice === undefined ? undefined : { type: 'notice', notice, value: reply.notice.value };
  }
  return undefined;
}
