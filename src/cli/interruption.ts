/**
 * Somebody wants the launcher to end before its job: Ctrl-C, a supervisor, a terminal that closes. The first time it may
 * finish in good order, within a bound; the second time, or at the bound, it ends at once.
 */
import { performance } from 'node:perf_hooks';

/** From the first word of it to the last process gone, whatever happens. */
const INTERRUPT_MS = 4_500;
/** Signals so close together are one: npm passes on to its child the Ctrl-C that the terminal has sent to both. */
const ONE_SIGNAL_MS = 400;

export interface InterruptionOptions {
  /** Called once, with what ended it: a signal's name, or that nobody reads its output any more. */
  readonly onFirst: (how: string) => void;
  readonly endAtOnce: () => void;
}

export class Interruption {
  private readonly options: InterruptionOptions;
  private first: string | undefined;
  private firstMs = 0;

  constructor(options: InterruptionOptions) {
    this.options = options;
  }

  /** Undefined as long as nobody wants it to end. */
  get how(): string | undefined {
    return this.first;
  }

  listen(): void {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => this.onSignal(signal));
    // A terminal or a pipe that is gone: nobody reads on, so nobody waits for the rest.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => this.begin('closed output'));
  }

  private onSignal(signal: NodeJS.Signals): void {
    if (this.first === undefined) return this.begin(signal);
    // A closing terminal may say so more than once; only a person's second Ctrl-C, or a second kill, is in a hurry.
    if (signal !== 'SIGHUP' && performance.now() - this.firstMs > ONE_SIGNAL_MS) this.options.endAtOnce();
  }

  private begin(how: string): void {
    if (this.first !== undefined) return;
    this.first = how;
    this.firstMs = performance.now();
    setTimeout(() => this.options.endAtOnce(), INTERRUPT_MS).unref();
    this.options.onFirst(how);
  }
}
