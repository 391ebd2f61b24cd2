/** What a data set is to the rest of the project, whichever it is and wherever it comes from. */
import type { DataFile } from './data-file.ts';

/** What is known of a data set before a byte of it is read; the coordinator needs no more. */
export interface DatasetDescription {
  readonly name: string;
  /** Shape of one input, e.g. [28, 28, 1] or [123]. */
  readonly inputShape: readonly number[];
  /** 2 and more: class labels 0 … classes - 1. */
  readonly classes: number;
  readonly trainSamples: number;
  readonly testSamples: number;
}

export interface Split {
  readonly samples: number;
  /** Writes the samples named by `indices` one after another: inputs as float32, labels as class numbers. */
  fill(indices: ArrayLike<number>, inputs: Float32Array, labels: Int32Array): void;
}

export interface Dataset {
  readonly description: DatasetDescription;
  readonly train: Split;
  readonly test: Split;
}

/** A data set that a job can name: what it is, which files it needs, and how they become samples. */
export interface DatasetDefinition {
  readonly description: DatasetDescription;
  /** Empty for a generated data set. */
  readonly files: readonly DataFile[];
  /** @param contents of `files`, in their order, uncompressed and checked. */
  load(contents: readonly Uint8Array[]): Dataset;
}
