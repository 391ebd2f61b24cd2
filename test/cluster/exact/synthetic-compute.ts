/** What computes for a worker in these tests: gradients that the test knows exactly, as functions of batch and weights. */
import type { Job } from '../../../src/config/job.ts';
import { describeDataset } from '../../../src/datasets/registry.ts';
import { batchPlan, batchRange } from '../../../src/datasets/permutation.ts';
import { createModel } from '../../../src/models/registry.ts';
import type { Compute, StartCompute } from '../../../src/worker/compute-link.ts';
import type { ComputeReply, ComputeRequest } from '../../../src/worker/compute-messages.ts';

export interface GradientCall {
  readonly batch: number;
  /** Gradients that this compute has been asked for before. */
  readonly iteration: number;
  /** The whole flat vector as it was pulled. */
  readonly weights: Float32Array;
  /** To be written: as long as the weights. */
  readonly out: Float32Array;
}

export interface SyntheticOptions {
  /** A promise holds the worker's compute thread, and nothing else, until it resolves. */
  readonly gradient: (call: GradientCall) => void | Promise<void>;
  readonly initialize?: (x: Float32Array) => void;
  /** What an evaluator's snapshot held. */
  readonly evaluated?: (weights: Float32Array) => void;
}

class Synthetic implements Compute {
  elements = 0;
  private readonly options: SyntheticOptions;
  private readonly say: (reply: ComputeReply) => void;
  private weightSlots: Float32Array[] = [];
  private gradientSlots: Float32Array[] = [];
  private spec: Job | undefined;
  private iterations = 0;
  private closed = false;

  constructor(options: SyntheticOptions, onReply: (reply: ComputeReply) => void) {
    this.options = options;
    this.say = (reply) => {
      setImmediate(() => {
        if (!this.closed) onReply(reply);
      });
    };
    this.say({ type: 'backend', name: 'synthetic', device: 'cpu', why: 'gradients known exactly' });
  }

  prepare(spec: Job, _split: 'train' | 'test', slots: number): void {
    this.spec = spec;
    this.elements = elementsOf(spec);
    const make = (): Float32Array[] =>
      Array.from({ length: slots }, () => new Float32Array(new SharedArrayBuffer(this.elements * Float32Array.BYTES_PER_ELEMENT)));
    this.weightSlots = make();
    this.gradientSlots = make();
    this.say({ type: 'prepared' });
  }

  post(request: ComputeRequest): void {
    switch (request.type) {
      case 'gradient':
        void this.gradientOf(request);
        return;
      case 'initialize':
        this.gradient(0).fill(0);
        this.options.initialize?.(this.gradient(0));
        this.say({ type: 'initialized', life: request.life });
        return;
      case 'evaluate':
        this.options.evaluated?.(this.weights(request.slot).slice());
        this.say({ type: 'evaluated', loss: 1, accuracy: 0.5, samples: 1, seconds: 0 });
        return;
      case 'prepare':
        throw new Error('prepare() is called by itself');
    }
  }

  private async gradientOf({ slot, firstBatch, life }: Extract<ComputeRequest, { type: 'gradient' }>): Promise<void> {
    const out = this.gradient(slot);
    const iteration = this.iterations;
    this.iterations += 1;
    try {
      await this.options.gradient({ batch: firstBatch, iteration, weights: this.weights(slot), out });
    } catch (error) {
      return this.say({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
    const finite = out.every((value) => Number.isFinite(value));
    this.say({ type: 'gradient', slot, life, loss: 1, samples: samplesOf(this.spec!, firstBatch), finite, dataMs: 0, computeMs: 0 });
  }

  weights(slot: number): Float32Array {
    return this.weightSlots[slot]!;
  }

  gradient(slot: number): Float32Array {
    return this.gradientSlots[slot]!;
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

export function synthetic(options: SyntheticOptions): StartCompute {
  return (onReply) => new Synthetic(options, onReply);
}

/** For an evaluator: it has nothing to compute. */
export const noGradients: SyntheticOptions = { gradient: () => undefined };

export function elementsOf(job: Job): number {
  return createModel(job.model, describeDataset(job.dataset.name)).layout.elements;
}

export function samplesOf(job: Job, batch: number): number {
  const { batchSize, name } = job.dataset;
  return batchRange(batchPlan({ samples: describeDataset(name).trainSamples, batchSize }), batch).count;
}

/** A gate that holds everyone who comes until it is opened. */
export class Gate {
  private open!: () => void;
  readonly opened: Promise<void>;
  isOpen = false;

  constructor() {
    this.opened = new Promise((done) => {
      this.open = () => {
        this.isOpen = true;
        done();
      };
    });
  }

  release(): void {
    this.open();
  }
}
