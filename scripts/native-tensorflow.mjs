// Native TensorFlow for Node, several times faster than WebAssembly and the only backend that uses a GPU.
//
// The npm package brings the binding's C++ sources but no native part: its own install script wants a library too old for
// today's GPUs from a host that closed networks do not reach. So the library is taken from TensorFlow's published Python
// wheel (by pip, SHA-256 verified), the binding is compiled against it, and both stay in the cache folder, where `npm ci`
// does not remove them; node_modules gets a link. The package's own install is the second choice, no native part the third:
// then training goes on with WebAssembly, and what is missing is said once.
//
// A folder in the cache is complete: it is filled aside, loaded once by Node on this machine, and only then renamed.

import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { lastLines, runCommand } from './command.mjs';
import { withLock } from './lock.mjs';
import { isCurrentNative, nativeRecipe, nativeRecord, wantedBuild } from './native-state.mjs';
import { cacheFolder, isMain, makeAside, packageFolder, readJson, removeLeftovers, sha256, writeJson } from './places.mjs';
import { runMain, say, step } from './steps.mjs';
import { builds, fetchWheels, findPip, tensorflowVersion } from './wheels.mjs';

const failureKeptMs = 24 * 3600_000;
const compileLimitMs = 10 * 60_000;
// Loading 600 MB from a cold disk is slow; anything longer hangs.
const loadLimitMs = 120_000;
// The package's own download is refused at once or hangs on closed networks.
const packageInstallLimitMs = 60_000;
const bindingName = 'tfjs_binding.node';
const platform = `${process.platform}-${process.arch}`;

/**
 * Makes `@tensorflow/tfjs-node-gpu` loadable where that is possible, and writes what was reached to
 * node_modules/.tardigrad/native.json. Never fails: without it the cluster still trains, only slower.
 * @param {{ retry?: boolean }} [options] `retry`: also try again what failed within the last day
 * @returns {Promise<{ installed: boolean, build: 'cpu' | 'cuda' | undefined, version: string | undefined, reason: string | undefined }>}
 */
export async function ensureNativeTensorFlow({ retry = false } = {}) {
  const known = readJson(nativeRecord);
  if (isCurrentNative(known) && !(retry && known.retryAfter !== undefined)) return known;
  let reached;
  try {
    reached = await install(retry);
  } catch (error) {
    reached = { reason: error.message };
  }
  const record = { recipe: nativeRecipe, wanted: wantedBuild(), installed: false, ...reached };
  writeJson(nativeRecord, record);
  if (record.reason !== undefined) {
    say(
      record.installed
        ? `native TensorFlow: using ${record.version} (${record.build}), because ${record.reason}`
        : `native TensorFlow is not available: ${record.reason}. Training goes on with WebAssembly: several times slower, dense models only. \`npm run setup\` tries again.`,
    );
  }
  return record;
}

async function install(retry) {
  const wanted = wantedBuild();
  if (wanted === 'none') return { reason: whyNone() };
  const target = packageFolder('@tensorflow/tfjs-node-gpu');
  if (target === undefined) return { reason: 'the package @tensorflow/tfjs-node-gpu is not installed' };
  const cache = path.join(cacheFolder(), 'native');
  return withLock(path.join(cache, 'lock'), 'installing native TensorFlow', async () => {
    removeLeftovers(cache);
    const problems = [];
    let retryAfter;
    for (const attempt of attempts(wanted)) {
      const failureFile = path.join(cache, `failed-${attempt.name}-${platform}.json`);
      const failure = readJson(failureFile);
      if (failure !== undefined && !retry && failure.recipe === nativeRecipe && Date.now() < failure.retryAfter) {
        problems.push(failure.reason);
        retryAfter ??= failure.retryAfter;
        continue;
      }
      try {
        const { binding, version } = await attempt.provide(cache, target);
        place(binding, target);
        rmSync(failureFile, { force: true });
        const reason = problems.length === 0 ? undefined : problems.join('; ');
        return { installed: true, build: attempt.build, version, binding, reason, retryAfter };
      } catch (error) {
        problems.push(error.message);
        const until = Date.now() + failureKeptMs;
        retryAfter ??= until;
        writeJson(failureFile, { recipe: nativeRecipe, reason: error.message, retryAfter: until });
      }
    }
    return { reason: problems.join('; '), retryAfter };
  });
}

