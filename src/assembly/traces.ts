/** The traces that a case names, read. */

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Case } from '../case/read-case.ts';
import { parseTrace, readTrace, type Trace } from '../case/trace.ts';
import { InputError } from '../errors.ts';
import { parseAddress } from '../redaction/pseudonyms.ts';
import type { TraceFacts } from '../report/input.ts';

export async function readTraces(given: Case): Promise<TraceFacts[]> {
  const read = (given.document.traces ?? []).map(async ({ path, from, state, at }): Promise<TraceFacts> => {
    const full = resolve(given.folder, path);
    const text = await readFile(full, 'utf8').catch((cause: unknown) => {
      throw new InputError(
        {
          code: 'case/missing-file',
          message: `the trace ${path} cannot be read`,
          help: 'paths are relative to the case file',
          path: given.file,
        },
        { cause },
      );
    });
    const trace = parseTrace(text, path);
    return { name: path, from, state, at: at ?? null, trace, reading: readTrace(trace) };
  });
  return Promise.all(read);
}

export function traceAddresses({ hops }: Trace): Uint8Array[] {
  return hops.flatMap(({ address }) => (address === null ? [] : (parseAddress(address) ?? [])));
}
