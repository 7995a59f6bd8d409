/** `lagdiff narrow`: from the whole capture to the shortest window, cohort and flows that show the effect. */

import type { Argv, CommandModule } from 'yargs';
import { narrow, narrowingText } from '../../index.ts';
import { emit } from '../emit.ts';
import type { Io } from '../io.ts';
import { capturesOf } from '../options.ts';
import { periodOptions, periodsOf, type PeriodArguments } from '../period-options.ts';
import { progressOn } from '../progress.ts';

export function narrowCommand(io: Io): CommandModule {
  return {
    command: 'narrow',
    describe: 'bisect the effect: the shortest window, cohort and flows that show it',
    builder: (yargs: Argv) => periodOptions(yargs),
    handler: async (given) => {
      const args = given as unknown as PeriodArguments;
      const progress = progressOn(io, args.progress && !args.quiet);
      const { narrowing, flows } = await narrow(capturesOf(args.baseline), capturesOf(args.evening), {
        ...(await periodsOf(args)),
        stdin: io.stdin,
        onProgress: progress.update,
      }).finally(progress.clear);
      await emit(
        io,
        args.out,
        args.format === 'json'
          ? `${JSON.stringify({ ...narrowing, flows }, null, 2)}\n`
          : narrowingText(narrowing, flows),
      );
    },
  };
}
