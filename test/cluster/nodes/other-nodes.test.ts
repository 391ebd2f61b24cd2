import { beforeAll, describe, expect, it } from 'vitest';
import { importScript } from '../../setup/scripts.ts';

interface Node {
  readonly program: string;
  readonly version: string;
}
interface Result {
  readonly passed?: string;
  readonly failed?: string;
  readonly skipped?: string;
}

const { fetchNode, otherReleases } = await importScript<{
  fetchNode: (release: number) => Promise<Node | { readonly missing: string }>;
  otherReleases: readonly number[];
}>('node-releases.mjs');
const { coreTests, runNativeTensorFlow, runTraining, runUnitTests } = await importScript<{
  coreTests: string[];
  runNativeTensorFlow: (node: Node) => Promise<Result>;
  runTraining: (node: Node) => Promise<Result>;
  runUnitTests: (node: Node, filters: string[]) => Promise<Result>;
}>('test-nodes.mjs');

const FETCH_LIMIT_MS = 6 * 60_000;
const LIMIT_MS = 11 * 60_000;

const CHECKS: readonly (readonly [string, (node: Node) => Promise<Result>])[] = [
  ['the core of the unit tests passes', (node) => runUnitTests(node, coreTests)],
  ['a step captured by native TensorFlow has the bits of the eager one', runNativeTensorFlow],
  ['a local cluster trains', runTraining],
];

describe.each(otherReleases)('on Node %i', (release) => {
  let node: Node | undefined;
  let missing = '';
  beforeAll(async () => {
    const fetched = await fetchNode(release);
    if ('missing' in fetched) missing = fetched.missing;
    else node = fetched;
    if (missing !== '') process.stderr.write(`skipped on Node ${release}: ${missing}\n`);
  }, FETCH_LIMIT_MS);

  it.for(CHECKS)('%s', { timeout: LIMIT_MS }, async ([, check], context) => {
    if (node === undefined) return context.skip(missing);
    const { failed, skipped } = await check(node);
    if (skipped !== undefined) return context.skip(skipped);
    expect(failed).toBeUndefined();
  });
});
