/**
 * Turns what the schema found into sentences for the person who wrote the file: an unknown key or name is answered with
 * the nearest known one, one that is known elsewhere with the place where it belongs, and one that is planned with "not
 * built yet".
 */
import type { z } from 'zod';
import { assert } from '../errors.ts';
import { show } from './fields.ts';
import { nearest } from './nearest.ts';
import { isNotBuilt, NOT_BUILT_KEYS, NOT_BUILT_NAMES } from './not-built.ts';
import { pathText, printable, type Problem } from './problem.ts';
import { choiceAt, knownKeys, placesOf, requiredKeys } from './schema-vocabulary.ts';

export function explainIssue(root: z.ZodType, document: unknown, issue: z.core.$ZodIssue): Problem[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => explainKey(root, document, issue.path, key));
  if (issue.code === 'invalid_union' && issue.discriminator !== undefined) return explainChoice(root, document, issue.path);
  const message = explainValue(root, document, issue);
  return [{ path: pathText(issue.path), message }];
}

function explainKey(root: z.ZodType, document: unknown, path: readonly PropertyKey[], key: string): Problem {
  const at = (message: string): Problem => ({ path: pathText([...path, key]), message });
  if (isNotBuilt(NOT_BUILT_KEYS, pathText(path), key)) return at('not built yet; remove it');

  const choice = choiceAt(root, path, document);
  const owners = [...(choice?.branches ?? [])].flatMap(([name, keys]) => (keys.includes(key) ? [name] : []));
  if (choice !== undefined && owners.length > 0) {
    const chosen = String(valueAt(document, [...path, choice.discriminator]));
    return at(`does nothing with ${chosen}; remove it, or set ${pathText([...path, choice.discriminator])} to ${listed(owners)}`);
  }
  const known = knownKeys(root, path, document) ?? [];
  const guess = nearest(key, known);
  if (guess !== undefined) return at(`unknown key; did you mean ${guess}?`);
  const [place] = placesOf(root, key);
  if (place !== undefined) return at(`unknown key here; write it as ${place.join('.')}`);
  return at(`unknown key; known here: ${known.join(', ')}`);
}

/**
 * A group whose choice has no name, or an unknown one, at `path`. The schema looks no further there; keys that no branch
 * knows are reported all the same, for one of them may be the misspelt name of the choice: `polcy: ssp`.
 */
function explainChoice(root: z.ZodType, document: unknown, path: readonly PropertyKey[]): Problem[] {
  const groupPath = path.slice(0, -1);
  const group = valueAt(document, groupPath);
  const choice = choiceAt(root, groupPath, document);
  assert(choice !== undefined, `the schema has a choice at ${pathText(groupPath)}`);
  const known = new Set([...choice.branches.values()].flat());
  const unknown = Object.keys(group ?? {}).filter((key) => !known.has(key));
  const problems = unknown.map((key): Problem => {
    const guess = nearest(key, known);
    const message = guess === undefined ? `unknown key; known here: ${[...known].join(', ')}` : `unknown key; did you mean ${guess}?`;
    return { path: pathText([...groupPath, key]), message };
  });
  const misspelt = unknown.some((key) => nearest(key, known) === choice.discriminator);
  if (misspelt && valueAt(document, path) === undefined) return problems;
  return [{ path: pathText(path), message: explainName(path, valueAt(document, path), [...choice.branches.keys()]) }, ...problems];
}

function explainValue(root: z.ZodType, document: unknown, issue: z.core.$ZodIssue): string {
  const value = valueAt(document, issue.path);
  if (issue.code === 'invalid_value') return explainName(issue.path, value, issue.values.map(String));
  if (issue.code === 'invalid_type' && issue.expected === 'object') return explainGroup(root, document, issue.path, value);
  return issue.message;
}

/** A name that is not among the known ones. */
function explainName(path: readonly PropertyKey[], value: unknown, known: readonly string[]): string {
  const kind = String(path.at(-1) === 'name' && path.length > 1 ? path.at(-2) : path.at(-1));
  if (value === undefined) return `missing; give ${listed(known)}`;
  if (isNotBuilt(NOT_BUILT_NAMES, pathText(path), value)) return `${String(value)} is not built yet; use ${listed(known)}`;
  const guess = typeof value === 'string' ? nearest(value, known) : undefined;
  const question = guess === undefined ? 'known' : `did you mean ${guess}? Known`;
  return `unknown ${kind} ${show(value)}; ${question}: ${known.join(', ')}`;
}

/** Something else where a group of keys belongs, such as `model: cnn`. */
function explainGroup(root: z.ZodType, document: unknown, path: readonly PropertyKey[], value: unknown): string {
  const choice = choiceAt(root, path, document);
  const keys = choice === undefined ? (knownKeys(root, path, document) ?? []) : [choice.discriminator];
  if (value === undefined && choice !== undefined) return `missing; give ${choice.discriminator}: ${listed([...choice.branches.keys()])}`;
  const required = requiredKeys(root, path, document);
  if (value === undefined && required.length > 0) return `missing; give at least ${required.join(', ')}`;
  if (value === undefined) return `missing; give at least one of ${keys.join(', ')}`;
  if (choice !== undefined && typeof value === 'string') return `write it as { ${choice.discriminator}: ${printable(value, 60)} }`;
  return `${show(value)} is no group of keys; known here: ${keys.join(', ')}`;
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    document,
  );
}

/** a, b or c */
function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
