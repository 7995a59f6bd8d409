/** Where a result goes: stdout, or a file that appears whole or not at all. */

import { renameSync, rmSync, writeFileSync } from 'node:fs';
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
