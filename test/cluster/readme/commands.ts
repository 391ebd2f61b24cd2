/** The commands of README.md, and how each is tried: as it stands, or a shorter run of the same command. */

/** Lines of the blocks marked `sh`, in their order; comments left out. */
export function commandsIn(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .flatMap((block) => (block[1] ?? '').split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

export type Trial =
  /** Trains: run with the words added that make it short and keep it out of the clone. */
  | { readonly kind: 'train'; readonly words: readonly string[]; readonly json: boolean; readonly resumes: boolean }
  /** Answers at once: run as it stands. */
  | { readonly kind: 'asked'; readonly words: readonly string[] }
  /** Runs these very tests: only that there is such a script is checked. */
  | { readonly kind: 'script'; readonly script: string };

export interface Quick {
  readonly runs: string;
  readonly maxUpdates: number;
  /** Where MNIST is not to be had, as without a network. */
  readonly standIn: boolean;
}

/** @throws for a command that nobody has said how to try: a README must not hold one. */
export function trialOf(command: string, quick: Quick): Trial {
  const words = command.split(/\s+/);
  const [tool, verb] = words;
  if (words.includes('--help')) return { kind: 'asked', words };
  if (tool === 'npm' && verb === 'start') {
    const own = words.includes('--') ? words.slice(words.indexOf('--') + 1) : [];
    const before = words.slice(0, words.length - own.length).filter((word) => word !== '--');
    return training([...before, '--'], own, quick);
  }
  if (tool === 'npx' && words.includes('tardigrad')) {
    const train = words.indexOf('train');
    if (train > 0) return training(words.slice(0, train + 1), words.slice(train + 1), quick);
    if (words.at(-1) === 'doctor') return { kind: 'asked', words };
  }
  if (tool === 'npm' && verb === 'test') return { kind: 'script', script: 'test' };
  if (tool === 'npm' && verb === 'run' && words[2] !== undefined) return { kind: 'script', script: words[2] };
  throw new Error(`README.md has the command '${command}', and this test does not know how to try it`);
}

function training(before: readonly string[], own: readonly string[], { runs, maxUpdates, standIn }: Quick): Trial {
  const resumes = own.includes('--resume');
  const digits = standIn && !resumes && !own.includes('--dataset') ? ['--dataset', 'digits'] : [];
  const words = [...before, ...own, ...digits, '--max-updates', String(resumes ? 2 * maxUpdates : maxUpdates), '--runs', runs];
  return { kind: 'train', words, json: own.includes('--json'), resumes };
}
