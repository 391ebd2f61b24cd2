/** A worker's requests as calls of the coordinator's service, and its replies as answers. */
import type { CoordinatorClient } from '../transport/coordinator-client.ts';
import type { HeartbeatReply__Output } from '../transport/generated/tardigrad/v1/HeartbeatReply.ts';
import type { WorkerReport } from '../transport/generated/tardigrad/v1/WorkerReport.ts';
import type { Identity } from '../transport/messages.ts';
import type { HeldTask, SettledKind, WorkerAnswer, WorkerRequest } from '../transport/requests.ts';
import { identityFromWire } from '../transport/wire.ts';

export interface AskContext {
  readonly worker: string;
  readonly evaluator: boolean;
  readonly backend: string;
  readonly why: string;
  readonly identity: Identity | undefined;
  readonly held: readonly HeldTask[];
  readonly report: WorkerReport | null;
  readonly epochSeen: number;
}

export interface Answered {
  readonly answer: WorkerAnswer;
  readonly epoch: number;
  /** With `registered`: the job. */
  readonly jobSpec?: string;
  readonly ranges?: readonly (readonly { start: number; length: number }[])[];
}

const WIRE_KINDS = {
  trained: 'TRAINED',
  withheld: 'WITHHELD',
  partlyRefused: 'PARTLY_REFUSED',
  torn: 'TORN',
  refused: 'REFUSED',
} as const satisfies Record<SettledKind, string>;

/** @throws TardigradError where the coordinator is not reached, or says "not now". */
export async function ask(client: CoordinatorClient, request: WorkerRequest, context: AskContext): Promise<Answered> {
  const { identity, epochSeen, report } = context;
  const call = { identity: identity ?? null, held: [...context.held], epochSeen, report };
  switch (request.type) {
    case 'register':
      return register(client, context);
    case 'report':
      return fromHeartbeat(await client.heartbeat(call));
    case 'leave':
      return fromHeartbeat(await client.leave(call));
    case 'finish': {
      const settled = request.settled.map(({ firstBatch, count, kind }) => ({ firstBatch, count, kind: WIRE_KINDS[kind] }));
      return fromHeartbeat(await client.finishTask({ ...call, task: request.task, settled, refusedAttempts: request.refusedAttempts }));
    }
    case 'lease': {
      const reply = await client.leaseTask(call);
      const { epoch } = reply;
      if (reply.refused) return { epoch, answer: { type: 'fenced', why: reply.why } };
      if (reply.finished) return { epoch, answer: { type: 'finished' } };
      if (reply.drain) return { epoch, answer: { type: 'ok', drain: true } };
      if (!reply.task) return { epoch, answer: { type: 'none' } };
      const { task, firstBatch, count, kind } = reply.task;
      return {
        epoch,
        answer: {
          type: 'task',
          task: { task, firstBatch, count, kind: kind === 'TRAIN' ? 'train' : kind === 'INITIALIZE' ? 'initialize' : 'evaluate' },
        },
      };
    }
  }
}

async function register(client: CoordinatorClient, { worker, evaluator, backend, why }: AskContext): Promise<Answered> {
  const reply = await client.register({ worker, evaluator, backend, why });
  const { epoch } = reply;
  if (reply.finished) return { epoch, answer: { type: 'finished' } };
  if (reply.waiting || !reply.identity) return { epoch, answer: { type: 'wait', why: reply.why } };
  return {
    epoch,
    answer: { type: 'registered', identity: identityFromWire(reply.identity), mapVersion: reply.mapVersion, shards: reply.shards },
    jobSpec: reply.jobSpec,
    ranges: reply.shards.map(({ ranges }) => ranges),
  };
}

function fromHeartbeat(reply: HeartbeatReply__Output): Answered {
  const { epoch } = reply;
  if (reply.refused) return { epoch, answer: { type: 'fenced', why: reply.why } };
  if (reply.finished) return { epoch, answer: { type: 'finished' } };
  return { epoch, answer: { type: 'ok', drain: reply.drain } };
}
