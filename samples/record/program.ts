/** Programs in a namespace, each in a process group of its own, so that ending one ends all that it started. */

import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningProgram } from './games/types.ts';

export interface StartOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  readonly niceness?: number;
}

/** With what only the recorder itself may do. */
export interface OwnProgram extends RunningProgram {
  /** Closes its standard input. */
  endInput(): void;
}

let started = 0;

/**
 * @param namespace null for the machine's own.
 * @param folder    where stdout and stderr go, and what the program works in unless told otherwise.
 */
export function startProgram(
  namespace: string | null,
  folder: string,
  argv: readonly string[],
  options: StartOptions = {},
): OwnProgram {
  const log = join(folder, `program-${++started}.log`);
  const out = openSync(log, 'a');
  const inside = namespace === null ? [] : ['ip', 'netns', 'exec', namespace];
  const [file = '', ...rest] = [...inside, 'nice', '-n', String(options.niceness ?? 0), ...argv];
  const child = spawn(file, rest, {
    cwd: options.cwd ?? folder,
    env: { ...process.env, ...options.env },
    detached: true,
    stdio: ['pipe', out, out],
  });
  closeSync(out);
  const { stdin } = child;
  if (stdin === null) throw new Error(`${file} got no standard input`);
  // A pipe that its reader has closed is how a program ends, not a fault of ours.
  stdin.on('error', () => undefined);
  let hasExited = false;
  const exited = new Promise<number | null>((resolve) => {
    child.on('error', () => ((hasExited = true), resolve(null)));
    child.on('exit', (code) => ((hasExited = true), resolve(code)));
  });
  return {
    pid: child.pid ?? 0,
    exited,
    write: (text) => void stdin.write(text),
    endInput: () => void stdin.end(),
    stop: (signal = 'SIGTERM') => {
      if (hasExited || child.pid === undefined) return;
      try {
        process.kill(-child.pid, signal);
      } catch {
        // It ended meanwhile.
      }
    },
    // Gone with the scratch folder, when the recording is over.
    logText: () => (existsSync(log) ? readFileSync(log, 'utf8') : ''),
  };
}

export async function until(what: string, holds: () => boolean, seconds = 30): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`${what} did not happen within ${seconds} s`);
    await pause(50);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Ends a program, by force where it does not listen. */
export async function ended(program: RunningProgram, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  program.stop(signal);
  const late = pause(3000).then(() => program.stop('SIGKILL'));
  await Promise.race([program.exited, late.then(() => program.exited)]);
}
