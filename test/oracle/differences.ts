/** Reads DIFFERENCES.md: the page a person reads is the list the test holds us to. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface KnownDifference {
  readonly file: string;
  /** Frame numbers, or `all` frames of the file. */
  readonly frames: ReadonlySet<number> | 'all';
  /** Column names, or `row` where only one of the two has a row. */
  readonly columns: readonly string[];
}

export function knownDifferences(): KnownDifference[] {
  const text = readFileSync(join(import.meta.dirname, 'DIFFERENCES.md'), 'utf8');
  return text
    .split('\n')
    .filter((line) => /^\| `/.test(line))
    .map((line) => {
      const [, file = '', frames = '', columns = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
      return {
        file: file.replaceAll('`', ''),
        frames: frames === 'all' ? 'all' : parseFrames(frames),
        columns: columns.replaceAll('`', '').split(/\s+/),
      };
    });
}

/** `3, 7–9` → 3 7 8 9. */
function parseFrames(text: string): Set<number> {
  const frames = new Set<number>();
  for (const part of text.split(',')) {
    const [first = 0, last = first] = part.split(/[–-]/).map(Number);
    for (let frame = first; frame <= last; frame++) frames.add(frame);
  }
  return frames;
}

export function isKnown(
  known: readonly KnownDifference[],
  file: string,
  frame: number,
  column: string,
): boolean {
  return known.some(
    (row) =>
      row.file === file && (row.frames === 'all' || row.frames.has(frame)) && row.columns.includes(column),
  );
}
