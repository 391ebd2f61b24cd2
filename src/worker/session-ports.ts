/**
 * What a worker's session is told once (options, rules) and what it wants done (ports). The I/O thread carries it out with
 * streams and a compute thread, the random schedules with queues of messages.
 */
import type { Hello, Identity, PushKind, UpMessage, Weights } from '../transport/messages.ts';
import type { HeldTask, WorkerAnswer, WorkerRequest } from '../transport/requests.ts';
import type { RetryRule } from './backoff.ts';

/** What the job says of how its workers go about an iteration; known once registered. */
export interface IterationRules {
  /** Iterations that may be pulled ahead while one computes: 0 or 1. */
  readonly pipelining: number;
  /** Pulls go to the shards in ascending order, each once the one before has served. */
  readonly pullsInOrder: boolean;
  /** Batches whose gradients go into one push. */
  readonly accumulate: number;
}

export interface SessionOptions extends IterationRules, RetryRule {
  /** How often an idle worker asks for work. */
  readonly idlePollMs: number;
  /** Silence towards the coordinator after which the lease is renewed by a report. */
  readonly reportMs: number;
  /** A batch that every shard refused is done again at most this often. */
  readonly batchAttempts: number;
}

/** What one push to one shard says, without the gradient: the port has that. */
export interface PushOrder {
  readonly slot: number;
  readonly sequence: number;
  readonly clock: number;
  readonly kind: PushKind;
  readonly versionRead: number;
  readonly versionSpread: number;
  readonly task: number;
  readonly firstBatch: number;
  readonly batchCount: number;
}

export interface SessionPorts {
  /** Closes this shard's older stream, opens a new one and says hello on it. */
  open(shard: number, hello: Hello): void;
  send(shard: number, message: Exclude<UpMessage, { type: 'push' | 'hello' }> | Hello): void;
  push(shard: number, order: PushOrder): void;
  ask(request: WorkerRequest, held: readonly HeldTask[], identity: Identity | undefined): void;
  /** Weights of all shards are in slot `slot`: compute the gradient of these batches there, then call `computed`. */
  compute(order: { readonly slot: number; readonly clock: number; readonly firstBatch: number; readonly count: number }): void;
  /** Compute the job's initial weights into slot 0, then call `computed`. */
  initialize(): void;
  /** This shard's weights for the iteration in `slot` have come. */
  weights(shard: number, slot: number, weights: Weights): void;
  /**
   * A registered worker knows its shards now; an `undefined` says that this life is over. `later`: it must get ready to
   * compute first, and calls `prepared`; until then it enters no clock, so that nobody waits for its loading.
   */
  joined(answer: Extract<WorkerAnswer, { type: 'registered' }> | undefined): 'later' | void;
  /** Every shard has answered the push of this slot. */
  iterationEnded?(slot: number): void;
  log(event: string, facts: Readonly<Record<string, string | number>>): void;
}
