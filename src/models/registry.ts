/**
 * The models by name. A name, its options and a data set give a Model; what does not fit is refused here, with the
 * reason and with what would fit, so that a job fails before any process computes.
 */
import type { DatasetDescription } from '../datasets/dataset.ts';
import { TardigradError } from '../errors.ts';
import { cnn, smallestCnnSide } from './cnn.ts';
import { logisticRegression } from './logistic-regression.ts';
import { mlp } from './mlp.ts';
import type { Model } from './model.ts';
import { softmaxRegression } from './softmax-regression.ts';

export const modelNames = ['logistic-regression', 'mlp', 'cnn'] as const;
export type ModelName = (typeof modelNames)[number];

export interface ModelConfig {
  readonly name: ModelName;
  /** mlp: widths of the hidden layers, first to last. Default [128]; [] is softmax regression. */
  readonly hidden?: readonly number[] | undefined;
  /** cnn: output channels of its two convolutions. Default [32, 64]. */
  readonly filters?: readonly [number, number] | undefined;
  /** cnn: width of the dense layer before the logits. Default 128. */
  readonly dense?: number | undefined;
}

type OptionName = Exclude<keyof ModelConfig, 'name'>;

interface ModelEntry {
  readonly options: readonly OptionName[];
  /** Why the data set does not fit, with what would; undefined where it fits. */
  misfit(dataset: DatasetDescription): string | undefined;
  create(config: ModelConfig, dataset: DatasetDescription): Model;
}

const models: Readonly<Record<ModelName, ModelEntry>> = {
  'logistic-regression': {
    options: [],
    misfit: () => undefined,
    create: (_config, dataset) => (dataset.classes === 2 ? logisticRegression(dataset) : softmaxRegression(dataset)),
  },
  mlp: {
    options: ['hidden'],
    misfit: () => undefined,
    create: ({ hidden = [128] }, dataset) => mlp(dataset, { hidden }),
  },
  cnn: {
    options: ['filters', 'dense'],
    misfit(dataset) {
      const [height = 0, width = 0] = dataset.inputShape;
      if (dataset.inputShape.length === 3 && height >= smallestCnnSide && width >= smallestCnnSide) return undefined;
      return `It needs images [height, width, channels] of at least ${smallestCnnSide} x ${smallestCnnSide}, as in mnist or digits.`;
    },
    create: ({ filters = [32, 64], dense = 128 }, dataset) => cnn(dataset, { filters, dense }),
  },
};

/** @throws TardigradError INVALID_ARGUMENT for an unknown name, an option the model does not use, a size that is none, a data set that does not fit. */
export function createModel(config: ModelConfig, dataset: DatasetDescription): Model {
  const entry = findModel(config.name);
  refuseUnusedOptions(config, entry);
  for (const width of [...(config.hidden ?? []), ...(config.filters ?? [])]) requireSize(config.name, width);
  if (config.dense !== undefined) requireSize(config.name, config.dense);
  if (config.filters !== undefined && config.filters.length !== 2) {
    throw new TardigradError('INVALID_ARGUMENT', `The option filters has ${config.filters.length} entries; cnn has 2 convolutions.`, {
      next: 'Give two channel counts, such as [32, 64].',
    });
  }
  const misfit = dataset.classes < 2 ? 'Every model needs at least 2 classes.' : entry.misfit(dataset);
  if (misfit !== undefined) {
    const shape = `inputs [${dataset.inputShape.join(', ')}] and ${dataset.classes} classes`;
    throw new TardigradError('INVALID_ARGUMENT', `The model ${config.name} does not fit the data set ${dataset.name} (${shape}).`, {
      facts: { model: config.name, dataset: dataset.name },
      next: misfit,
    });
  }
  return entry.create(config, dataset);
}

function findModel(name: string): ModelEntry {
  if (Object.hasOwn(models, name)) return models[name as ModelName];
  throw new TardigradError('INVALID_ARGUMENT', `There is no model named ${name}.`, { next: `Choose one of ${modelNames.join(', ')}.` });
}

function refuseUnusedOptions(config: ModelConfig, entry: ModelEntry): void {
  for (const [option, value] of Object.entries(config)) {
    if (option === 'name' || value === undefined || entry.options.includes(option as OptionName)) continue;
    const used = entry.options.length === 0 ? 'it takes no options' : `it takes ${entry.options.join(' and ')}`;
    const owner = modelNames.find((name) => models[name].options.includes(option as OptionName));
    throw new TardigradError('INVALID_ARGUMENT', `The model ${config.name} does not use the option ${option}: ${used}.`, {
      facts: { model: config.name, option },
      next: owner === undefined ? 'Remove it.' : `Remove it, or choose ${owner}.`,
    });
  }
}

function requireSize(model: string, size: number): void {
  if (Number.isSafeInteger(size) && size >= 1) return;
  throw new TardigradError('INVALID_ARGUMENT', `A layer of ${model} has the size ${size}; sizes are whole numbers from 1.`, {
    next: 'Correct the sizes in the model options.',
  });
}
