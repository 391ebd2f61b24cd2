/** A split whose samples lie in memory as bytes, and become float32 only when a batch is read. */
import { assert } from '../errors.ts';
import type { Split } from './dataset.ts';

export interface ByteSamples {
  /** samples x features, one byte each. */
  readonly inputs: Uint8Array;
  /** One class number for each sample. */
  readonly labels: Uint8Array;
  readonly features: number;
  /** The float32 that each byte stands for: 256 of them. */
  readonly values: Float32Array;
}

/** Bytes 0 … 255 as 0 … 1, each quotient rounded to float32: what an image's pixels mean to a model. */
export const unitInterval: Float32Array = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

/** Bytes as themselves: for features that are 0 or 1. */
export const wholeNumbers: Float32Array = Float32Array.from({ length: 256 }, (_, byte) => byte);

/** A split kept as bytes, a quarter of its float32 size, and widened batch by batch. */
export function byteSplit({ inputs: bytes, labels: classes, features, values }: ByteSamples): Split {
  const samples = classes.length;
  assert(bytes.length === samples * features, `${bytes.length} input bytes for ${samples} samples of ${features} features`);
  assert(values.length === 256, `${values.length} values for the 256 bytes`);
  return {
    samples,
    fill(indices, inputs, labels) {
      assert(
        inputs.length >= indices.length * features,
        `${inputs.length} inputs have no room for ${indices.length} samples of ${features}`,
      );
      assert(labels.length >= indices.length, `${labels.length} labels have no room for ${indices.length} samples`);
      let to = 0;
      for (let i = 0; i < indices.length; i++) {
        const sample = indices[i]!;
        // Not only a range check: NaN and fractions fail it too.
        assert(Number.isInteger(sample) && sample >= 0 && sample < samples, `sample ${sample} of ${samples}`);
        let from = sample * features;
        for (let feature = 0; feature < features; feature++) inputs[to++] = values[bytes[from++]!]!;
        labels[i] = classes[sample]!;
      }
    },
  };
}
