/** Formats a table can leave in, and how a target is told from a file that may be replaced. */

import { statSync } from 'node:fs';

export const EXPORT_FORMATS = ['csv', 'json', 'arrow', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** A pipe or a device is written to, never replaced. */
export function isSpecial(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && !found.isFile() && !found.isDirectory();
}
