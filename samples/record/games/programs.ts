/** What the games share: where Debian's programs are found, how they run without a screen, when they are up. */

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Host, RunningProgram } from './types.ts';

/**
 * An OpenGL client without an X server: SDL draws into a buffer of its own, Mesa with one thread and no GPU.
 * One tiny frame costs little; several threads for it would cost more in waking than in drawing.
 */
export const WITHOUT_SCREEN: Readonly<Record<string, string>> = {
  SDL_VIDEODRIVER: 'offscreen',
  SDL_AUDIODRIVER: 'dummy',
  LIBGL_ALWAYS_SOFTWARE: '1',
  LP_NUM_THREADS: '1',
};

/** What that takes; the games only recommend it. */
export const SCREENLESS_PACKAGES: readonly string[] = [
  'libegl1',
  'libegl-mesa0',
  'libgl1',
  'libgl1-mesa-dri',
];

/** The version of an installed Debian package; throws where it is not installed. */
export function debianVersion(name: string): string {
  return execFileSync('dpkg-query', ['-W', '-f=${Version}', name], { encoding: 'utf8' }).trim();
}

/** A folder of its own on a host, so that one host may run several programs. */
export function folder(host: Host, ...names: readonly string[]): string {
  const path = join(host.directory, ...names);
  mkdirSync(path, { recursive: true });
  return path;
}

/** HOME and the XDG folders below `path`: nothing outside is read or written. */
export function homeIn(path: string): Record<string, string> {
  return {
    HOME: path,
    XDG_RUNTIME_DIR: path,
    XDG_CACHE_HOME: join(path, 'cache'),
    XDG_CONFIG_HOME: join(path, 'config'),
    XDG_DATA_HOME: join(path, 'data'),
  };
}

/** Waits until a program has printed `text`; fails when it ends first, or after `seconds`. */
export async function untilPrinted(program: RunningProgram, text: RegExp, seconds = 60): Promise<void> {
  let code: number | null | undefined;
  void program.exited.then((exit) => (code = exit));
  for (let waited = 0; waited < seconds * 10; waited++) {
    if (text.test(program.logText())) return;
    if (code !== undefined)
      throw new Error(`ended with ${code} before it printed ${text}:\n${tail(program)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`did not print ${text} within ${seconds} s:\n${tail(program)}`);
}

function tail(program: RunningProgram): string {
  return program.logText().split('\n').slice(-12).join('\n');
}
