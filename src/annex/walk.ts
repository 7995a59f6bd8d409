/** What lies in an annex folder, byte for byte: every entry by its path with `/`. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface Entry {
  readonly path: string;
  readonly kind: 'file' | 'empty-folder' | 'other';
}

/** More than any annex has; a folder that holds more is not one. */
const MAX_ENTRIES = 100_000;

/** Sorted by path. Symbolic links are never followed: they are `other`. Null when there are too many entries. */
export async function walkFolder(root: string): Promise<Entry[] | null> {
  const found: Entry[] = [];
  const waiting = [''];
  while (waiting.length > 0) {
    const folder = waiting.pop()!;
    const items = await readdir(join(root, folder), { withFileTypes: true });
    if (items.length === 0 && folder !== '') found.push({ path: folder, kind: 'empty-folder' });
    for (const item of items) {
      const path = folder === '' ? item.name : `${folder}/${item.name}`;
      if (item.isDirectory()) waiting.push(path);
      else found.push({ path, kind: item.isFile() ? 'file' : 'other' });
    }
    if (found.length + waiting.length > MAX_ENTRIES) return null;
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}
