/** Which folder is a case: asked before every command, so this needs nothing but the file system. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export const CASE_FILE = 'case.yaml';
export const CASE_LOG = 'evidence-log.jsonl';

/** The case that a folder belongs to: itself or the nearest above it with both a case file and a log. */
export function caseFolderOf(folder: string): string | null {
  let at = resolve(folder);
  for (;;) {
    if (isCaseFolder(at)) return at;
    const above = dirname(at);
    if (above === at) return null;
    at = above;
  }
}

export function isCaseFolder(folder: string): boolean {
  return existsSync(join(folder, CASE_LOG)) && existsSync(join(folder, CASE_FILE));
}
