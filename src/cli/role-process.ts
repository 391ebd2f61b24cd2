/** What every role's process shares: a log on stderr, one ready line on stdout, and an end. */
import pino from 'pino';
import { errorMessage } from '../errors.ts';
import { collectWithoutMarking } from './process-memory.ts';

export type Log = (event: string, facts: Readonly<Record<string, unknown>>) => void;

export function createLog(role: string, nodeId: string): Log {
  const level = process.env['TARDIGRAD_LOG_LEVEL'] ?? 'info';
  const logger = pino({ level, base: { role, nodeId } }, pino.destination({ fd: 2, sync: true }));
  return (event, facts) => logger.info({ event, ...facts }, event);
}

export function sayReady(facts: { readonly address?: string }): void {
  process.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid, ...facts })}\n`);
}

/** Of a role whose start proves nothing until it has loaded what it works on. */
export function sayWorking(): void {
  process.stdout.write(`${JSON.stringify({ working: true, pid: process.pid })}\n`);
}

/**
 * Ends this process wherever it stands. Not by process.exit: that waits for the thread pool, and there a transaction of the
 * embedded store waits for this thread, so that both would wait for ever, alive and mute. Whatever must outlast a process
 * outlasts its being killed.
 */
function endNow(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** Where a launcher holds our standard input, its end is ours: nothing outlives it. */
function exitWithLauncher(log: Log): void {
  if (process.env['TARDIGRAD_EXIT_WITH_STDIN'] !== '1') return;
  process.stdin.on('end', () => {
    try {
      log('launcherGone', {}); // its reader may be gone too
    } finally {
      endNow();
    }
  });
  process.stdin.on('error', endNow);
  process.stdin.resume();
}

/** A second signal, or an end that takes longer than this, is an end at once. */
const END_MS = 4_000;

/**
 * Runs a role until it has done its work, or is told to end.
 * @param body gets the role going; `end` is called once on SIGTERM or SIGINT; `done` resolves with the exit code
 */
export async function runRole(
  log: Log,
  body: () => Promise<{ done: Promise<number>; end: () => void; close: () => Promise<void> }>,
): Promise<void> {
  collectWithoutMarking();
  exitWithLauncher(log);
  const onBug = (error: unknown): void => {
    try {
      log('bug', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    } finally {
      endNow();
    }
  };
  process.on('uncaughtException', onBug);
  process.on('unhandledRejection', onBug);
  try {
    const role = await body();
    let signals = 0;
    const onSignal = (signal: NodeJS.Signals): void => {
      signals += 1;
      if (signals > 1) endNow();
      log('signal', { signal });
      setTimeout(endNow, END_MS).unref();
      role.end();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
    const code = await role.done;
    await role.close();
    process.exit(code);
  } catch (error) {
    log('failed', { error: errorMessage(error) });
    process.stderr.write(`${errorMessage(error)}\n`);
    process.exit(1);
  }
}
