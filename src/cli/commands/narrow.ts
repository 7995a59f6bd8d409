/** `lagdiff narrow`: from the whole capture to the shortest window, cohort and flows that show the effect. */

import type { Argv, CommandModule } from 'yargs';
import {
  narrow,
  narrowingText,
  PROFILE_NAMES,
  readCohorts,
  readPlayers,
  type ProfileName,
} from '../../index.ts';
import { emit } from '../emit.ts';
import type { Io } from '../io.ts';
import { capturesOf, formatOption, readingOf, readingOptions, whole } from '../options.ts';
import { progressOn } from '../progress.ts';

interface Arguments {
  baseline: string[];
  evening: string[];
  cohorts: string | undefined;
  players: string | undefined;
  server: string[] | undefined;
  profile: ProfileName;
  seed: number;
  replicates: number;
  format: 'table' | 'json';
  out: string | undefined;
  progress: boolean;
  quiet: boolean;
}

export function narrowCommand(io: Io): CommandModule {
  return {
    command: 'narrow',
    describe: 'bisect the effect: the shortest window, cohort and flows that show it',
    builder: (yargs: Argv) =>
      formatOption(readingOptions(yargs))
        .option('baseline', {
          type: 'string',
          array: true,
          demandOption: true,
          describe: 'captures of the good period',
        })
        .option('evening', {
          type: 'string',
          array: true,
          demandOption: true,
          describe: 'captures of the period in question, from the same place',
        })
        .option('cohorts', { type: 'string', describe: 'CSV (prefix,cohort), YAML or MMDB, as for diff' })
        .option('players', { type: 'string', describe: 'CSV (address,port,player), as for diff' })
        .option('server', { type: 'string', array: true, describe: 'server addresses, as for diff' })
        .option('profile', {
          choices: PROFILE_NAMES,
          default: 'fps_competitive' as const,
          describe: 'thresholds and margins by genre',
        })
        .option('seed', {
          type: 'number',
          default: 1,
          describe: 'seed of the bootstrap',
          coerce: whole('seed', 0, 4_294_967_295),
        })
        .option('replicates', {
          type: 'number',
          default: 2000,
          describe: 'bootstrap replicates',
          coerce: whole('replicates', 200, 100_000),
        }),
    handler: async (given) => {
      const args = given as unknown as Arguments;
      const progress = progressOn(io, args.progress && !args.quiet);
      const { narrowing, flows } = await narrow(capturesOf(args.baseline), capturesOf(args.evening), {
        ...readingOf(given as never),
        profile: args.profile,
        seed: args.seed,
        replicates: args.replicates,
        ...(args.cohorts === undefined ? {} : { cohortOf: await readCohorts(args.cohorts) }),
        ...(args.players === undefined ? {} : { playerOf: await readPlayers(args.players) }),
        ...(args.server === undefined ? {} : { servers: args.server }),
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
