/**
 * The one place that lets settings from outside in: copies plain data (numbers, texts, true/false, null, lists, groups of
 * keys) into objects without a prototype, and refuses everything else. A key such as `__proto__` could change what every
 * object of the process inherits when some later code assigns it, so it is refused here, at any depth.
 */
import { pathText, type Problem } from './problem.ts';

const HAZARDOUS_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
const DEPTH_MAX = 8;
const ENTRIES_MAX = 2_000;

export interface PlainCopy {
  readonly value: unknown;
  readonly problems: readonly Problem[];
}

export function copyPlainData(source: unknown): PlainCopy {
  const problems: Problem[] = [];
  let entries = 0;

  function copy(value: unknown, path: readonly PropertyKey[]): unknown {
    if (value === null || ['string', 'boolean', 'number'].includes(typeof value)) return value;
    entries += 1;
    if (path.length > DEPTH_MAX || entries > ENTRIES_MAX)
      return refuse(path, `too much in it; at most ${DEPTH_MAX} levels and ${ENTRIES_MAX} entries`);
    if (Array.isArray(value)) return value.slice(0, ENTRIES_MAX).map((item, index) => copy(item, [...path, index]));
    if (!isPlainObject(value))
      return refuse(path, `holds ${describe(value)}; only numbers, texts, true, false, null, lists and groups of keys fit`);
    const target: Record<string, unknown> = Object.create(null);
    for (const key of Object.keys(value)) {
      if (HAZARDOUS_KEYS.has(key)) refuse([...path, key], 'not allowed as a key; remove it');
      else if (value[key] !== undefined) target[key] = copy(value[key], [...path, key]);
    }
    return target;
  }

  function refuse(path: readonly PropertyKey[], message: string): undefined {
    problems.push({ path: pathText(path), message });
    return undefined;
  }

  return { value: copy(source, []), problems };
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function describe(value: unknown): string {
  return typeof value === 'object' ? 'an object of a class' : `a ${typeof value}`;
}
