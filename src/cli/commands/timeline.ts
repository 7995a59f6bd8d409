/** `lagdiff timeline CAPTURE...`: one period minute by minute, its steps, and what people changed at those times. */

import type { Argv, CommandModule } from 'yargs';
import { readChangeLog, timeline, timelineText } from '../../index.ts';
import { emit } from '../emit.ts';
import type { Io } from '../io.ts';
import { capturesOf, formatOption, readingOf, readingOptions, whole } from '../options.ts';
import { progressOn } from '../progress.ts';

interface Arguments {
  capture: string[];
  changes: string | undefined;
  server: string[] | undefined;
  seed: number;
  format: 'table' | 'json';
  out: string | undefined;
  progress: boolean;
  quiet: boolean;
}

export function timelineCommand(io: Io): CommandModule {
  return {
    command: 'timeline <capture..>',
    describe: 'minute by minute: where the level changed, and what was changed then',
    builder: (yargs: Argv) =>
      formatOption(readingOptions(yargs))
        .positional('capture', {
          type: 'string',
          array: true,
          demandOption: true,
          describe: 'as for analyze',
        })
        .option('changes', {
          type: 'string',
          describe: 'change log: CSV time,what; JSON; or git log --format=%cI,%s',
        })
        .option('server', { type: 'string', array: true, describe: 'server addresses, as for diff' })
        .option('seed', {
          type: 'number',
          default: 1,
          describe: 'seed of the shuffled log',
          coerce: whole('seed', 0, 4_294_967_295),
        }),
    handler: async (given) => {
      const args = given as unknown as Arguments;
      const progress = progressOn(io, args.progress && !args.quiet);
      const found = await timeline(capturesOf(args.capture), {
        ...readingOf(given as never),
        seed: args.seed,
        ...(args.server === undefined ? {} : { servers: args.server }),
        ...(args.changes === undefined ? {} : { changes: await readChangeLog(args.changes) }),
        stdin: io.stdin,
        onProgress: progress.update,
      }).finally(progress.clear);
      await emit(
        io,
        args.out,
        args.format === 'json' ? `${JSON.stringify(found, null, 2)}\n` : timelineText(found),
      );
    },
  };
}
