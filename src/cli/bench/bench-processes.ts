/** Processes of a bench: the command line's own roles, ended with it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ALLOCATOR_ENVIRONMENT } from '../process-memory.ts';

export const ENTRY = fileURLToPath(new URL('../main.js', import.meta.url));

/** Nothing in a bench takes longer. */
const PROCESS_LIMIT_MS = 600_000;

export interface BenchProcess {
  readonly child: ChildProcess;
  /** The first line of its output. */
  readonly firstLine: Promise<string>;
  readonly output: Promise<{ code: number | null; lines: string[]; errors: string }>;
}

export function startProcess(args: readonly string[], env: Readonly<Record<string, string>> = {}): BenchProcess {
  const child = spawn(process.execPath, [ENTRY, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...ALLOCATOR_ENVIRONMENT, ...process.env, ...env, TARDIGRAD_EXIT_WITH_STDIN: '1' },
  });
  const lines: string[] = [];
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = `${errors}${chunk.toString()}`.slice(-4_000);
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), PROCESS_LIMIT_MS);
  let first: (line: string) => void = () => undefined;
  const firstLine = new Promise<string>((resolve, reject) => {
    first = resolve;
    child.on('exit', (code) => reject(new Error(`${args[0]} ended with code ${code} and said nothing: ${errors}`)));
  });
  firstLine.catch(() => undefined);
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    first(line);
  });
  const output = new Promise<{ code: number | null; lines: string[]; errors: string }>((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, lines, errors });
    });
  });
  return { child, firstLine, output };
}

export async function stopProcess({ child, output }: BenchProcess): Promise<void> {
  child.kill('SIGTERM');
  await output;
}
