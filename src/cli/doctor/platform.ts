/**
 * Which platform this is, what has been tried there, and what a person types there to get something. Native TensorFlow
 * decides most of it: published builds exist for glibc on Linux and for macOS, and only Linux on x86-64 has been tested.
 */
import type { Finding } from './finding.ts';

export interface Platform {
  /** process.platform */
  readonly system: string;
  /** process.arch */
  readonly architecture: string;
  /** PRETTY_NAME of /etc/os-release; empty where there is none. */
  readonly distribution: string;
  /** ID and ID_LIKE of /etc/os-release. */
  readonly family: readonly string[];
  /** Version of glibc; undefined where the C library is another one, as on Alpine. */
  readonly glibc: string | undefined;
}

/** ID, ID_LIKE and PRETTY_NAME out of the text of /etc/os-release. */
export function parseOsRelease(text: string): Pick<Platform, 'distribution' | 'family'> {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^([A-Z_]+)=(?:"(.*)"|(.*))$/.exec(line.trim()) ?? [];
    if (name !== undefined) fields.set(name, value ?? line.slice(line.indexOf('=') + 1));
  }
  const family = `${fields.get('ID') ?? ''} ${fields.get('ID_LIKE') ?? ''}`.split(' ').filter((id) => id !== '');
  return { distribution: fields.get('PRETTY_NAME') ?? '', family };
}

export type Support = 'tested' | 'untested' | 'no native TensorFlow';

export function supportOf({ system, architecture, glibc }: Platform): Support {
  if (system === 'linux') {
    if (glibc === undefined) return 'no native TensorFlow';
    if (architecture === 'x64') return 'tested';
    return architecture === 'arm64' ? 'untested' : 'no native TensorFlow';
  }
  return system === 'darwin' ? 'untested' : 'no native TensorFlow';
}

export function platformFinding(platform: Platform): Finding {
  const { system, architecture, distribution, glibc } = platform;
  const support = supportOf(platform);
  const library = system !== 'linux' ? [] : [glibc === undefined ? 'not glibc' : `glibc ${glibc}`];
  const what = [`${system} ${architecture}`, ...(distribution === '' ? [] : [distribution]), ...library].join(', ');
  const facts = { system, architecture, distribution, support };
  switch (support) {
    case 'tested':
      return { topic: 'platform', status: 'ok', text: `${what}: tested`, facts };
    case 'untested':
      return {
        topic: 'platform',
        status: 'ok',
        text: `${what}: set-up knows a way to native TensorFlow here; nobody has tested it`,
        facts,
      };
    case 'no native TensorFlow': {
      const how = 'For native TensorFlow use Linux on x86-64 with glibc (Debian, Ubuntu); on Windows, WSL 2.';
      return {
        topic: 'platform',
        status: 'limited',
        text: `${what}: native TensorFlow has no build for it, WebAssembly computes`,
        how,
        facts,
      };
    }
  }
}

export type Wanted = 'compiler and pip' | 'redis' | 'NVIDIA driver' | 'node';

const WAYS: Readonly<Record<Wanted, { debian: string; macOs: string; other: string }>> = {
  'compiler and pip': {
    debian: 'apt install g++ python3-pip, then npm run setup',
    macOs: 'xcode-select --install and brew install python, then npm run setup',
    other: "install a C++ compiler (g++ or clang++) and Python's pip, then npm run setup",
  },
  redis: { debian: 'apt install redis-server', macOs: 'brew install redis', other: 'see redis.io for this system' },
  'NVIDIA driver': {
    debian: 'for an NVIDIA GPU: install its driver (Debian: apt install nvidia-driver; Ubuntu: ubuntu-drivers install), then npm run setup',
    macOs: 'TensorFlow for Node has no GPU build on macOS',
    other: "for an NVIDIA GPU on Linux: install NVIDIA's driver, then npm run setup",
  },
  node: {
    debian: 'take Node 20.19 or newer from nodejs.org or NodeSource',
    macOs: 'brew install node@20',
    other: 'take Node 20.19 or newer from nodejs.org',
  },
};

/** What to type on this platform. */
export function howToGet(wanted: Wanted, { system, family }: Platform): string {
  const ways = WAYS[wanted];
  if (system === 'darwin') return ways.macOs;
  return family.includes('debian') || family.includes('ubuntu') ? ways.debian : ways.other;
}
