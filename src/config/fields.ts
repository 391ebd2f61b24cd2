/**
 * The kinds of value that a settings file holds. Each field carries one whole sentence for everything that can be wrong with
 * it, because "expected number, received string" helps nobody who wonders which number.
 */
import { z } from 'zod';
import { printable } from './problem.ts';

/** A value as it may be shown in a message: short, on one line. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return `'${printable(value, 60)}'`;
  // JSON has no NaN and no infinities, and would call them null.
  if (typeof value === 'number') return String(value);
  return printable(JSON.stringify(value) ?? String(value), 60);
}

const GROUPED = new Intl.NumberFormat('en-US', { maximumFractionDigits: 20 });

/** A number for people: 60,000. */
export function grouped(value: number): string {
  return GROUPED.format(value);
}

/** What a field accepts, completing "give …": 'a whole number from 1 to 64'. */
function wanted(accepts: string): { error: (issue: { input?: unknown }) => string } {
  return {
    error: (issue) => (issue.input === undefined ? `missing; give ${accepts}` : `${show(issue.input)} does not fit; give ${accepts}`),
  };
}

export function wholeNumber(min: number, max: number): z.ZodNumber {
  const message = wanted(`a whole number from ${grouped(min)} to ${grouped(max)}`);
  return z.number(message).refine((value) => isWholeWithin(value, min, max), message);
}

export interface NumberLimits {
  readonly above?: number;
  readonly from?: number;
  readonly below?: number;
  readonly to?: number;
}

export function realNumber(limits: NumberLimits): z.ZodNumber {
  const { above = -Infinity, from = -Infinity, below = Infinity, to = Infinity } = limits;
  const bounds = [
    ['above', limits.above],
    ['from', limits.from],
    ['below', limits.below],
    ['up to', limits.to],
  ] as const;
  const words = bounds.flatMap(([word, limit]) => (limit === undefined ? [] : [`${word} ${grouped(limit)}`]));
  const message = wanted(`a number ${words.join(' and ')}`);
  return z.number(message).refine((value) => value > above && value >= from && value < below && value <= to, message);
}

export function text(accepts: string, pattern: RegExp): z.ZodString {
  const message = wanted(accepts);
  return z.string(message).refine((value) => pattern.test(value), message);
}

/** A whole number, or the word `auto`. */
export function wholeNumberOrAuto(min: number, max: number): z.ZodUnion<readonly [z.ZodLiteral<'auto'>, z.ZodNumber]> {
  const message = wanted(`auto or a whole number from ${grouped(min)} to ${grouped(max)}`);
  return z.union([z.literal('auto'), z.number()], message).refine((value) => value === 'auto' || isWholeWithin(value, min, max), message);
}

function isWholeWithin(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

/** @param accepts what an entry is, and how many there may be. */
export function listOf(item: z.ZodNumber, accepts: string, max: number): z.ZodArray<z.ZodNumber> {
  const message = wanted(accepts);
  return z.array(item, message).refine((values) => values.length <= max, message);
}

export function pairOf(item: z.ZodNumber, accepts: string): z.ZodTuple<[z.ZodNumber, z.ZodNumber], null> {
  return z.tuple([item, item], wanted(accepts));
}
