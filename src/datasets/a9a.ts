/**
 * a9a: the Adult census data (Kohavi and Becker, UCI; licence CC BY 4.0) as the LIBSVM collection prepared it: 123 features that
 * are 0 or 1, and whether an income lies above a line (label 1) or not (label 0).
 */
import { TardigradError } from '../errors.ts';
import { byteSplit, wholeNumbers } from './byte-split.ts';
import type { DataFile } from './data-file.ts';
import type { DatasetDefinition, DatasetDescription, Split } from './dataset.ts';

const FEATURES = 123;

const description: DatasetDescription = {
  name: 'a9a',
  inputShape: [FEATURES],
  classes: 2,
  trainSamples: 32_561,
  testSamples: 16_281,
};

function file(name: string, bytes: number, sha256: string): DataFile {
  return { dataset: 'a9a', name, bytes, sha256, urls: [`https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/binary/${name}`] };
}

export const a9a: DatasetDefinition = {
  description,
  files: [
    file('a9a', 2_327_314, '7ba53cccb27e2e525f0fb173e1f446d49856e3fb007eb43be4ec6d0f5b3335ca'),
    file('a9a.t', 1_164_628, '1f448a153f0320399a7e40836eb207655b0bde0f21fc941cc472193daa9f5de9'),
  ],
  load([train, test]) {
    return {
      description,
      train: split(train!, description.trainSamples),
      test: split(test!, description.testSamples),
    };
  },
};

function split(content: Uint8Array, samples: number): Split {
  const { inputs, labels } = parseBinaryFeatures(Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('latin1'), {
    features: FEATURES,
    samples,
  });
  return byteSplit({ inputs, labels, features: FEATURES, values: wholeNumbers });
}

/**
 * LIBSVM text, `label index:1 index:1 …` on each line with indices from 1, as one byte for each feature and one for each label
 * (-1 becomes 0, +1 becomes 1).
 * @throws TardigradError DATA_LOSS with the line's number for anything else.
 */
export function parseBinaryFeatures(
  text: string,
  { features, samples }: { readonly features: number; readonly samples: number },
): { inputs: Uint8Array; labels: Uint8Array } {
  const inputs = new Uint8Array(samples * features);
  const labels = new Uint8Array(samples);
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length !== samples)
    throw new TardigradError('DATA_LOSS', `LIBSVM text has ${lines.length} lines where ${samples} were expected.`);
  lines.forEach((line, sample) => {
    const [label, ...pairs] = line.trim().split(/\s+/);
    if (label !== '+1' && label !== '-1') throw wrongLine(sample, `has the label "${label}" where +1 or -1 was expected`);
    labels[sample] = label === '+1' ? 1 : 0;
    for (const pair of pairs) {
      const [index, value] = pair.split(':');
      const feature = Number(index);
      if (!Number.isInteger(feature) || feature < 1 || feature > features || value !== '1') {
        throw wrongLine(sample, `has "${pair}" where INDEX:1 with an index of 1 to ${features} was expected`);
      }
      inputs[sample * features + feature - 1] = 1;
    }
  });
  return { inputs, labels };
}

function wrongLine(sample: number, what: string): TardigradError {
  return new TardigradError('DATA_LOSS', `LIBSVM line ${sample + 1} ${what}.`, { facts: { line: sample + 1 } });
}
