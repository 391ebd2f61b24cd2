import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root, sourcesIn, trackedFiles } from './sources.ts';

const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  engines: { node: string };
  license: string;
};

/** 'zod', '@grpc/grpc-js'; undefined for a file, a built-in, or a name that is put together in the code that a text holds. */
function packageOf(specifier: string): string | undefined {
  if (specifier.includes('$') || specifier.startsWith('.') || specifier.startsWith('#') || isBuiltin(specifier)) return undefined;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

describe('dependencies', () => {
  test('what src, bin and scripts import is named among the dependencies', () => {
    const shipped = [...sourcesIn('src'), ...sourcesIn('scripts', ['.mjs']), ...sourcesIn('bin', ['.mjs'])];
    const missing = shipped.flatMap(({ path, imports }) =>
      imports
        .map(({ specifier }) => packageOf(specifier))
        .filter((name) => name !== undefined && packageJson.dependencies[name] === undefined)
        .map((name) => `${path} imports ${name}`),
    );
    expect(missing).toEqual([]);
  });

  test('what tests import is named too', () => {
    const named = { ...packageJson.dependencies, ...packageJson.devDependencies };
    const missing = sourcesIn('test').flatMap(({ path, imports }) =>
      imports
        .map(({ specifier }) => packageOf(specifier))
        .filter((name) => name !== undefined && named[name] === undefined)
        .map((name) => `${path} imports ${name}`),
    );
    expect(missing).toEqual([]);
  });

  test('built-ins are imported by their full name', () => {
    const short = [...sourcesIn('src'), ...sourcesIn('test')].flatMap(({ path, imports }) =>
      imports
        .filter(({ specifier }) => isBuiltin(specifier) && !specifier.startsWith('node:'))
        .map(({ specifier }) => `${path} imports ${specifier}`),
    );
    expect(short).toEqual([]);
  });

  test('DESIGN.md says of every dependency why it was chosen', () => {
    const design = readFileSync(join(root, 'DESIGN.md'), 'utf8');
    const unexplained = Object.keys(packageJson.dependencies).filter((name) => !design.includes(`\`${name}\``));
    expect(unexplained).toEqual([]);
  });

  test('the licence file is the one that package.json names', () => {
    const licence = readFileSync(join(root, 'LICENSE'), 'utf8');
    expect(packageJson.license).toBe('Apache-2.0');
    expect(licence).toContain('Apache License');
    expect(licence).toContain('Version 2.0, January 2004');
    expect(licence).toContain('Copyright The tardigrad authors');
  });
});

/** Hosts that anybody reaches. A mirror, a proxy or a private registry is none of them. */
const PUBLIC_HOSTS = new Set([
  '127.0.0.1',
  'feross.org',
  'github.com',
  'opencollective.com',
  'ossci-datasets.s3.amazonaws.com',
  'storage.googleapis.com',
  'tidelift.com',
  'www.apache.org',
  'www.csie.ntu.edu.tw',
  'www.patreon.com',
  'www.w3.org',
]);

/** Somebody's folders: in a file they would be read on machines that have no such place. */
const PRIVATE_PLACE = /(?<![\w.-])\/(?:root|home|Users|work|workspace)\/[\w.-]+/g;

function strangeHosts(text: string): string[] {
  return [...text.matchAll(/\bhttps?:\/\/(?!\$)([\w.-]+)/g)].map((match) => match[1] ?? '').filter((host) => !PUBLIC_HOSTS.has(host));
}

describe('what the project keeps', () => {
  const texts = trackedFiles()
    .filter((path) => !/\.(?:png|gz|wasm|bin|safetensors)$/.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

  test('names no folder of the machine that it was written on', () => {
    expect(texts.flatMap(({ path, text }) => (text.match(PRIVATE_PLACE) ?? []).map((place) => `${path}: ${place}`))).toEqual([]);
  });

  test('names no host but public ones', () => {
    expect(texts.flatMap(({ path, text }) => strangeHosts(text).map((host) => `${path}: ${host}`))).toEqual([]);
  });

  test('the rules themselves', () => {
    const home = ['', 'root', 'project'].join('/');
    expect(`see ${home}`.match(PRIVATE_PLACE)).toEqual([home]);
    expect('src/work/thing, the networks/work'.match(PRIVATE_PLACE)).toBeNull();
    expect(strangeHosts(['https:', '', 'npm.internal.example', 'x'].join('/'))).toEqual(['npm.internal.example']);
    expect(strangeHosts(['https:', '', 'github.com', 'x'].join('/'))).toEqual([]);
  });
});
