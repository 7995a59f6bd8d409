/** `lagdiff export CAPTURE... --table T --format F --out PATH`: one table, as data. */

import type { Argv, CommandModule } from 'yargs';
import { EXPORT_FORMATS, exportTable, TABLE_NAMES, type ExportFormat, type TableName } from '../../index.ts';
import type { Io } from '../io.ts';
import { binWidth, capturesOf, readingOf, readingOptions, tellingOf, tellingOptions } from '../options.ts';
import { progressOn } from '../progress.ts';

export function exportCommand(io: Io): CommandModule {
  return {
    command: 'export <capture..>',
    describe: 'one table as data: packets, flows, rtt, bins or events',
    builder: (yargs: Argv) =>
      tellingOptions(readingOptions(yargs))
        .positional('capture', {
          type: 'string',
          array: true,
          demandOption: true,
          describe: 'files, folders, globs, or -',
        })
        .option('table', { choices: TABLE_NAMES, demandOption: true, describe: 'which table' })
        .option('format', {
          choices: EXPORT_FORMATS,
          default: 'csv' as const,
          describe: 'csv and json are text, arrow is an IPC stream, parquet a file',
        })
        .option('out', { type: 'string', default: '-', describe: 'a path; - is stdout' })
        .option('bin', {
          type: 'string',
          describe: 'width of a bin of table bins: 1s, 500ms, 60s (a bare number is seconds)',
          coerce: binWidth,
        }),
    handler: async (given) => {
      const args = given as unknown as {
        capture: string[];
        table: TableName;
        format: ExportFormat;
        out: string;
        bin: number | undefined;
        progress: boolean;
        quiet: boolean;
      };
      const progress = progressOn(io, args.progress && !args.quiet);
      await exportTable(capturesOf(args.capture), {
        ...readingOf(given as never),
        ...tellingOf(given as never),
        ...(args.bin === undefined ? {} : { binNs: args.bin }),
        table: args.table,
        format: args.format,
        out: args.out === '-' ? null : args.out,
        stdout: io.stdout,
        stdin: io.stdin,
        onProgress: progress.update,
      }).finally(progress.clear);
    },
  };
}
