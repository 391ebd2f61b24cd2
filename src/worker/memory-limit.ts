/**
 * The limit `workerMemoryBytes`: a process that computes replaces itself when its resident set has grown beyond it. Native
 * TensorFlow, and what people do in a step, may leak a little in each of a million steps; a worker holds nothing that may
 * not be lost, so leaving in good order and starting anew is the cure that always works.
 *
 * Nothing is looked at before it works, and then only after a first interval: so each life trains something, and a job
 * gets on even under a limit that is too small for it.
 */
import { assert } from '../errors.ts';

/** Between two looks; one costs some microseconds. */
const CHECK_MS = 2_000;
/** Of the memory of the machine or container: the rest is for parameter servers, data in the page cache and other people. */
const SHARE = 0.75;
/** What TensorFlow and the gradients of an ordinary model never need: a small machine with many workers must not replace them for nothing. */
const FLOOR_BYTES = 2 * 1024 ** 3;

/**
 * The default of `workerMemoryBytes`: three quarters of the memory, shared evenly, and 2 GiB at least where there is as much.
 * @param totalBytes of the machine, or of the container that this process lives in
 * @param processes that compute there: workers, and an evaluator
 */
export function defaultWorkerMemoryBytes({ totalBytes, processes }: { totalBytes: number; processes: number }): number {
  assert(processes >= 1, 'at least one process computes');
  const available = SHARE * totalBytes;
  return Math.floor(Math.max(available / processes, Math.min(FLOOR_BYTES, available)));
}

/** Memory that this process may use: a container's limit counts where it is lower than what the machine has. */
export function memoryBytes(machineBytes: number, constrainedBytes: number): number {
  // 0 or beyond the machine: not constrained.
  return constrainedBytes > 0 ? Math.min(machineBytes, constrainedBytes) : machineBytes;
}

export interface MemoryWatchOptions {
  /** 0: no limit. */
  readonly workerMemoryBytes: number;
  readonly residentBytes: () => number;
  readonly log: (event: string, facts: Readonly<Record<string, unknown>>) => void;
  /** Once: end in good order, to be started again. */
  readonly onOver: () => void;
}

export class MemoryWatch {
  private readonly options: MemoryWatchOptions;
  private timer: NodeJS.Timeout | undefined;
  private isOver = false;

  constructor(options: MemoryWatchOptions) {
    this.options = options;
  }

  get over(): boolean {
    return this.isOver;
  }

  /** Begins to look; later calls do nothing. */
  start(): void {
    if (this.options.workerMemoryBytes > 0) this.timer ??= setInterval(() => this.check(), CHECK_MS).unref();
  }

  check(): void {
    const { workerMemoryBytes, residentBytes, log, onOver } = this.options;
    const resident = residentBytes();
    if (this.isOver || resident <= workerMemoryBytes) return;
    this.isOver = true;
    clearInterval(this.timer);
    log('memoryLimit', { residentBytes: resident, workerMemoryBytes });
    onOver();
  }
}
