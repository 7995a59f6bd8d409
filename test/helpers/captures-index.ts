/** The index that lies beside the real captures: what capinfos and tshark said of each file when it was collected. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CAPTURES, haveCaptures } from './repository.ts';

export interface IndexedCapture {
  readonly name: string;
  readonly fileType: string;
  readonly encapsulation: string;
  readonly packets: number;
  readonly durationS: number;
}

export function captureIndex(): IndexedCapture[] {
  if (!haveCaptures) return [];
  const [header = '', ...lines] = readFileSync(join(CAPTURES, 'INDEX.csv'), 'utf8').trimEnd().split('\n');
  const names = header.split(',');
  const column = (cells: readonly string[], name: string): string => cells[names.indexOf(name)] ?? '';
  return lines.map((line) => {
    const cells = splitCsv(line);
    return {
      name: column(cells, 'name'),
      fileType: column(cells, 'file_type'),
      encapsulation: column(cells, 'encapsulation'),
      packets: Number(column(cells, 'packets')),
      durationS: Number(column(cells, 'duration')),
    };
  });
}

/** One line of RFC 4180 CSV without line breaks inside cells. */
export function splitCsv(line: string): string[] {
  if (!line.includes('"')) return line.split(',');
  const cells: string[] = [];
  for (const match of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g))
    cells.push(match[1] === undefined ? (match[2] ?? '') : match[1].replaceAll('""', '"'));
  return cells;
}

/** CSV text → rows by column name; an empty cell is null, as our writers mean it. */
export function readCsv(text: string): Record<string, string | null>[] {
  const [header = '', ...lines] = text.trimEnd().split('\n');
  const names = splitCsv(header);
  return lines.map((line) => {
    const cells = splitCsv(line);
    return Object.fromEntries(
      names.map((name, index) => [name, cells[index] === '' ? null : (cells[index] ?? null)]),
    );
  });
}
