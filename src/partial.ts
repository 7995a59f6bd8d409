/** Files being written: they appear under their name when whole, and an interrupted run leaves none behind. */

import { rmSync } from 'node:fs';

const open = new Set<string>();

/** The name to write under until the file is whole. */
export function partialOf(path: string): string {
  const partial = `${path}.partial`;
  open.add(partial);
  return partial;
}

/** The file is whole and has its name, or is gone. */
export function settled(partial: string): void {
  open.delete(partial);
}

/** Removes what is half-written; for a run that ends before its end. */
export function removePartials(): void {
  for (const partial of open) rmSync(partial, { force: true });
  open.clear();
}
