/** Every data set by the name that a job gives it. A new one is a definition in a file of its own and a line here. */
import { closest } from 'fastest-levenshtein';
import { errorMessage, TardigradError } from '../errors.ts';
import { a9a } from './a9a.ts';
import type { Dataset, DatasetDefinition, DatasetDescription } from './dataset.ts';
import { digits } from './digits.ts';
import { mnist } from './mnist.ts';
import type { DataSource } from './source.ts';
import { findFiles } from './source.ts';

const definitions: ReadonlyMap<string, DatasetDefinition> = new Map([a9a, digits, mnist].map((known) => [known.description.name, known]));

export const datasetNames: readonly string[] = [...definitions.keys()];

/** What is known without reading a file. @throws TardigradError NOT_FOUND for an unknown name, with the nearest known one. */
export function describeDataset(name: string): DatasetDescription {
  return definition(name).description;
}

/**
 * The samples, from files found where `source` says and checked by SHA-256, or generated.
 * @throws TardigradError NOT_FOUND for an unknown name, or where no right copy of a file is to be had.
 */
export async function loadDataset(name: string, source: DataSource): Promise<Dataset> {
  const known = definition(name);
  const files = await findFiles(known.files, source);
  return known.load(files.map(({ content }) => content));
}

export type ResolvedDataset =
  | {
      readonly name: string;
      /** Paths of its files, by name without `.gz`; empty for a generated data set. */
      readonly files: Readonly<Record<string, string>>;
    }
  | {
      /** Why not, in one line. */
      readonly unavailable: string;
    };

/**
 * Finds (or downloads) and checks the files of a data set without loading it, so that what starts a job can choose another one.
 * @throws TardigradError NOT_FOUND for an unknown name.
 */
export async function resolveDataset(name: string, source: DataSource): Promise<ResolvedDataset> {
  const known = definition(name);
  try {
    const found = await findFiles(known.files, source);
    return { name, files: Object.fromEntries(known.files.map((file, i) => [file.name, found[i]!.path])) };
  } catch (error) {
    if (!(error instanceof TardigradError)) throw error;
    return { unavailable: errorMessage(error) };
  }
}

function definition(name: string): DatasetDefinition {
  const known = definitions.get(name);
  if (known !== undefined) return known;
  throw new TardigradError('NOT_FOUND', `There is no data set "${name}"; known are ${datasetNames.join(', ')}.`, {
    facts: { name },
    next: `Did you mean "${closest(name, [...datasetNames])}"?`,
  });
}
