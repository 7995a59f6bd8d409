/** `lagdiff close`: the evenings after the fix against the good baseline; exit 1 while the case stays open. */

import type { Argv, CommandModule } from 'yargs';
import { closeCase, closeText, readComparison, UsageError } from '../../index.ts';
import { emit } from '../emit.ts';
import { EXIT } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { formatOption } from '../options.ts';
import type { SetExit } from './index.ts';

interface Arguments {
  found: string;
  after: string[];
  sloShare: number;
  format: 'table' | 'json';
  out: string | undefined;
}

export function closeCommand(io: Io, setExit: SetExit): CommandModule {
  return {
    command: 'close',
    describe: 'is it solved: evenings after the fix, EQUIVALENT and SLO met, at least six',
    builder: (yargs: Argv) =>
      formatOption(yargs)
        .option('found', {
          type: 'string',
          demandOption: true,
          describe: 'diff --format json that found the fault: its configuration is frozen',
        })
        .option('after', {
          type: 'string',
          array: true,
          demandOption: true,
          describe: 'diff --format json of each evening after the fix against the good baseline',
        })
        .option('slo-share', {
          type: 'number',
          default: 0.95,
          describe: 'share of player-minutes that must stay under the threshold of the profile',
        }),
    handler: async (given) => {
      const args = given as unknown as Arguments;
      if (!(args.sloShare > 0 && args.sloShare <= 1)) {
        throw new UsageError({
          code: 'usage/slo-share',
          message: '--slo-share takes a share above 0 and up to 1',
          help: 'for example --slo-share 0.95',
        });
      }
      const result = closeCase({
        found: await readComparison(args.found),
        after: await Promise.all(args.after.map((path) => readComparison(path))),
        sloShare: args.sloShare,
      });
      await emit(
        io,
        args.out,
        args.format === 'json' ? `${JSON.stringify(result, null, 2)}\n` : closeText(result),
      );
      if (!result.closed) setExit(EXIT.found);
    },
  };
}