// In order of preference. On a machine with a GPU the CPU build is still better than none.
function attempts(wanted) {
  const wheels = builds[platform];
  const chosen = wanted === 'cuda' ? ['cuda', 'cpu'] : ['cpu'];
  const list = chosen
    .filter((build) => wheels?.[build] !== undefined)
    .map((build) => ({ name: build, build, provide: (cache, target) => provideFromWheels(cache, target, build, wheels[build]) }));
  list.push({ name: 'package', build: wanted, provide: (cache, target) => provideFromPackage(cache, target, wanted) });
  return list;
}

function whyNone() {
  if (process.env.TARDIGRAD_TENSORFLOW === 'none') return 'TARDIGRAD_TENSORFLOW=none asks for none';
  return `there is no native build for ${platform}`;
}

async function provideFromWheels(cache, target, build, wheels) {
  requireGlibc();
  const libraryName = `tensorflow-${tensorflowVersion}-${build}-${platform}`;
  const library = path.join(cache, libraryName);
  const sources = readdirSync(path.join(target, 'binding')).filter((name) => /\.(cc|h)$/.test(name));
  const content = sources.map((name) => readFileSync(path.join(target, 'binding', name), 'utf8')).join('\0');
  const bindingFolder = path.join(cache, `binding-${sha256(nativeRecipe + content).slice(0, 12)}-${libraryName}`);
  const binding = path.join(bindingFolder, bindingName);
  if (existsSync(binding) && existsSync(library)) return { binding, version: tensorflowVersion };

  // The compiler is looked for before 230 MB are downloaded for nothing.
  const compiler = await findCompiler();
  if (!existsSync(library)) {
    const pip = await findPip();
    if (pip === undefined)
      throw new Error("Python's pip, which downloads TensorFlow, was not found (Debian and Ubuntu: apt install python3-pip)");
    const aside = makeAside(cache, libraryName);
    try {
      await fetchWheels(pip, wheels, aside);
      renameSync(aside, library);
    } finally {
      rmSync(aside, { recursive: true, force: true });
    }
  }
  const aside = makeAside(cache, 'binding');
  try {
    await step('native TensorFlow: compiling the binding', () => compile(compiler, target, library, path.join(aside, bindingName)));
    await step('native TensorFlow: loading it once', () => tryLoading(path.join(aside, bindingName)));
    rmSync(bindingFolder, { recursive: true, force: true });
    renameSync(aside, bindingFolder);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return { binding, version: tensorflowVersion };
}

function requireGlibc() {
  if (process.platform !== 'linux') return;
  process.report.excludeNetwork = true;
  if (process.report.getReport().header.glibcVersionRuntime === undefined) {
    throw new Error("this system's C library is not glibc (musl?), and TensorFlow is published for glibc only");
  }
}

async function findCompiler() {
  for (const name of ['g++', 'c++', 'clang++']) {
    const { problem } = await runCommand(name, ['--version'], { timeLimitMs: 20_000 });
    if (problem === undefined) return name;
  }
  throw new Error('no C++ compiler (g++ or clang++) was found to build the binding (Debian and Ubuntu: apt install g++)');
}

async function compile(compiler, target, library, output) {
  const headers = packageFolder('node-api-headers');
  if (headers === undefined) throw new Error('the package node-api-headers is not installed');
  const libraryFolder = path.join(library, 'tensorflow');
  const args = ['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8'];
  args.push(`-I${path.join(libraryFolder, 'include')}`, `-I${path.join(headers, 'include')}`);
  args.push(
    ...readdirSync(path.join(target, 'binding'))
      .filter((name) => name.endsWith('.cc'))
      .map((name) => path.join(target, 'binding', name)),
  );
  args.push(path.join(libraryFolder, 'libtensorflow_cc.so.2'), path.join(libraryFolder, 'libtensorflow_framework.so.2'));
  // Relative to the binding's own place, so that the cache folder may be moved or mounted elsewhere.
  args.push(`-Wl,-rpath,$ORIGIN/../${path.basename(library)}/tensorflow`, '-o', output);
  const { problem, output: text } = await runCommand(compiler, args, { timeLimitMs: compileLimitMs });
  if (problem !== undefined) throw new Error(`the binding could not be compiled: ${problem}\n${lastLines(text)}`);
}

// Finds at once what would else end a worker in mid-start: a processor without AVX (SIGILL), an older libstdc++, a missing symbol.
async function tryLoading(binding) {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' };
  const { problem, output } = await runCommand(process.execPath, ['-e', 'require(process.argv[1])', binding], {
    env,
    timeLimitMs: loadLimitMs,
  });
  if (problem === undefined) return;
  const hint = problem.includes('SIGILL') ? ' (the processor lacks instructions that this build needs, probably AVX)' : '';
  throw new Error(`the native library does not load here${hint}: ${problem}\n${lastLines(output)}`);
}

// The package's own install puts a library and a prebuilt binding into its folder. They are moved to the cache.
async function provideFromPackage(cache, target, build) {
  const { version } = readJson(path.join(target, 'package.json'));
  const folder = path.join(cache, `package-${version}-${build}-${platform}`);
  const binding = path.join(folder, 'lib', 'napi-v8', bindingName);
  const result = { binding, version: `of tfjs-node ${version}` };
  if (existsSync(binding)) return result;
  requireGlibc();
  const packageJson = path.join(target, 'package.json');
  const original = readFileSync(packageJson);
  const produced = ['deps', 'lib'].map((name) => path.join(target, name));
  const clean = () => produced.forEach((name) => rmSync(name, { recursive: true, force: true }));
  const aside = makeAside(cache, 'package');
  try {
    clean();
    const tools = path.join(target, '..', '..', '.bin');
    await step("native TensorFlow: trying the npm package's own download", async () => {
      const { problem, output } = await runCommand(process.execPath, ['scripts/install.js', build === 'cuda' ? 'gpu' : 'cpu', 'download'], {
        cwd: target,
        env: { ...process.env, PATH: `${tools}${path.delimiter}${process.env.PATH}` },
        timeLimitMs: packageInstallLimitMs,
        ownGroup: true,
      });
      if (problem === undefined && existsSync(path.join(target, 'lib', 'napi-v8', bindingName))) return;
      const cause = /\b(E[A-Z]{4,}|certificate|status code)\b.*/.exec(output)?.[0] ?? problem ?? 'it produced no binding';
      throw new Error(`the npm package's own download failed (${cause})`);
    });
    for (const name of produced)
      if (existsSync(name)) cpSync(name, path.join(aside, path.basename(name)), { recursive: true, verbatimSymlinks: true });
    await tryLoading(path.join(aside, 'lib', 'napi-v8', bindingName));
    renameSync(aside, folder);
    return result;
  } finally {
    clean();
    // The install script edits its own package.json for a moment, and may have been ended in it.
    writeFileSync(packageJson, original);
    rmSync(aside, { recursive: true, force: true });
  }
}

// A link, not a copy: the binding finds its library relative to its real place.
function place(binding, target) {
  const link = path.join(target, 'lib', 'napi-v8', bindingName);
  mkdirSync(path.dirname(link), { recursive: true });
  const aside = `${link}.${process.pid}.new`;
  rmSync(aside, { force: true });
  symlinkSync(binding, aside);
  renameSync(aside, link);
}

if (isMain(import.meta.url)) {
  await runMain(() => ensureNativeTensorFlow({ retry: true }));
}
