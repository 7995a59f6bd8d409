/** Flows of a capture as `export` writes them, by column name. */
import { readCsv } from './captures-index.ts';
import { lagdiff } from './cli.ts';

/** Null where the capture cannot be read. */
export async function flowsOf(path: string): Promise<Record<string, string | null>[] | null> {
  const words = ['export', path, '--table', 'flows', '--format', 'csv', '--out', '-', '--workers', '1'];
  const { code, stdout } = await lagdiff(words);
  return code === 0 ? readCsv(stdout) : null;
}
