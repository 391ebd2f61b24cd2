/**
 * The order in which a job sees its samples.
 *
 * Each data epoch has its own seeded shuffle, and batches are numbered through all epochs: batch b belongs to data epoch
 * floor(b / batchesPerEpoch) and takes the next run of that epoch's shuffle. So one number names the same samples for the
 * coordinator that leases it, the worker that computes it, and whoever does it again after a failure; no list is ever sent.
 */
import { assert, TardigradError } from '../errors.ts';
import { Random } from '../random.ts';

export type SampleOrder = 'shuffled' | 'sequential';

/** Keeps these sequences apart from those that the same seed and stream give to workers, which are numbered from 0. */
const SHUFFLE = 0xffff_ffff;

/** A Uint32Array names samples below this. */
const SAMPLES_MAX = 0xffff_ffff;

/** The samples 0 … samples - 1 in the order of this data epoch: the same on every machine (Fisher and Yates). */
export function permutation(seed: number, dataEpoch: number, samples: number): Uint32Array {
  const order = identity(samples);
  new Random({ seed, stream: 'data', worker: SHUFFLE, iteration: dataEpoch }).shuffle(order);
  return order;
}

/** The samples in their own order, for every data epoch alike. */
export function identity(samples: number): Uint32Array {
  const order = new Uint32Array(samples);
  for (let sample = 0; sample < samples; sample++) order[sample] = sample;
  return order;
}

export interface BatchPlan {
  /** Samples in a data epoch. */
  readonly samples: number;
  /** Samples in a batch; the last one of a data epoch may hold fewer. */
  readonly batchSize: number;
  readonly batchesPerEpoch: number;
}

/** @throws TardigradError INVALID_ARGUMENT for sizes that are not whole and positive. */
export function batchPlan({ samples, batchSize }: { readonly samples: number; readonly batchSize: number }): BatchPlan {
  if (!isCount(samples)) throw notACount('samples', samples);
  if (!isCount(batchSize)) throw notACount('batchSize', batchSize);
  return Object.freeze({ samples, batchSize, batchesPerEpoch: Math.ceil(samples / batchSize) });
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= SAMPLES_MAX;
}

function notACount(name: string, value: number): TardigradError {
  return new TardigradError('INVALID_ARGUMENT', `${name} is ${value}.`, {
    facts: { [name]: value },
    next: `It must be a whole number from 1 to ${SAMPLES_MAX}.`,
  });
}

/** A batch's place: `count` samples of its data epoch's order, from position `first` on. */
export interface BatchRange {
  readonly dataEpoch: number;
  readonly first: number;
  readonly count: number;
}

/** @param batch counted from 0 through all data epochs. */
export function batchRange(plan: BatchPlan, batch: number): BatchRange {
  assert(Number.isSafeInteger(batch) && batch >= 0, `batch ${batch} is not a whole number from 0`);
  const dataEpoch = Math.floor(batch / plan.batchesPerEpoch);
  const first = (batch - dataEpoch * plan.batchesPerEpoch) * plan.batchSize;
  return { dataEpoch, first, count: Math.min(plan.batchSize, plan.samples - first) };
}
