/** An annex as files, whether it lies in a folder or in one .zip: what verification reads. */
import { createReadStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.ts';
import { walkFolder } from './walk.ts';
import { readZip } from './zip.ts';

export interface AnnexFiles {
  /** Bytes of every file, by path, sorted. */
  readonly sizes: ReadonlyMap<string, number>;
  readonly read: (path: string) => AsyncIterable<Buffer>;
  /** What is wrong with the container itself. */
  readonly faults: readonly { readonly code: string; readonly path: string; readonly message: string }[];
}

/** @throws InputError when there is nothing that could be an annex. */
export async function openAnnex(path: string): Promise<AnnexFiles> {
  const refuse = (message: string, cause?: unknown): InputError =>
    new InputError(
      {
        code: 'annex/not-a-folder',
        message,
        help: 'pass the folder that holds SHA256SUMS, or the .zip of it',
        path,
      },
      { cause },
    );
  const status = await lstat(path).catch((error: unknown) => {
    throw refuse(`cannot open the annex (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`, error);
  });
  if (status.isFile() && path.endsWith('.zip')) return openZip(path);
  if (!status.isDirectory()) throw refuse('the annex is neither a folder nor a .zip');
  const entries = await walkFolder(path);
  if (!entries) throw refuse('the folder holds more than 100000 entries; an annex is smaller');
  const files = entries.filter(({ kind }) => kind === 'file');
  const sizes = new Map<string, number>();
  for (const file of files) sizes.set(file.path, (await lstat(join(path, file.path))).size);
  return {
    sizes,
    read: (name) => createReadStream(join(path, name)) as AsyncIterable<Buffer>,
    faults: entries.flatMap(({ kind, path: name }) => {
      if (kind === 'other')
        return [
          {
            code: 'annex/not-a-file',
            path: name,
            message: 'is a link or a device; an annex holds plain files only',
          },
        ];
      if (kind === 'empty-folder')
        return [{ code: 'annex/extra', path: name, message: 'is an empty folder; an annex has none' }];
      return [];
    }),
  };
}

async function openZip(path: string): Promise<AnnexFiles> {
  const { entries, fault, read } = await readZip(path);
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  const twice = entries.find((entry) => byPath.get(entry.path) !== entry);
  return {
    sizes: new Map(entries.map(({ path: name, bytes }) => [name, bytes])),
    read: (name) => read(byPath.get(name)!),
    faults: [
      ...(fault === null
        ? []
        : [
            {
              code: 'zip/not-canonical',
              path: '(the archive itself)',
              message: `byte ${fault.offset} ${fault.message}`,
            },
          ]),
      ...(twice === undefined
        ? []
        : [{ code: 'zip/duplicate', path: twice.path, message: 'is in the archive twice' }]),
    ],
  };
}
