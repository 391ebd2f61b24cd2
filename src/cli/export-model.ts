/** The final weights as one safetensors file, a tensor for each of the model's, from the newest checkpoint's parts. */
import { readFile } from 'node:fs/promises';
import type { Job } from '../config/job.ts';
import { Checkpoints } from '../coordinator/checkpoints.ts';
import { describeDataset } from '../datasets/registry.ts';
import { writeDurably } from '../durable-file.ts';
import { TardigradError } from '../errors.ts';
import { createModel } from '../models/registry.ts';
import { decodeCut } from '../ps/cut-file.ts';
import { encodeSafetensors } from '../tensor/safetensors.ts';
import { gather } from '../tensor/shard-map.ts';
import { tensorView } from '../tensor/layout.ts';

export interface ExportedModel {
  readonly path: string;
  readonly sha256: string;
  readonly checkpoint: number;
}

/** @throws DATA_LOSS where no checkpoint is whole. */
export async function exportModel(job: Job, checkpointsFolder: string, path: string): Promise<ExportedModel> {
  const { manifest, problem } = await new Checkpoints(checkpointsFolder, job.checkpoint.keep).newest();
  if (!manifest) throw new TardigradError('DATA_LOSS', `There are no weights to export: ${problem ?? 'no checkpoint was written'}.`);
  const { layout } = createModel(job.model, describeDataset(job.dataset.name));
  const flat = new Float32Array(layout.elements);
  const cuts = await Promise.all(manifest.files.map(async ({ file }) => decodeCut(await readFile(file), file)));
  for (const { ranges, copy } of cuts) gather(flat, ranges, copy.x);
  const tensors = layout.tensors.map(({ name, shape }) => ({
    name,
    dtype: 'F32' as const,
    shape,
    data: tensorView(flat, layout, name) as Float32Array<ArrayBuffer>,
  }));
  const facts = { job: job.name, model: job.model.name, checkpoint: String(manifest.id), versions: manifest.versions.join(',') };
  const { sha256 } = await writeDurably(path, encodeSafetensors(tensors, facts));
  return { path, sha256, checkpoint: manifest.id };
}
