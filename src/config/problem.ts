/** What is wrong with a settings file, as values that are collected and told all at once. */
import { TardigradError } from '../errors.ts';

/** One thing wrong with a settings file: where, and a sentence with the next step. */
export interface Problem {
  /** `consistency.policy`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** More than these are not printed: a person mends the first ones and tries again. */
const PROBLEMS_SHOWN_MAX = 20;

/** A job file that cannot be used, with everything that is wrong with it at once. */
export class InvalidJobError extends TardigradError {
  readonly problems: readonly Problem[];

  /** @param origin the file's name, or what else the settings came from. */
  constructor(origin: string, problems: readonly Problem[], cause?: unknown) {
    const lines = problems
      .slice(0, PROBLEMS_SHOWN_MAX)
      .map(({ path, message }) => `  ${path === '' ? message : `${printable(path)}: ${message}`}`);
    const hidden = problems.length - lines.length;
    if (hidden > 0) lines.push(`  and ${hidden} more`);
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    super('INVALID_ARGUMENT', `${printable(origin)} has ${count}:\n${lines.join('\n')}`, {
      facts: { origin, problems: problems.length },
      cause,
    });
    this.problems = problems;
  }
}

/** ['stop', 'epochs'] as `stop.epochs`; ['model', 'hidden', 0] as `model.hidden[0]`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}

/** Text from outside as it may reach a terminal: bounded, on one line, without control characters. */
export function printable(text: string, lengthMax = 100): string {
  const shown = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD');
  return shown.length > lengthMax ? `${shown.slice(0, lengthMax - 3)}...` : shown;
}
