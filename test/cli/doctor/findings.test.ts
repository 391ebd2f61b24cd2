import { describe, expect, test } from 'vitest';
import { trainingIsPossible, type Finding } from '../../../src/cli/doctor/finding.ts';
import { gpuFindings, parseGpus } from '../../../src/cli/doctor/gpu.ts';
import { judge, type BackendProbe, type MachineFacts } from '../../../src/cli/doctor/judge.ts';
import { parametersOfLocalCluster, parametersOnServers, parametersText, PROCESS_BYTES } from '../../../src/cli/doctor/model-size.ts';
import { howToGet, parseOsRelease, supportOf, type Platform } from '../../../src/cli/doctor/platform.ts';
import { findingLines, painted, stepTable } from '../../../src/cli/doctor/report-text.ts';
import { timesOf } from '../../../src/cli/doctor/step-times.ts';

const debian: Platform = { system: 'linux', architecture: 'x64', distribution: 'Debian GNU/Linux 12', family: ['debian'], glibc: '2.36' };
const alpine: Platform = { ...debian, distribution: 'Alpine Linux', family: ['alpine'], glibc: undefined };
const mac: Platform = { system: 'darwin', architecture: 'arm64', distribution: '', family: [], glibc: undefined };
const windows: Platform = { system: 'win32', architecture: 'x64', distribution: '', family: [], glibc: undefined };

const loads = (name: BackendProbe['name'], device: 'cpu' | 'gpu' = 'cpu'): BackendProbe => ({ name, loads: true, device, why: 'it loads' });
const fails = (name: BackendProbe['name']): BackendProbe => ({ name, loads: false, device: 'cpu', why: 'it does not load' });

const machine: MachineFacts = {
  nodeVersion: 'v20.20.0',
  platform: debian,
  cores: 2,
  processor: 'A Processor',
  freeBytes: 20e9,
  totalBytes: 24e9,
  native: { installed: true, build: 'cpu', version: '2.18.1' },
  backends: [loads('tensorflow'), loads('wasm'), loads('cpu')],
  gpus: undefined,
  redis: undefined,
  datasets: [
    { name: 'digits', found: { name: 'digits', files: {} } },
    { name: 'mnist', found: { name: 'mnist', files: { images: '/data/mnist/images.gz' } } },
    { name: 'a9a', found: { unavailable: 'a9a is not to be had' } },
  ],
  disks: [
    { name: 'cache', folder: '/cache', freeBytes: 50e9, writable: true },
    { name: 'runs', folder: '/runs', freeBytes: 50e9, writable: true },
  ],
};

const finding = (topic: string, facts: Partial<MachineFacts> = {}): Finding => {
  const found = judge({ ...machine, ...facts }).find((other) => other.topic === topic);
  if (found === undefined) throw new Error(`nothing was found about ${topic}`);
  return found;
};
const possible = (facts: Partial<MachineFacts>): boolean => trainingIsPossible(judge({ ...machine, ...facts }));

describe('whether a machine can train', () => {
  test('a machine with everything can, and lacks only what nothing needs', () => {
    expect(possible({})).toBe(true);
    const lacking = judge(machine).filter(({ status }) => status !== 'ok');
    expect(lacking.map(({ topic, status }) => [topic, status])).toEqual([
      ['GPU', 'optional'],
      ['Redis', 'optional'],
      ['data: a9a', 'optional'],
    ]);
  });

  test('without native TensorFlow it can, slower, with the reason and the way out', () => {
    const facts = {
      native: { installed: false, reason: 'no C++ compiler was found' },
      backends: [fails('tensorflow'), loads('wasm'), loads('cpu')],
    };
    expect(possible(facts)).toBe(true);
    expect(finding('TensorFlow', facts)).toMatchObject({ status: 'limited', text: 'no native part: no C++ compiler was found' });
    expect(finding('TensorFlow', facts).how).toContain('apt install g++ python3-pip');
    expect(finding('backend', facts)).toMatchObject({ status: 'limited', facts: { backend: 'wasm' } });
  });

  test.each([
    ['nothing computes', { backends: [fails('tensorflow'), fails('wasm'), fails('cpu')] }],
    ['Node is too old', { nodeVersion: 'v18.19.0' }],
    ['Node is a little too old', { nodeVersion: 'v20.18.3' }],
    ['run folders cannot be made', { disks: [{ name: 'runs' as const, folder: '/', freeBytes: 0, writable: false }] }],
  ])('where %s it cannot', (_what, facts) => {
    expect(possible(facts)).toBe(false);
  });

  test.each(['v20.19.0', 'v22.1.0', 'v24.0.0'])('Node %s will do', (nodeVersion) => {
    expect(finding('Node', { nodeVersion }).status).toBe('ok');
  });

  test('a native part that is installed and does not load is not called there', () => {
    const backends = [fails('tensorflow'), loads('wasm'), loads('cpu')];
    expect(finding('TensorFlow', { backends })).toMatchObject({ status: 'limited', text: 'no native part: it does not load' });
  });
});

