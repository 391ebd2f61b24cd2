/** What the structure tests look at: files of the project as text, without their comments, and what they import. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');

export interface Import {
  /** As written: './shard.ts', 'zod', 'node:fs'. */
  readonly specifier: string;
  /** Erased by the compiler: it brings nothing in at run time. */
  readonly typeOnly: boolean;
}

export interface Source {
  /** From the project's root, with forward slashes: 'src/ps/shard.ts'. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

/** Comments that begin a line: the rest (behind code) holds neither imports nor words of a clock. */
export function withoutComments(text: string): string {
  return text.replaceAll(/^[ \t]*\/\*[\s\S]*?\*\/|^[ \t]*\/\/.*$/gm, '').replaceAll(/[ \t]\/\/ .*$/gm, '');
}

const FORMS: readonly RegExp[] = [
  /^[ \t]*(?:import|export)\b(?<clause>[^'"`;()]*?)\bfrom\s*['"](?<from>[^'"]+)['"]/gm,
  /^[ \t]*import\s*(?<clause>)['"](?<from>[^'"]+)['"]/gm,
  /(?<clause>\btypeof[ \t]+)?\bimport\(\s*['"](?<from>[^'"]+)['"]/g,
  /\brequire(?:\.resolve)?(?<clause>)\(\s*['"](?<from>[^'"]+)['"]\s*\)/g,
  // A file that is started as a thread or a process of its own.
  /\bnew URL\((?<clause>)\s*['"](?<from>\.[^'"]+\.(?:js|ts|mjs))['"]\s*,\s*import\.meta\.url/g,
];

export function importsOf(text: string): Import[] {
  const code = withoutComments(text);
  return FORMS.flatMap((form) =>
    [...code.matchAll(form)].map(({ groups }) => ({
      specifier: groups?.['from'] ?? '',
      typeOnly: /^\s*type(?:of)?\s/.test(groups?.['clause'] ?? ''),
    })),
  );
}

/** Files below a folder with one of these endings; what the protocol generates is another test's. */
export function sourcesIn(folder: string, endings: readonly string[] = ['.ts']): Source[] {
  const top = join(root, folder);
  if (!existsSync(top)) return [];
  return readdirSync(top, { recursive: true, encoding: 'utf8' })
    .map((name) => posix.join(folder, name.replaceAll('\\', '/')))
    .filter((path) => endings.some((ending) => path.endsWith(ending)) && !path.includes('/generated/'))
    .toSorted()
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8');
      return { path, text, imports: importsOf(text) };
    });
}

/** The project's file that an import names, or undefined for a package or a built-in. */
export function fileOf(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.join(dirname(from).replaceAll('\\', '/'), specifier).replace(/\.js$/, '.ts');
}

/** Everything that git keeps or would keep; outside of a checkout there is nothing to look at. */
export function trackedFiles(): string[] {
  const list = (...args: string[]): string[] =>
    execFileSync('git', ['ls-files', ...args], { cwd: root, encoding: 'utf8' })
      .split('\n')
      .filter((path) => path !== '' && existsSync(join(root, path)));
  return [...list(), ...list('--others', '--exclude-standard')];
}
