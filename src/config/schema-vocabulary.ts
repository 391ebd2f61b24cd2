/**
 * What a schema knows at a place in a document: the keys of a group, and, where a group is a choice by name, the keys of
 * each choice. Messages about unknown keys and names are made from it, so that they cannot differ from what is checked.
 */
import { z } from 'zod';

type Schema = z.core.$ZodType;

export interface Choice {
  /** The key that holds the name: `policy`. */
  readonly discriminator: string;
  readonly branches: ReadonlyMap<string, readonly string[]>;
}

/** The keys of the group at `path`; for a choice, those of the branch that the document names. Undefined where there is no group. */
export function knownKeys(root: Schema, path: readonly PropertyKey[], document: unknown): readonly string[] | undefined {
  const schema = schemaAt(root, path, document);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : undefined;
}

/** Those of the keys at `path` that have no default and may not be left out. */
export function requiredKeys(root: Schema, path: readonly PropertyKey[], document: unknown): readonly string[] {
  const schema = schemaAt(root, path, document);
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([key, inner]) =>
    z.safeParse(inner as Schema, undefined).success || inner instanceof z.ZodExactOptional ? [] : [key],
  );
}

/** The choice at `path`, or undefined where the group has no branches. */
export function choiceAt(root: Schema, path: readonly PropertyKey[], document: unknown): Choice | undefined {
  const schema = schemaAt(root, path, document, true);
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return undefined;
  const { discriminator } = schema.def;
  const branches = branchesOf(schema).map((branch) => [nameOf(branch, discriminator), Object.keys(branch.shape)] as const);
  return { discriminator, branches: new Map(branches) };
}

function schemaAt(root: Schema, path: readonly PropertyKey[], document: unknown, keepChoice = false): Schema | undefined {
  let schema: Schema | undefined = unwrapped(root);
  let here = document;
  for (const key of path) {
    schema = schema instanceof z.ZodDiscriminatedUnion ? branchFor(schema, here) : schema;
    if (!(schema instanceof z.ZodObject) || typeof key !== 'string' || !Object.hasOwn(schema.shape, key)) return undefined;
    schema = unwrapped(schema.shape[key] as Schema);
    here = typeof here === 'object' && here !== null ? (here as Record<string, unknown>)[key] : undefined;
  }
  return schema instanceof z.ZodDiscriminatedUnion && !keepChoice ? branchFor(schema, here) : schema;
}

/** Defaults, transformations and the like wrap the schema that has the keys. */
function unwrapped(schema: Schema): Schema {
  if (schema instanceof z.ZodPipe) return unwrapped(schema.in instanceof z.ZodTransform ? schema.out : schema.in);
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodExactOptional)
    return unwrapped(schema.unwrap());
  return schema;
}

function branchesOf(schema: z.ZodDiscriminatedUnion): z.ZodObject[] {
  return schema.options.filter((option) => option instanceof z.ZodObject);
}

function branchFor(schema: z.ZodDiscriminatedUnion, value: unknown): z.ZodObject | undefined {
  const { discriminator } = schema.def;
  const name = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[discriminator] : undefined;
  return branchesOf(schema).find((branch) => nameOf(branch, discriminator) === name);
}

function nameOf(branch: z.ZodObject, discriminator: string): string {
  const literal: unknown = branch.shape[discriminator];
  return literal instanceof z.ZodLiteral ? String(literal.value) : '';
}

/** Every place below the root where `key` is a known key, as paths: `epochs` is known at ['stop', 'epochs']. */
export function placesOf(root: Schema, key: string): readonly (readonly string[])[] {
  const schema = unwrapped(root);
  const groups = schema instanceof z.ZodDiscriminatedUnion ? branchesOf(schema) : schema instanceof z.ZodObject ? [schema] : [];
  const places = groups.flatMap((group) => [
    ...(Object.hasOwn(group.shape, key) ? [[key]] : []),
    ...Object.entries(group.shape).flatMap(([name, inner]) => placesOf(inner as Schema, key).map((rest) => [name, ...rest])),
  ]);
  // Several branches of one choice may know the key; it is one place all the same.
  return [...new Map(places.map((place) => [place.join('.'), place])).values()];
}
