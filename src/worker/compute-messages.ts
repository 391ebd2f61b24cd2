/**
 * What the I/O thread and the compute thread of a worker say to one another. Numbers lie in shared memory: weights and
 * gradients in slots, one for each iteration that may be under way; messages only say which.
 */
import type { BackendName } from '../compute/backends.ts';
import type { Job } from '../config/job.ts';

export interface ComputeThreadData {
  readonly backend: BackendName | 'auto';
  readonly threads: number | undefined;
  readonly dataDirectory: string | undefined;
}

export type ComputeRequest =
  | {
      readonly type: 'prepare';
      readonly spec: Job;
      /** slots x elements float32 each. */
      readonly weights: SharedArrayBuffer;
      readonly gradients: SharedArrayBuffer;
      readonly slots: number;
      /** Train batches (worker) or test batches (evaluator). */
      readonly split: 'train' | 'test';
    }
  | { readonly type: 'gradient'; readonly slot: number; readonly firstBatch: number; readonly count: number; readonly life: number }
  | { readonly type: 'initialize'; readonly life: number }
  | { readonly type: 'evaluate'; readonly slot: number };

export type ComputeReply =
  | { readonly type: 'backend'; readonly name: string; readonly device: string; readonly why: string }
  | { readonly type: 'prepared' }
  /** Something that a person may want to know, for the log. */
  | { readonly type: 'notice'; readonly line: string }
  | {
      readonly type: 'gradient';
      readonly slot: number;
      readonly life: number;
      readonly loss: number;
      readonly samples: number;
      readonly finite: boolean;
      readonly dataMs: number;
      readonly computeMs: number;
    }
  | { readonly type: 'initialized'; readonly life: number }
  | { readonly type: 'evaluated'; readonly loss: number; readonly accuracy: number; readonly samples: number; readonly seconds: number }
  | { readonly type: 'failed'; readonly message: string };
