/** Who takes part in a schedule: what each live process would hold around the pure core that it runs. */
import type { JobLeader } from '../../src/coordinator/leader.ts';
import type { OrderReply, ShardCopy } from '../../src/ps/events.ts';
import type { Shard } from '../../src/ps/shard.ts';
import type { SequenceVector } from '../../src/transport/members.ts';
import type { DownMessage, Range, UpMessage } from '../../src/transport/messages.ts';
import type { WorkerRequest } from '../../src/transport/requests.ts';
import type { WorkerSession } from '../../src/worker/session.ts';

/** One life of a parameter-server process. */
export interface Server {
  readonly index: number;
  readonly life: number;
  readonly shard: Shard;
  alive: boolean;
  readonly replies: Map<number, { readonly sequences: SequenceVector | undefined; readonly reply: (reply: OrderReply) => void }>;
}

export type UpItem = { readonly type: 'message'; readonly message: UpMessage; readonly malformed: boolean } | { readonly type: 'closed' };
export type DownItem = { readonly type: 'message'; readonly message: DownMessage; readonly epoch: number } | { readonly type: 'closed' };

export interface Stream {
  readonly id: number;
  readonly worker: WorkerProcess;
  readonly shard: number;
  readonly server: Server | undefined;
  up: UpItem[];
  down: DownItem[];
  clientOpen: boolean;
  serverOpen: boolean;
  /** Broken on its way: what is sent on it from now on is lost. */
  broken: boolean;
  /** The push at the head has come whole; what deviations remember of that moment. */
  staged: { readonly remembered: unknown } | undefined;
}

export interface WorkerProcess {
  readonly name: string;
  readonly process: number;
  readonly session: WorkerSession;
  alive: boolean;
  paused: boolean;
  cutOff: boolean;
  leaving: boolean;
  streams: (Stream | undefined)[];
  asked: { readonly request: WorkerRequest; readonly atMs: number } | undefined;
  computing: { readonly slot: number; readonly batches: number | undefined } | undefined;
  /** The batches whose gradient each slot holds, as bits. */
  readonly slots: (number | undefined)[];
  readonly read: Map<string, { readonly values: Float32Array; readonly sum: number }>;
}

export interface Coordinator {
  readonly epoch: number;
  readonly leader: JobLeader;
  readonly ranges: readonly (readonly Range[])[];
  alive: boolean;
  paused: boolean;
  pausedAtMs: number;
  /** Since when it has led without a gap. */
  awakeSinceMs: number;
}

/** A message between processes that is no part of a stream: delivered in any order. */
export interface Message {
  readonly label: string;
  /** It waits while its receiver is paused. */
  readonly to: { readonly paused: boolean } | undefined;
  readonly deliver: () => void;
}

/** A file of a cut, as the shard wrote it. */
export interface WrittenCut {
  readonly sum: number;
  readonly ranges: readonly Range[];
  readonly copy: ShardCopy;
}
