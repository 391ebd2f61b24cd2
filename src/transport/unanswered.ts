/**
 * Which messages of a stream wait for an answer: both ends keep the same account. A message said twice before its answer
 * came counts once, because one answer may serve both.
 */
import type { DownMessage, UpMessage } from './messages.ts';

/** What a message and its answer share. */
function keyOf(message: UpMessage): string {
  switch (message.type) {
    case 'push':
      return `push ${message.header.sequence}`;
    case 'pull':
      return `pull ${message.clock}`;
    default:
      return message.type;
  }
}

/** The key of what a message answers; undefined for a notice, which answers nothing. */
function answeredKey(message: DownMessage): string | undefined {
  switch (message.type) {
    case 'push':
      return `push ${message.sequence}`;
    case 'weights':
    case 'waiting':
      return `pull ${message.clock}`;
    case 'refusal':
      if (message.about === 'push') return `push ${message.sequence}`;
      return message.about === 'pull' ? `pull ${message.clock}` : message.about;
    case 'notice':
      return undefined;
    default:
      return message.type;
  }
}

export class Unanswered {
  readonly #keys = new Set<string>();

  get size(): number {
    return this.#keys.size;
  }

  /** The oldest one, for a person. */
  get first(): string | undefined {
    const [first] = this.#keys;
    return first;
  }

  asked(message: UpMessage): void {
    this.#keys.add(keyOf(message));
  }

  answered(message: DownMessage): void {
    const key = answeredKey(message);
    if (key !== undefined) this.#keys.delete(key);
  }

  clear(): void {
    this.#keys.clear();
  }
}
