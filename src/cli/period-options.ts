/** Options of the commands that set two periods against each other. */

import type { Argv } from 'yargs';
import { PROFILE_NAMES, readCohorts, readPlayers, type DiffOptions, type ProfileName } from '../index.ts';
import { formatOption, readingOf, readingOptions, whole, type ReadingArguments } from './options.ts';

export interface PeriodArguments extends ReadingArguments {
  readonly baseline: string[];
  readonly evening: string[];
  readonly cohorts: string | undefined;
  readonly players: string | undefined;
  readonly server: string[] | undefined;
  readonly profile: ProfileName;
  readonly seed: number;
  readonly replicates: number;
  readonly format: 'table' | 'json';
  readonly out: string | undefined;
}

export function periodOptions(yargs: Argv): Argv {
  return formatOption(readingOptions(yargs))
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
    .option('cohorts', {
      type: 'string',
      describe: 'CSV (prefix,cohort) or YAML, longest prefix wins; or a MaxMind DB',
    })
    .option('players', {
      type: 'string',
      describe: 'CSV (address,port,player): who is one client; else MAP-E port set, else address',
    })
    .option('server', {
      type: 'string',
      array: true,
      describe: 'server addresses; without them who opens a connection is the client',
    })
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
    });
}

/** The same as the library takes them. @throws InputError for a file of cohorts or players that cannot be used. */
export async function periodsOf(args: PeriodArguments): Promise<DiffOptions> {
  return {
    ...readingOf(args),
    profile: args.profile,
    seed: args.seed,
    replicates: args.replicates,
    ...(args.cohorts === undefined ? {} : { cohortOf: await readCohorts(args.cohorts) }),
    ...(args.players === undefined ? {} : { playerOf: await readPlayers(args.players) }),
    ...(args.server === undefined ? {} : { servers: args.server }),
  };
}
