// Which published builds of TensorFlow serve as the native library, and how one is fetched: by pip (which knows the
// machine's index, proxy and certificates), checked against a SHA-256 written down here, and unpacked. Only the shared
// libraries and the C headers are taken; no Python is run from them.

import { createHash } from 'node:crypto';
import { chmodSync, createReadStream, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { runCommand, lastLines } from './command.mjs';
import { step } from './steps.mjs';
import { unpackZip } from './zip.mjs';

const pipStallLimitMs = 90_000;

export const tensorflowVersion = '2.18.1';

const x64 = ['manylinux_2_17_x86_64', 'manylinux2014_x86_64'];
const arm64 = ['manylinux_2_17_aarch64', 'manylinux2014_aarch64'];

// TensorFlow's own list of what its CUDA build was made with (its `and-cuda` extra). The library finds them beside itself.
const cudaWheels = [
  ['nvidia-cublas-cu12', '12.5.3.2', 'ca070ad70e9fa6654084575d01bd001f30cc4665e33d4bb9fc8e0f321caa034b'],
  ['nvidia-cuda-cupti-cu12', '12.5.82', 'bde77a5feb66752ec61db2adfe47f56b941842825b4c7e2068aff27c9d107953'],
  ['nvidia-cuda-nvcc-cu12', '12.5.82', 'b03e545b8e8c3ce7ebcd7fc44063180ff52ff01d064ece2127ed90a04ef12cd0'],
  ['nvidia-cuda-nvrtc-cu12', '12.5.82', '3dbd97b0104b4bfbc3c4f8c79cd2496307c89c43c29a9f83125f1d76296ff3fd'],
  ['nvidia-cuda-runtime-cu12', '12.5.82', '3e79a060e126df40fd3a068f3f787eb000fa51b251ec6cd97d09579632687115'],
  ['nvidia-cudnn-cu12', '9.3.0.75', '9ad9c6929ebb5295eb4a1728024666d1c88283373e265a0c5c883e6f9d5cd76d'],
  ['nvidia-cufft-cu12', '11.2.3.61', '9a6e8df162585750f61983a638104a48c756aa13f9f48e19ab079b38e3c828b8'],
  ['nvidia-curand-cu12', '10.3.6.82', '2823fb27de4e44dbb22394a6adf53aa6e1b013aca0f8c22867d1cfae58405536'],
  ['nvidia-cusolver-cu12', '11.6.3.83', '93cfafacde4428b71778eeb092ec615a02a3d05404da1bcf91c53e3fa1bce42b'],
  ['nvidia-cusparse-cu12', '12.5.1.3', '016df8e993c437e8301e62739f01775cba988fd5253cd4c64173f8e8d2f8e752'],
  ['nvidia-nccl-cu12', '2.21.5', '8579076d30a8c24988834445f8d633c697d42397e92ffc3f63fa26766d25e0a0'],
  ['nvidia-nvjitlink-cu12', '12.5.82', 'f9b37bc5c8cf7509665cb6ada5aaa0ce65618f2332b7d3e78e9790511f111212'],
].map(([name, version, hash]) => ({ name, version, hash, tags: x64 }));

const cpuX64 = {
  name: 'tensorflow-cpu',
  version: tensorflowVersion,
  hash: '810c75d7149d2da0cb2092187817b0dcabb80728ca9f9cf3a61f3f42fadd1298',
  tags: x64,
  megabytes: 230,
};
const cudaX64 = {
  name: 'tensorflow',
  version: tensorflowVersion,
  hash: 'c9f87e5d2a680a4595f5dc30daf6bbaec9d4129b46d7ef1b2af63c46ac7d2828',
  tags: x64,
  megabytes: 615,
};
const cpuArm64 = {
  name: 'tensorflow',
  version: tensorflowVersion,
  hash: '8a6485edd2148f70d011dbd1d8dc2c775e91774a5a159466e83d0d1f21580944',
  tags: arm64,
  megabytes: 220,
};

/** The wheels of each build, by `process.platform`-`process.arch`. Other platforms use the npm package's own download. */
export const builds = {
  'linux-x64': { cpu: [cpuX64], cuda: [cudaX64, ...cudaWheels] },
  'linux-arm64': { cpu: [cpuArm64] },
};

/** The program and first arguments that run pip here, or undefined. */
export async function findPip() {
  for (const candidate of [['python3', '-m', 'pip'], ['python', '-m', 'pip'], ['pip3'], ['pip']]) {
    const [program, ...args] = candidate;
    const { problem } = await runCommand(program, [...args, '--version'], { timeLimitMs: 20_000 });
    if (problem === undefined) return candidate;
  }
  return undefined;
}

/**
 * Downloads, verifies and unpacks the wheels of a build into `folder`, each removed as soon as it is unpacked.
 * @throws {Error} with the reason in words, for a person
 */
export async function fetchWheels(pip, wheels, folder) {
  for (const wheel of wheels) {
    const size = wheel.megabytes === undefined ? '' : ` (${wheel.megabytes} MB)`;
    const file = await step(`native TensorFlow: downloading ${wheel.name} ${wheel.version}${size}`, (show) =>
      download(pip, wheel, folder, show),
    );
    await step(`native TensorFlow: verifying and unpacking ${wheel.name}`, async () => {
      await verify(file, wheel);
      const count = await unpackZip(file, folder, isWanted);
      if (count === 0) throw new Error(`${path.basename(file)} holds nothing that is needed`);
    });
    rmSync(path.dirname(file), { recursive: true });
  }
  makeExecutable(path.join(folder, 'nvidia', 'cuda_nvcc', 'bin'));
}

async function download([program, ...first], wheel, folder, show) {
  const target = path.join(folder, 'download');
  mkdirSync(target);
  const args = ['download', '--no-deps', '--no-cache-dir', '--disable-pip-version-check', '--progress-bar', 'off', '--retries', '2'];
  args.push('--only-binary=:all:', '--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311');
  args.push(...wheel.tags.flatMap((tag) => ['--platform', tag]), '--dest', target, `${wheel.name}==${wheel.version}`);
  const { problem, output } = await runCommand(program, [...first, ...args], {
    // pip downloads into its temporary folder first; here it can be watched and is cleaned up.
    env: { ...process.env, TMPDIR: target, PIP_USER: '0' },
    stallLimitMs: pipStallLimitMs,
    progressBytes: () => bytesIn(target),
    onProgress: (bytes) => show(`${Math.round(bytes / 1e6)} MB`),
  });
  const file = readdirSync(target).find((name) => name.endsWith('.whl'));
  if (problem !== undefined) throw new Error(`pip could not download ${wheel.name} ${wheel.version}: ${problem}\n${lastLines(output, 3)}`);
  if (file === undefined) throw new Error(`pip downloaded no wheel of ${wheel.name} ${wheel.version}`);
  return path.join(target, file);
}

async function verify(file, wheel) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk);
  const found = hash.digest('hex');
  if (found !== wheel.hash) {
    throw new Error(`${path.basename(file)} has SHA-256 ${found}, expected ${wheel.hash}: the package index gave another file`);
  }
}

// Of 10,000 headers the binding includes 14, all in these folders.
const headers = /^tensorflow\/include\/(tensorflow\/c|tensorflow\/core\/platform|tsl\/platform|xla\/tsl\/c)\/.*\.h$/;
const libraries = /^tensorflow\/libtensorflow_(cc|framework)\.so\.2$/;
const cuda = /^nvidia\/([^/]+\/lib\/|cuda_nvcc\/(bin|nvvm)\/)/;

function isWanted(name) {
  return headers.test(name) || libraries.test(name) || cuda.test(name);
}

function makeExecutable(folder) {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) chmodSync(path.join(folder, name), 0o755);
}

// The largest file: pip holds the wheel twice for a moment, and that is no progress.
function bytesIn(folder) {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    try {
      bytes = Math.max(bytes, statSync(path.join(entry.parentPath ?? entry.path, entry.name)).size);
    } catch {
      // pip renamed it in the meantime.
    }
  }
  return bytes;
}
