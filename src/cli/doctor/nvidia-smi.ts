/**
 * Asks nvidia-smi. A machine without it is found out by a look along the path alone: every start of a cluster asks, so
 * neither a process nor a module is loaded for that.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { errorMessage } from '../../errors.ts';
import type { GpuSurvey } from './gpu.ts';

/** Without a daemon that keeps the driver loaded, it takes seconds for each GPU. */
const LIMIT_MS = 10_000;
const PROGRAM = 'nvidia-smi';

/** @param holders whether to ask who holds them too */
export async function surveyGpus({ holders }: { holders: boolean }): Promise<GpuSurvey> {
  const program = programOnPath(process.env['PATH'] ?? '');
  if (program === undefined) return undefined;
  try {
    const { GPU_QUERY, HOLDER_QUERY, parseGpus } = await import('./gpu.ts');
    const run = promisify(execFile);
    const gpus = await run(program, GPU_QUERY, { timeout: LIMIT_MS });
    const held = holders ? (await run(program, HOLDER_QUERY, { timeout: LIMIT_MS })).stdout : '';
    return { gpus: parseGpus(gpus.stdout, held) };
  } catch (error) {
    const said = (error as { stdout?: string }).stdout?.trim().split('\n', 1)[0];
    return { problem: said === undefined || said === '' ? errorMessage(error) : said };
  }
}

function programOnPath(path: string): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, process.platform === 'win32' ? `${PROGRAM}.exe` : PROGRAM))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
