/** YAML text as plain data: a small, strict part of the language, with the line in every message. */
import { parseDocument, type YAMLError } from 'yaml';
import { errorMessage } from '../errors.ts';
import { InvalidJobError, printable } from './problem.ts';

/** A job file has some thirty keys; what is far longer is not one. */
export const JOB_FILE_BYTES_MAX = 32_768;

/**
 * Reads one YAML document as plain data. Refused: duplicate keys (one of them would silently win), tags (`!!js/...`, `!!binary`),
 * aliases (a few lines of them unfold into gigabytes), several documents, and texts over the size limit.
 * @throws InvalidJobError naming the line
 */
export function parseYaml(text: string, origin: string): unknown {
  const bytes = Buffer.byteLength(text);
  if (bytes > JOB_FILE_BYTES_MAX) fail(origin, [`${bytes} bytes long; the limit is ${JOB_FILE_BYTES_MAX}. Is it a job file?`]);
  try {
    const document = parseDocument(text, {
      version: '1.2',
      schema: 'core',
      uniqueKeys: true,
      strict: true,
      stringKeys: true,
      prettyErrors: true,
    });
    // A tag that is not known is only a warning to the package.
    const complaints = [...document.errors, ...document.warnings];
    if (complaints.length > 0) fail(origin, [...new Set(complaints.map(sentence))]);
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    if (error instanceof InvalidJobError) throw error;
    if (error instanceof ReferenceError) fail(origin, ['aliases (*name) are not allowed; write the values out'], error);
    return fail(origin, [error instanceof RangeError ? TOO_DEEP : firstLine(errorMessage(error))], error);
  }
}

const TOO_DEEP = 'nested too deeply';

/** In place of the package's own words, where those speak of its functions or of things that nobody wrote. */
const WORDS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'the key stands twice; remove one',
  MULTIPLE_DOCS: 'several documents in one file; keep one',
  TAG_RESOLVE_FAILED: 'tags (!name) are not allowed; write a plain value',
};

function sentence({ code, message, linePos }: YAMLError): string {
  if (message.startsWith('Maximum call stack')) return TOO_DEEP;
  const words = Object.hasOwn(WORDS, code) ? WORDS[code] : undefined;
  if (words === undefined) return firstLine(message);
  return linePos === undefined ? words : `line ${linePos[0].line}: ${words}`;
}

function fail(origin: string, messages: readonly string[], cause?: unknown): never {
  const problems = messages.map((message) => ({ path: '', message }));
  throw new InvalidJobError(origin, problems, cause);
}

/** The package's messages go on with an excerpt of the text; the first line names line and column. */
function firstLine(message: string): string {
  return printable((message.split('\n', 1)[0] ?? message).replace(/:$/, ''), 200);
}
