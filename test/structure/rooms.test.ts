import { describe, expect, test } from 'vitest';
import { fileOf, importsOf, sourcesIn } from './sources.ts';

/** One process each. They know one another by messages alone. */
const ROLES = ['ps', 'worker', 'coordinator'];
/** What puts roles together. The simulation drives their pure cores; an experiment drives simulations. */
const COMPOSERS = ['cli', 'simulation', 'experiment'];
/** All that the simulation may see of a role. */
const PURE_OF_ROLES =
  /^src\/(ps\/(shard|vectors|members|mark|batch-ledger|restore-parts|events)|worker\/session(-ports)?|coordinator\/(leader|membership|data-tasks|cut|settled|ticket|ports))\.ts$/;

function roomOf(path: string): string {
  const [, room = ''] = path.split('/');
  return path.startsWith('src/') && path.split('/').length > 2 ? room : '';
}

/** Why a file of src may not import another, or undefined. */
function fault(from: string, to: string): string | undefined {
  const [here, there] = [roomOf(from), roomOf(to)];
  if (here === there) return undefined;
  if (ROLES.includes(here)) {
    if (ROLES.includes(there)) return `role ${here} imports role ${there}`;
    return COMPOSERS.includes(there) ? `role ${here} imports the composer ${there}` : undefined;
  }
  if (COMPOSERS.includes(here)) {
    if (here === 'cli') return undefined;
    if (COMPOSERS.includes(there))
      return here === 'experiment' && there === 'simulation' ? undefined : `${here} imports the composer ${there}`;
    if (here === 'simulation' && ROLES.includes(there) && !PURE_OF_ROLES.test(to)) return `the simulation imports ${to}, which is not pure`;
    return undefined;
  }
  if (ROLES.includes(there)) return `shared room ${here === '' ? 'src' : here} imports role ${there}`;
  return COMPOSERS.includes(there) ? `shared room ${here === '' ? 'src' : here} imports the composer ${there}` : undefined;
}

describe('rooms', () => {
  const sources = sourcesIn('src');

  test('roles never import one another, shared rooms import no role, and only composers put roles together', () => {
    const faults = sources.flatMap(({ path, imports }) =>
      imports.flatMap(({ specifier }) => {
        const to = fileOf(path, specifier);
        const why = to === undefined ? undefined : fault(path, to);
        return why === undefined ? [] : [`${path} -> ${specifier}: ${why}`];
      }),
    );
    expect(faults).toEqual([]);
  });

  test('every import of a file names one that exists, so that none escapes the rule above', () => {
    const known = new Set([...sources.map(({ path }) => path), ...sourcesIn('scripts', ['.mjs']).map(({ path }) => path)]);
    const unknown = sources.flatMap(({ path, imports }) =>
      imports.flatMap(({ specifier }) => {
        const to = fileOf(path, specifier);
        return to === undefined || known.has(to) || to.includes('/generated/') ? [] : [`${path} -> ${specifier}`];
      }),
    );
    expect(unknown).toEqual([]);
  });

  test('all three roles are there, and the command line composes them', () => {
    const cli = sources.filter(({ path }) => roomOf(path) === 'cli');
    const composed = new Set(cli.flatMap(({ path, imports }) => imports.map(({ specifier }) => roomOf(fileOf(path, specifier) ?? ''))));
    expect([...composed]).toEqual(expect.arrayContaining(ROLES));
  });

  test.each([
    ['src/ps/role.ts', 'src/worker/session.ts', 'role ps imports role worker'],
    ['src/coordinator/leader.ts', 'src/ps/events.ts', 'role coordinator imports role ps'],
    ['src/worker/process.ts', 'src/cli/supervisor.ts', 'role worker imports the composer cli'],
    ['src/transport/orders.ts', 'src/ps/events.ts', 'shared room transport imports role ps'],
    ['src/errors.ts', 'src/cli/main.ts', 'shared room src imports the composer cli'],
    ['src/simulation/run.ts', 'src/ps/role.ts', 'the simulation imports src/ps/role.ts, which is not pure'],
    ['src/simulation/run.ts', 'src/experiment/sweep.ts', 'simulation imports the composer experiment'],
    ['src/simulation/run.ts', 'src/ps/shard.ts', undefined],
    ['src/experiment/sweep.ts', 'src/simulation/run.ts', undefined],
    ['src/cli/main.ts', 'src/worker/process.ts', undefined],
    ['src/ps/shard.ts', 'src/algorithms/policies/registry.ts', undefined],
  ])('the rule itself: %s may or may not import %s', (from, to, why) => {
    expect(fault(from, to)).toBe(why);
  });

  test('imports are found in every form that a file can write them', () => {
    const text = [
      "import { a,\n  b } from './one.ts';",
      "import type { C } from './two.ts';",
      "import './three.ts';",
      "export * from './four.ts';",
      "const five = await import('./five.ts');",
      "const zod = require('zod') as typeof import('./six.ts');",
      "new Worker(fileURLToPath(new URL('./seven.js', import.meta.url)));",
      "// import { no } from './comment.ts';",
      "/**\n * import { no } from './doc.ts';\n */",
    ].join('\n');
    const found = importsOf(text).toSorted((a, b) => (a.specifier < b.specifier ? -1 : 1));
    expect(found.map(({ specifier }) => specifier)).toEqual([
      './five.ts',
      './four.ts',
      './one.ts',
      './seven.js',
      './six.ts',
      './three.ts',
      './two.ts',
      'zod',
    ]);
    expect(found.filter(({ typeOnly }) => typeOnly).map(({ specifier }) => specifier)).toEqual(['./six.ts', './two.ts']);
  });
});
