/** One run of a recorder: its names, its scratch folder, its router, and that nothing of it stays, however it ends. */

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findLeftovers, isClean, prefixOf, removeLeftovers, removeOrphans } from './leftovers.ts';
import { buildRouter } from './router.ts';

export interface Session {
  /** What every name that it makes begins with. */
  readonly prefix: string;
  readonly folder: string;
  /** The router's program. */
  readonly binary: string;
  /** Removes all there is. @return what is left all the same, in words; null when nothing is. */
  close(): string | null;
}

/** @throws Error where the machine will not let us. */
export function requireRoot(): void {
  if (process.getuid?.() !== 0) throw new Error('namespaces, devices and captures need root');
}

export function openSession(): Session {
  requireRoot();
  const prefix = prefixOf(process.pid);
  const tidy = (): void => removeLeftovers(findLeftovers(prefix));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      tidy();
      process.exit(1);
    });
  process.on('exit', tidy);
  removeOrphans();
  const folder = mkdtempSync(join(tmpdir(), prefix));
  return {
    prefix,
    folder,
    binary: buildRouter(folder),
    close: () => {
      tidy();
      const left = findLeftovers(prefix);
      return isClean(left) ? null : JSON.stringify(left);
    },
  };
}
