/** `lagdiff diff --baseline C... --evening C...`: did it get worse, for whom. */

import type { Argv, CommandModule } from 'yargs';
import { diff, parseWindow, qualityFacts, readPairing, renderTerminal } from '../../index.ts';
import { emit } from '../emit.ts';
import { EXIT } from '../exit-codes.ts';
import { usesColor, widthOf, type Io } from '../io.ts';
import { capturesOf } from '../options.ts';
import { periodOptions, periodsOf, type PeriodArguments } from '../period-options.ts';
import { progressOn } from '../progress.ts';
import type { SetExit } from './index.ts';

const FAIL_ON = ['degraded', 'insufficient', 'not-equivalent'] as const;

interface Arguments extends PeriodArguments {
  vantage: 'server' | 'client' | 'middle' | undefined;
  pair: string | undefined;
  baselinePair: string | undefined;
  by: 'access' | undefined;
  window: string | undefined;
  baselineWindow: string | undefined;
  onlyDays: 'weekday' | 'weekend' | undefined;
  holiday: string[] | undefined;
  failOn: (typeof FAIL_ON)[number] | undefined;
}

export function diffCommand(io: Io, setExit: SetExit): CommandModule {
  return {
    command: 'diff',
    describe: 'two periods: did it get worse, for whom, by how much',
    builder: (yargs: Argv) =>
      periodOptions(yargs)
        .option('by', {
          choices: ['access'] as const,
          describe: 'cohorts by the access type inferred from each SYN; with --cohorts, by both',
        })
        .option('window', {
          type: 'string',
          describe: 'hours to cut out of the evening captures, day by day: "19:00-23:00 Asia/Tokyo"',
          implies: 'baseline-window',
        })
        .option('baseline-window', {
          type: 'string',
          describe: 'the same for the baseline captures; days are paired by date',
          implies: 'window',
        })
        .option('only-days', {
          choices: ['weekday', 'weekend'] as const,
          describe: 'only days of this kind',
        })
        .option('holiday', {
          type: 'string',
          array: true,
          describe: 'dates (YYYY-MM-DD) that count as weekend',
        })
        .option('vantage', {
          choices: ['server', 'client', 'middle'] as const,
          describe: 'where the captures were taken (default: told from the RTT on both sides)',
        })
        .option('pair', {
          type: 'string',
          requiresArg: true,
          describe:
            'what pair --format json wrote of both ends in the evening: gives the place to look its direction',
          implies: 'baseline-pair',
        })
        .option('baseline-pair', {
          type: 'string',
          requiresArg: true,
          describe: 'the same of the baseline',
          implies: 'pair',
        })
        .option('fail-on', { choices: FAIL_ON, describe: 'exit 1 on that verdict' }),
    handler: async (given) => {
      const args = given as unknown as Arguments;
      const progress = progressOn(io, args.progress && !args.quiet);
      const { comparison, localisation, baseline, evening } = await diff(
        capturesOf(args.baseline),
        capturesOf(args.evening),
        {
          ...(await periodsOf(args)),
          ...(args.by === undefined ? {} : { byAccess: true }),
          ...(args.window === undefined || args.baselineWindow === undefined
            ? {}
            : {
                window: parseWindow(args.window, 'window'),
                baselineWindow: parseWindow(args.baselineWindow, 'baseline-window'),
              }),
          ...(args.onlyDays === undefined ? {} : { onlyDays: args.onlyDays }),
          ...(args.holiday === undefined ? {} : { holidays: args.holiday }),
          ...(args.vantage === undefined ? {} : { vantage: args.vantage }),
          ...(args.pair === undefined || args.baselinePair === undefined
            ? {}
            : {
                pairs: {
                  baseline: await readPairing(args.baselinePair),
                  evening: await readPairing(args.pair),
                },
              }),
          stdin: io.stdin,
          onProgress: progress.update,
        },
      ).finally(progress.clear);
      const quality = [
        ...qualityFacts('baseline', baseline.quality),
        ...qualityFacts('evening', evening.quality),
      ];
      const text =
        args.format === 'json'
          ? `${JSON.stringify({ ...comparison, quality, localisation }, null, 2)}\n`
          : renderTerminal(comparison, { width: widthOf(io), color: usesColor(io), quality }) +
            (comparison.verdict === 'DEGRADED' && localisation !== null
              ? `\nwhere to look\n  ${localisation.sentence}\n`
              : '');
      await emit(io, args.out, text);
      const { verdict } = comparison;
      const hit =
        (args.failOn === 'degraded' && verdict === 'DEGRADED') ||
        (args.failOn === 'insufficient' && verdict === 'INSUFFICIENT') ||
        (args.failOn === 'not-equivalent' && verdict !== 'EQUIVALENT');
      if (hit) setExit(EXIT.found);
    },
  };
}
