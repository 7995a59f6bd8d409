/** What a command may touch of the process: given in, so that `run` is a function. */

import type { Readable, Writable } from 'node:stream';

export interface Io {
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** RFC 3339 UTC, asked once per command: no output but logs and signatures may hold it. */
  readonly now: () => string;
}

/** Colour only on a terminal and without NO_COLOR (no-color.org). */
export function usesColor(io: Io): boolean {
  return io.stdout.isTTY === true && (io.env['NO_COLOR'] ?? '') === '' && io.env['TERM'] !== 'dumb';
}

/** Columns of the terminal; 100 when stdout is none. */
export function widthOf(io: Io): number {
  return io.stdout.columns ?? 100;
}

export async function print(io: Io, text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    io.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