describe('disk', () => {
  test('little room is a limit, and no folder to write to is a lack', () => {
    const runs = { name: 'runs' as const, folder: '/runs', freeBytes: 1e8, writable: true };
    expect(finding('disk: runs', { disks: [runs] })).toMatchObject({ status: 'limited', text: '0.1 GB free in /runs, 0.5 GB are wanted' });
    expect(possible({ disks: [runs] })).toBe(true);
    const cache = { name: 'cache' as const, folder: '/', freeBytes: 0, writable: false };
    expect(finding('disk: cache', { disks: [cache] })).toMatchObject({ status: 'missing', how: 'name another folder by TARDIGRAD_CACHE' });
    expect(possible({ disks: [cache] })).toBe(true);
  });
});

describe('platforms', () => {
  test('what has been tested, what has not, and where there is no native TensorFlow', () => {
    const armLinux = { ...debian, architecture: 'arm64' };
    expect([debian, armLinux, mac, alpine, windows].map(supportOf)).toEqual([
      'tested',
      'untested',
      'untested',
      'no native TensorFlow',
      'no native TensorFlow',
    ]);
    expect(finding('platform', { platform: mac }).text).toContain('nobody has tested it');
  });

  test('each is told what to type there', () => {
    expect(howToGet('redis', debian)).toBe('apt install redis-server');
    expect(howToGet('redis', { ...debian, family: ['linuxmint', 'ubuntu'] })).toBe('apt install redis-server');
    expect(howToGet('redis', mac)).toBe('brew install redis');
    expect(howToGet('redis', alpine)).not.toMatch(/apt|brew/);
  });

  test('os-release is read with and without quotes', () => {
    expect(parseOsRelease('PRETTY_NAME="Linux Mint 21"\nID=linuxmint\nID_LIKE="ubuntu debian"\n')).toEqual({
      distribution: 'Linux Mint 21',
      family: ['linuxmint', 'ubuntu', 'debian'],
    });
    expect(parseOsRelease('')).toEqual({ distribution: '', family: [] });
  });
});

describe('GPUs', () => {
  const cards = 'GPU-a, NVIDIA H100 80GB HBM3, 550.54.15, 81559, 4012\nGPU-b, NVIDIA H100 80GB HBM3, 550.54.15, 81559, 1\n';
  const holders = 'GPU-a, 4711, 3998, /usr/bin/python3\n';
  const gpus = parseGpus(cards, holders);

  test('memory and holders are read, each with its own card', () => {
    expect(gpus).toEqual([
      {
        name: 'NVIDIA H100 80GB HBM3',
        driver: '550.54.15',
        totalMiB: 81559,
        usedMiB: 4012,
        holders: [{ pid: 4711, program: 'python3', usedMiB: 3998 }],
      },
      { name: 'NVIDIA H100 80GB HBM3', driver: '550.54.15', totalMiB: 81559, usedMiB: 1, holders: [] },
    ]);
  });

  test('a board that does not tell a number is read as none', () => {
    expect(parseGpus('GPU-a, Some Board, 500, [N/A], [N/A]', 'GPU-a, 12, [N/A], a program, with a comma')[0]).toMatchObject({
      totalMiB: 0,
      holders: [{ pid: 12, usedMiB: 0, program: 'a program,with a comma' }],
    });
  });

  test('one that TensorFlow uses is fine; one that it does not use comes with the way to the CUDA build', () => {
    const [used] = gpuFindings({ survey: { gpus }, build: 'cuda', used: true, platform: debian });
    expect(used).toMatchObject({ topic: 'GPU 0', status: 'ok' });
    expect(used?.text).toContain('77547 of 81559 MiB free, held by python3 (pid 4711, 3998 MiB)');
    const [unused] = gpuFindings({ survey: { gpus }, build: 'cpu', used: false, platform: debian });
    expect(unused).toMatchObject({ status: 'limited', how: 'TARDIGRAD_TENSORFLOW=cuda npm run setup takes the CUDA build' });
  });

  test('none is no fault, and a broken driver is', () => {
    const none = { build: 'cpu', used: false, platform: debian } as const;
    expect(gpuFindings({ ...none, survey: undefined })[0]?.status).toBe('optional');
    expect(gpuFindings({ ...none, survey: { gpus: [] } })[0]?.status).toBe('optional');
    expect(gpuFindings({ ...none, survey: { problem: 'no devices' } })[0]).toMatchObject({ status: 'limited' });
    expect(gpuFindings({ ...none, platform: mac, survey: undefined })[0]?.how).toContain('no GPU build on macOS');
  });
});

