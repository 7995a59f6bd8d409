/** `lagdiff pair --client C... --server S...`: both ends of one path, through NAT, with an honest clock. */

import type { Argv, CommandModule } from 'yargs';
import { pairChain, renderPair } from '../../index.ts';
import { emit } from '../emit.ts';
import { usesColor, widthOf, type Io } from '../io.ts';
import { capturesOf, formatOption, readingOf, readingOptions } from '../options.ts';
import { progressOn } from '../progress.ts';

interface Arguments {
  client: string[];
  server: string[];
  hop: string[] | undefined;
  format: 'table' | 'json';
  out: string | undefined;
  progress: boolean;
  quiet: boolean;
}

export function pairCommand(io: Io): CommandModule {
  return {
    command: 'pair',
    describe:
      'both ends of one path: clocks, loss, queueing and rewriting per direction, and whose network it is',
    builder: (yargs: Argv) =>
      formatOption(readingOptions(yargs))
        .option('client', {
          type: 'string',
          array: true,
          demandOption: true,
          requiresArg: true,
          describe: 'captures taken at the client’s end',
        })
        .option('server', {
          type: 'string',
          array: true,
          demandOption: true,
          requiresArg: true,
          describe: 'captures taken at the server’s end at the same time',
        })
        .option('hop', {
          type: 'string',
          array: true,
          requiresArg: true,
          describe: 'captures between them, one file or folder per place, in order from the client',
        }),
    handler: async (given) => {
      const args = given as unknown as Arguments;
      const progress = progressOn(io, args.progress && !args.quiet);
      const { document } = await pairChain(
        [capturesOf(args.client), ...(args.hop ?? []).map((hop) => [hop]), capturesOf(args.server)],
        { ...readingOf(given as never), onProgress: progress.update },
      ).finally(progress.clear);
      const text =
        args.format === 'json'
          ? `${JSON.stringify(document, null, 2)}\n`
          : renderPair(document, { width: widthOf(io), color: usesColor(io) });
      await emit(io, args.out, text);
    },
  };
}
