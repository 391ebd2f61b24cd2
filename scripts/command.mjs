// Runs another program without blocking the event loop (the lock's heartbeat must go on), keeps the end of its output
// for error messages, and ends it when it exceeds its time, goes silent, or set-up itself is interrupted.

import { spawn } from 'node:child_process';

const keptOutputCharacters = 8000;
const children = new Set();

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{
 *   cwd?: string,
 *   env?: NodeJS.ProcessEnv,
 *   timeLimitMs?: number,
 *   stallLimitMs?: number,
 *   progressBytes?: () => number,
 *   onProgress?: (bytes: number) => void,
 *   showOutput?: boolean,
 *   ownGroup?: boolean,
 * }} [options] `stallLimitMs` ends a program for which neither `progressBytes` changes nor output comes for so long;
 *   `showOutput` passes both of its streams to our stderr; `ownGroup` is for a program whose own children must end with it.
 * @returns {Promise<{ code: number | null, output: string, problem: string | undefined }>} `problem`: why it counts as failed, in words
 */
export function runCommand(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env,
      stdio: options.showOutput === true ? ['ignore', 2, 2] : ['ignore', 'pipe', 'pipe'],
      detached: options.ownGroup === true,
      shell: process.platform === 'win32' && command === 'npm',
    });
    child.endAll = () => end(child, options.ownGroup === true);
    children.add(child);
    let output = '';
    let endedBecause;
    let lastBytes = 0;
    let lastChangeAt = performance.now();
    const startedAt = performance.now();
    const keep = (text) => {
      output = (output + text).slice(-keptOutputCharacters);
      lastChangeAt = performance.now();
    };
    child.stdout?.setEncoding('utf8').on('data', keep);
    child.stderr?.setEncoding('utf8').on('data', keep);
    const watch = setInterval(() => {
      const now = performance.now();
      const bytes = options.progressBytes?.() ?? 0;
      if (bytes !== lastBytes) lastChangeAt = now;
      lastBytes = bytes;
      options.onProgress?.(bytes);
      if (options.timeLimitMs !== undefined && now - startedAt > options.timeLimitMs) {
        endedBecause = `took longer than ${options.timeLimitMs / 1000} s`;
      } else if (options.stallLimitMs !== undefined && now - lastChangeAt > options.stallLimitMs) {
        endedBecause = `made no progress for ${options.stallLimitMs / 1000} s`;
      }
      if (endedBecause !== undefined) child.endAll();
    }, 250);
    const finish = (code, problem) => {
      clearInterval(watch);
      children.delete(child);
      resolve({ code, output: output.trim(), problem });
    };
    child.once('error', (error) => finish(null, error.code === 'ENOENT' ? `${command} was not found` : `${command}: ${error.message}`));
    child.once('close', (code, signal) => {
      if (endedBecause !== undefined) finish(code, `${command} ${endedBecause}`);
      else if (signal !== null) finish(code, `${command} was ended by ${signal}`);
      else finish(code, code === 0 ? undefined : `${command} ended with exit code ${code}`);
    });
  });
}

/** Ends every program that is still running, for when set-up itself is interrupted. */
export function endCommands() {
  for (const child of children) child.endAll();
}

function end(child, wholeGroup) {
  if (!wholeGroup || child.pid === undefined) {
    child.kill('SIGKILL');
    return;
  }
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Already gone.
  }
}

/** The last lines of a program's output, for an error message. */
export function lastLines(output, count = 6) {
  return output.split('\n').slice(-count).join('\n');
}
