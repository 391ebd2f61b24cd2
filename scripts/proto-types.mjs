// Makes the TypeScript types of the protocol from proto/ (committed; `--check` says whether they are fresh).
// The options are the ones that src/transport/proto.ts loads with: this file reads them from one JSON.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const options = JSON.parse(readFileSync(join(root, 'proto/loader-options.json'), 'utf8'));
const target = join(root, 'src/transport/generated');

function generate(folder) {
  rmSync(folder, { recursive: true, force: true });
  execFileSync(
    process.execPath,
    [
      join(root, 'node_modules/@grpc/proto-loader/build/bin/proto-loader-gen-types.js'),
      `--longs=${options.longs}`,
      `--enums=${options.enums}`,
      ...(options.defaults ? ['--defaults'] : []),
      ...(options.oneofs ? ['--oneofs'] : []),
      '--importFileExtension=.ts',
      '--grpcLib=@grpc/grpc-js',
      '--includeDirs=proto',
      `--outDir=${folder}`,
      'tardigrad/v1/parameter_server.proto',
      'tardigrad/v1/coordinator.proto',
    ],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
  );
}

const tree = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => `${file.slice(folder.length)}\n${readFileSync(file, 'utf8')}`)
    .join('\n');

if (process.argv.includes('--check')) {
  const scratch = mkdtempSync(join(tmpdir(), 'tardigrad-proto-'));
  try {
    generate(join(scratch, 'generated'));
    const fresh = tree(join(scratch, 'generated')) === tree(target);
    if (!fresh) {
      console.error('src/transport/generated is older than proto/: run `npm run proto` and commit it.');
      process.exitCode = 1;
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
} else generate(target);
