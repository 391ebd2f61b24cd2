/**
 * Which worker of a local cluster computes on which GPU of this machine. TensorFlow computes on the first GPU that it sees,
 * so each worker is shown one alone, by CUDA_VISIBLE_DEVICES in its environment; memory that grows with need
 * (`tensorFlowEnvironment`) lets several share one.
 */

/**
 * The GPU of each worker, in their order; those beyond the last GPU begin again at the first.
 * @param gpus as CUDA_VISIBLE_DEVICES names them
 * @param workersAsked default: one for each GPU, and one where there is none
 */
export function placement(gpus: readonly string[], workersAsked?: number): readonly (string | undefined)[] {
  const workers = workersAsked ?? Math.max(1, gpus.length);
  return Array.from({ length: workers }, (_, worker) => (gpus.length === 0 ? undefined : gpus[worker % gpus.length]));
}

/**
 * The machine's GPUs that this process and its children may use, by name.
 * @param count how many the machine has
 * @param allowed CUDA_VISIBLE_DEVICES: as CUDA reads it, the list ends at the first that is none
 */
export function usableGpus(count: number, allowed: string | undefined): readonly string[] {
  if (count === 0) return [];
  if (allowed === undefined) return Array.from({ length: count }, (_, index) => String(index));
  const names = allowed.split(',').map((name) => name.trim());
  const end = names.findIndex((name) => name === '' || name.startsWith('-'));
  return end < 0 ? names : names.slice(0, end);
}

/** Variables that show a process this GPU alone. */
export function gpuEnvironment(
  gpu: string | undefined,
  { CUDA_VISIBLE_DEVICES: allowed, CUDA_DEVICE_ORDER: order }: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  if (gpu === undefined) return {};
  // CUDA counts the fastest first, nvidia-smi by the bus: its numbers hold only in its order. Who chose GPUs chose an order too.
  const byBus = allowed === undefined && order === undefined;
  return { CUDA_VISIBLE_DEVICES: gpu, ...(byBus ? { CUDA_DEVICE_ORDER: 'PCI_BUS_ID' } : {}) };
}

/** For a person, before the start. @param models what each GPU of the machine is */
export function describePlacement(gpus: number, workers: number, models: readonly string[]): string {
  const kinds = [...new Set(models)].join(', ');
  const what = `${gpus === 1 ? 'GPU' : `${gpus} GPUs`}: ${kinds}`;
  if (gpus === 1) return `${what}; ${workers === 1 ? 'the worker computes on it' : `${workers} workers share it`}.`;
  if (workers > gpus) return `${what}; ${workers} workers share them in turn.`;
  if (workers === gpus) return `${what}; one worker on each.`;
  return `${what}; ${workers === 1 ? 'the worker computes on the first' : `one worker on each of the first ${workers}`}.`;
}
