/** The I/O thread's side of the compute thread: starts it, hands it work, and tells of its answers. */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describeDataset } from '../datasets/registry.ts';
import { createModel } from '../models/registry.ts';
import type { Job } from '../config/job.ts';
import type { ComputeReply, ComputeRequest, ComputeThreadData } from './compute-messages.ts';

/** What computes for a worker: the thread below, or whatever answers the same requests. */
export interface Compute {
  readonly elements: number;
  /** Makes slots for this job's model, and gets ready: answered by `prepared`. */
  prepare(spec: Job, split: 'train' | 'test', slots: number): void;
  post(request: ComputeRequest): void;
  /** The slot's weights and gradient: flat vectors that both sides share. */
  weights(slot: number): Float32Array;
  gradient(slot: number): Float32Array;
  close(): Promise<void>;
}

export type StartCompute = (onReply: (reply: ComputeReply) => void) => Compute;

export class ComputeLink implements Compute {
  private readonly thread: Worker;
  private weightsBuffer = new SharedArrayBuffer(0);
  private gradientsBuffer = new SharedArrayBuffer(0);
  private elementCount = 0;

  constructor(data: ComputeThreadData, onReply: (reply: ComputeReply) => void) {
    this.thread = new Worker(fileURLToPath(new URL('./compute-thread.js', import.meta.url)), { workerData: data });
    this.thread.on('message', onReply);
    this.thread.on('error', (error) => onReply({ type: 'failed', message: error.message }));
  }

  get elements(): number {
    return this.elementCount;
  }

  prepare(spec: Job, split: 'train' | 'test', slots: number): void {
    const { elements } = createModel(spec.model, describeDataset(spec.dataset.name)).layout;
    const bytes = slots * elements * Float32Array.BYTES_PER_ELEMENT;
    if (this.weightsBuffer.byteLength !== bytes) {
      this.weightsBuffer = new SharedArrayBuffer(bytes);
      this.gradientsBuffer = new SharedArrayBuffer(bytes);
    }
    this.elementCount = elements;
    this.post({ type: 'prepare', spec, weights: this.weightsBuffer, gradients: this.gradientsBuffer, slots, split });
  }

  post(request: ComputeRequest): void {
    this.thread.postMessage(request);
  }

  weights(slot: number): Float32Array {
    return new Float32Array(this.weightsBuffer, slot * this.elementCount * Float32Array.BYTES_PER_ELEMENT, this.elementCount);
  }

  gradient(slot: number): Float32Array {
    return new Float32Array(this.gradientsBuffer, slot * this.elementCount * Float32Array.BYTES_PER_ELEMENT, this.elementCount);
  }

  async close(): Promise<void> {
    await this.thread.terminate();
  }
}
