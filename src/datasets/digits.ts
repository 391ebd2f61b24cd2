/**
 * `digits`: handwriting of nobody's, generated in the process and needing no file: 28 x 28 grey pixels, ten classes, the shapes
 * and ranges of MNIST, for machines that have neither the file nor a network.
 *
 * Sample i of a split is drawn from the random sequence (seed, dataset, split, i), so any of them can be made alone, and with
 * exactly rounded arithmetic only, so the bytes are the same on every machine.
 */
import { createHash } from 'node:crypto';
import { assert } from '../errors.ts';
import { Random } from '../random.ts';
import { byteSplit, unitInterval } from './byte-split.ts';
import type { Dataset, DatasetDefinition, DatasetDescription, Split } from './dataset.ts';
import { glyphs } from './digit-glyphs.ts';
import { DigitPen, SIDE } from './digit-pen.ts';

const PIXELS = SIDE * SIDE;

const description: DatasetDescription = {
  name: 'digits',
  inputShape: [SIDE, SIDE, 1],
  classes: glyphs.length,
  trainSamples: 20_000,
  testSamples: 4_000,
};

/** The seed of the data set that jobs name; a job's own seed never changes the data. */
export const DIGITS_SEED = 1;

/** SHA-256 of all images and then all labels of a split, for seed 1 and the sizes above. */
export const digitsSha256 = {
  train: 'e2daeb571604bd9e6f25a9164a34127d4479fae4daff306b62af1794bc7da25e',
  test: '7e8f4346284acd252ec51c64c02244375f3100b0c407656bd4902e049f67eba8',
} as const;

/** Tells the random sequences of the splits apart; never changed. */
const SPLIT_NUMBER = { train: 0, test: 1 } as const;

export type SplitName = keyof typeof SPLIT_NUMBER;

export interface DigitBytes {
  /** samples x 784, 0 black to 255 white. */
  readonly images: Uint8Array;
  /** 0 … 9, each drawn with the same chance. */
  readonly labels: Uint8Array;
}

/** The first `samples` of a split. */
export function generateDigits({
  seed,
  split,
  samples,
}: {
  readonly seed: number;
  readonly split: SplitName;
  readonly samples: number;
}): DigitBytes {
  const images = new Uint8Array(samples * PIXELS);
  const labels = new Uint8Array(samples);
  const pen = new DigitPen();
  for (let sample = 0; sample < samples; sample++) {
    const random = new Random({ seed, stream: 'dataset', worker: SPLIT_NUMBER[split], iteration: sample });
    const label = random.integer(glyphs.length);
    const ways = glyphs[label]!;
    labels[sample] = label;
    pen.write(ways[random.integer(ways.length)]!, random, images.subarray(sample * PIXELS, (sample + 1) * PIXELS));
  }
  return { images, labels };
}

export function hashDigits({ images, labels }: DigitBytes): string {
  return createHash('sha256').update(images).update(labels).digest('hex');
}

function makeSplit(split: SplitName, samples: number): Split {
  const bytes = generateDigits({ seed: DIGITS_SEED, split, samples });
  // A different hash means that this engine computes differently, and that no result of it could be compared with another's.
  const sha256 = hashDigits(bytes);
  assert(sha256 === digitsSha256[split], `digits (${split}) has SHA-256 ${sha256} on this machine, not ${digitsSha256[split]}`);
  return byteSplit({ inputs: bytes.images, labels: bytes.labels, features: PIXELS, values: unitInterval });
}

export const digits: DatasetDefinition = {
  description,
  files: [],
  load(): Dataset {
    // Each split is made when first touched: a worker never needs the test samples, an evaluator never the others.
    let train: Split | undefined;
    let test: Split | undefined;
    return {
      description,
      get train() {
        return (train ??= makeSplit('train', description.trainSamples));
      },
      get test() {
        return (test ??= makeSplit('test', description.testSamples));
      },
    };
  },
};
