/**
 * MNIST: 70,000 handwritten digits of 28 x 28 grey pixels (LeCun, Cortes, Burges; licence CC BY-SA 3.0), in the IDX format of
 * its authors: a magic number, the size of each dimension, then the bytes.
 */
import { TardigradError } from '../errors.ts';
import { byteSplit, unitInterval } from './byte-split.ts';
import type { DataFile } from './data-file.ts';
import type { DatasetDefinition, DatasetDescription, Split } from './dataset.ts';

const MIRRORS = ['https://ossci-datasets.s3.amazonaws.com/mnist/', 'https://storage.googleapis.com/cvdf-datasets/mnist/'];

const description: DatasetDescription = {
  name: 'mnist',
  inputShape: [28, 28, 1],
  classes: 10,
  trainSamples: 60_000,
  testSamples: 10_000,
};

function file(name: string, bytes: number, sha256: string): DataFile {
  return { dataset: 'mnist', name, bytes, sha256, urls: MIRRORS.map((mirror) => `${mirror}${name}.gz`) };
}

export const mnist: DatasetDefinition = {
  description,
  files: [
    file('train-images-idx3-ubyte', 47_040_016, 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db'),
    file('train-labels-idx1-ubyte', 60_008, '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5'),
    file('t10k-images-idx3-ubyte', 7_840_016, '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7'),
    file('t10k-labels-idx1-ubyte', 10_008, 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2'),
  ],
  load([trainImages, trainLabels, testImages, testLabels]) {
    return {
      description,
      train: split(trainImages!, trainLabels!, description.trainSamples),
      test: split(testImages!, testLabels!, description.testSamples),
    };
  },
};

function split(images: Uint8Array, labels: Uint8Array, samples: number): Split {
  return byteSplit({
    inputs: idxBytes(images, [samples, 28, 28]),
    labels: idxBytes(labels, [samples]),
    features: 28 * 28,
    values: unitInterval,
  });
}

/**
 * The bytes of an IDX file of unsigned bytes with just these dimensions, as a view of `content`.
 * @throws TardigradError DATA_LOSS where the header says otherwise or the length does not fit.
 */
export function idxBytes(content: Uint8Array, dimensions: readonly number[]): Uint8Array {
  const header = [0x0800 + dimensions.length, ...dimensions];
  const elements = dimensions.reduce((product, size) => product * size, 1);
  if (content.length !== header.length * 4 + elements) {
    throw new TardigradError(
      'DATA_LOSS',
      `An IDX file of ${content.length} bytes cannot hold ${dimensions.join(' x ')} bytes and a header.`,
    );
  }
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  header.forEach((expected, i) => {
    const found = view.getUint32(i * 4);
    if (found !== expected)
      throw new TardigradError('DATA_LOSS', `An IDX header has ${found} in word ${i} where ${expected} was expected.`);
  });
  return content.subarray(header.length * 4);
}
