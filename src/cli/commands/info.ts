/** `lagdiff info CAPTURE...`: what the files hold and how far they can be trusted. */

import type { Argv, CommandModule } from 'yargs';
import { captureInfo, renderInfo } from '../../index.ts';
import { emit } from '../emit.ts';
import { widthOf, type Io } from '../io.ts';
import { formatOption, readingOf, readingOptions } from '../options.ts';
import { progressOn } from '../progress.ts';

export function infoCommand(io: Io): CommandModule {
  return {
    command: 'info <capture..>',
    describe: 'what captures hold and how far they can be trusted: counts, times, clock, quality',
    builder: (yargs: Argv) =>
      formatOption(readingOptions(yargs)).positional('capture', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'files, folders, globs, or -',
      }),
    handler: async (given) => {
      const args = given as unknown as {
        capture: string[];
        format: 'table' | 'json';
        out: string | undefined;
        progress: boolean;
        quiet: boolean;
      };
      const progress = progressOn(io, args.progress && !args.quiet);
      const info = await captureInfo(args.capture, {
        ...readingOf(given as never),
        stdin: io.stdin,
        onProgress: progress.update,
      }).finally(progress.clear);
      const text =
        args.format === 'json'
          ? `${JSON.stringify({ schema: 'lagdiff/info@1', ...info }, null, 2)}\n`
          : renderInfo(info, { width: widthOf(io) });
      await emit(io, args.out, text);
    },
  };
}