describe('memory for how large a model', () => {
  test('a server holds weights, optimizer state, scratch, a pulled copy and a push for each worker', () => {
    expect(parametersOnServers(28e9, { workers: 2, optimizerVectors: 2 })).toBe(1e9);
    expect(parametersOnServers(12e9, { workers: 0, optimizerVectors: 0 })).toBe(1e9);
  });

  test('a local cluster holds its workers and its evaluator as well', () => {
    const use = { workers: 2, optimizerVectors: 2 };
    const bytes = (parameters: number): number => 3 * PROCESS_BYTES + parameters * (28 + 3 * 16);
    expect(parametersOfLocalCluster(bytes(1e6), use)).toBe(1e6);
    expect(parametersOfLocalCluster(1e9, use)).toBe(0);
  });

  test('counts are rounded down, never up', () => {
    expect([999, 1_250_000, 9_990_000, 259_900_000, 3_490_000_000].map(parametersText)).toEqual(
      ['990 k', '1.2 M', '9.9 M', '250 M', '3.4 G'].with(0, '0.9 k'),
    );
  });
});

describe('the report', () => {
  test('no line is wider than the terminal, and every topic and way out is there', () => {
    const findings = judge({ ...machine, native: undefined, backends: [fails('tensorflow'), loads('wasm'), loads('cpu')] });
    for (const columns of [60, 80, 110]) {
      const text = painted(findingLines(findings, columns), false);
      expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(columns);
      for (const { topic } of findings) expect(text).toContain(topic);
      expect(text.match(/get it: /g)?.length).toBe(findings.filter(({ how }) => how !== undefined).length);
    }
  });

  test('times stand under their models, with a reason where there is none', () => {
    const times = [
      { backend: 'tensorflow', model: 'mlp', title: 'MLP', eagerMs: 3.314, capturedMs: 1.2, note: undefined },
      { backend: 'tensorflow', model: 'cnn', title: 'CNN', eagerMs: 78.12, capturedMs: 39, note: undefined },
      { backend: 'wasm', model: 'mlp', title: 'MLP', eagerMs: 1234.5, capturedMs: undefined, note: undefined },
      { backend: 'wasm', model: 'cnn', title: 'CNN', eagerMs: undefined, capturedMs: undefined, note: 'it lacks a kernel' },
    ] as const;
    expect(painted(stepTable(times, 80), false)).toBe(
      [
        '                                 MLP                   CNN',
        '                    eager   captured      eager   captured',
        ' tensorflow          3.31       1.20       78.1       39.0',
        ' wasm               1,235          –          –          –',
        ' wasm, CNN: it lacks a kernel',
        '',
      ].join('\n'),
    );
  });

  test('a median is one of several, and one step alone is said to be one', () => {
    const base = { backend: 'tensorflow', why: '' };
    expect(timesOf({ ...base, eager: [3, 9, 4], captured: [1, 2] }, 3)).toEqual({ eagerMs: 4, capturedMs: 1.5, note: undefined });
    expect(timesOf({ backend: 'cpu', why: 'only native TensorFlow runs graphs', eager: [5], captured: [] }, 1)).toEqual({
      eagerMs: 5,
      capturedMs: undefined,
      note: 'one step only, it takes so long',
    });
    expect(timesOf({ ...base, why: 'it lacks a kernel', eager: [], captured: [] }, 3).note).toBe('it lacks a kernel');
  });
});
