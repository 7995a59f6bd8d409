/** Where a result goes: stdout, or a file that appears whole or not at all. */

import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InputError, isSpecial } from '../index.ts';
import { print, type Io } from './io.ts';

export async function emit(io: Io, out: string | undefined, text: string): Promise<void> {
  if (out === undefined || out === '-') {
    await print(io, text);
    return;
  }
  const partial = `${out}.partial`;
  try {
    if (isSpecial(out)) {
      writeFileSync(out, text);
      return;
    }
    writeFileSync(partial, text);
    renameSync(partial, out);
  } catch (cause) {
    rmSync(partial, { force: true });
    throw new InputError(
      {
        code: 'output/unwritable',
        message: `${out} cannot be written: ${(cause as Error).message}`,
        help: 'choose a folder that exists and may be written',
        path: out,
      },
      { cause },
    );
  }
}

/** Does `out` name a folder: one that exists, or one that is to be made because it ends with a slash? */
export function isFolder(out: string | undefined): out is string {
  if (out === undefined || out === '-') return false;
  return out.endsWith('/') || (statSync(out, { throwIfNoEntry: false })?.isDirectory() ?? false);
}

/** Several files into one folder, which is made; a file of the same name is replaced, others are left alone. */
export async function emitFolder(
  io: Io,
  folder: string,
  files: readonly { readonly name: string; readonly text: string }[],
): Promise<void> {
  for (const { name, text } of files) {
    const path = join(folder, name);
    try {
      mkdirSync(dirname(path), { recursive: true });
    } catch (cause) {
      throw new InputError(
        {
          code: 'output/unwritable',
          message: `${dirname(path)} cannot be made: ${(cause as Error).message}`,
          help: 'choose a folder that may be written, or the name of no existing file',
          path: folder,
        },
        { cause },
      );
    }
    await emit(io, path, text);
  }
}
