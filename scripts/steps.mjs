// Shows set-up to a person, one line a step with the seconds it took. Everything goes to stderr: stdout belongs to the
// command that follows, whose lines may be read by a program (`--json`).

const progressIntervalMs = 200;

/**
 * Runs one step of set-up and shows its name at once and its time at the end.
 * @template T
 * @param {string} name what is being done, as a person would say it
 * @param {(show: (progress: string) => void) => Promise<T> | T} work `show` replaces the progress on a terminal and does nothing off one
 * @returns {Promise<T>}
 */
export async function step(name, work) {
  const startedAt = performance.now();
  const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
  const onTerminal = process.stderr.isTTY === true;
  let shownAt = 0;
  process.stderr.write(`${name} … `);
  const show = (progress) => {
    if (!onTerminal || performance.now() - shownAt < progressIntervalMs) return;
    shownAt = performance.now();
    // \x1b[K clears what a longer earlier text left on the line.
    process.stderr.write(`\r${name} … ${progress}\x1b[K`);
  };
  try {
    const result = await work(show);
    process.stderr.write(onTerminal ? `\r${name} … ${seconds()}\x1b[K\n` : `${seconds()}\n`);
    return result;
  } catch (error) {
    process.stderr.write(onTerminal ? `\r${name} … failed after ${seconds()}\x1b[K\n` : `failed after ${seconds()}\n`);
    throw error;
  }
}

/** One line for people, on stderr. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Set-up cannot go on. The message is for a person: what happened and what to do; no stack is shown. */
export class SetupError extends Error {
  name = 'SetupError';
}

const neededNode = [20, 19];

/** Ends this process with one line where Node is too old for what follows. */
export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > neededNode[0] || (major === neededNode[0] && minor >= neededNode[1])) return;
  say(
    `tardigrad needs Node ${neededNode.join('.')} or newer, and this is Node ${process.versions.node}. Install a newer one and start again.`,
  );
  process.exit(1);
}

/** Runs a script's main function; a SetupError ends it in one message and exit code 1. */
export async function runMain(main) {
  requireNode();
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`tardigrad: ${error.message}`);
    process.exitCode = 1;
  }
}
