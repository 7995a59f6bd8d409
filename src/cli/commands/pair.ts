/** `lagdiff pair --client C... --server S...`: both ends of one path, through NAT, with an honest clock. */

import type { Argv, CommandModule } from 'yargs';
import { pairChain, pairFigures, renderPair, UsageError, type ClockBound } from '../../index.ts';
import { emit, emitFolder, isFolder } from '../emit.ts';
import { print, usesColor, widthOf, type Io } from '../io.ts';
import { capturesOf, formatOption, readingOf, readingOptions } from '../options.ts';
import { progressOn } from '../progress.ts';

interface Arguments {
  client: string[];
  server: string[];
  hop: string[] | undefined;
  clientClockBoundMs: number | undefined;
  serverClockBoundMs: number | undefined;
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
        .option('out', {
          type: 'string',
          describe:
            'write to a file instead of stdout; a folder (existing, or ending with /) gets pair.json and the figures as SVG and CSV; - is stdout',
        })
        .option('client-clock-bound-ms', {
          type: 'number',
          describe:
            'how far the client’s clock may be from UTC, as chrony, ntpd or ptp4l promise: narrows the offset',
          coerce: milliseconds('client-clock-bound-ms'),
        })
        .option('server-clock-bound-ms', {
          type: 'number',
          describe: 'the same of the server’s clock; both are needed',
          coerce: milliseconds('server-clock-bound-ms'),
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
      const pairing = await pairChain(
        [capturesOf(args.client), ...(args.hop ?? []).map((hop) => [hop]), capturesOf(args.server)],
        { ...readingOf(given as never), bounds: boundsOf(args), onProgress: progress.update },
      ).finally(progress.clear);
      const { document } = pairing;
      const json = `${JSON.stringify(document, null, 2)}\n`;
      const text =
        args.format === 'json' ? json : renderPair(document, { width: widthOf(io), color: usesColor(io) });
      if (!isFolder(args.out)) {
        await emit(io, args.out, text);
        return;
      }
      const figures = await pairFigures(pairing);
      await emitFolder(io, args.out, [
        { name: 'pair.json', text: json },
        ...figures.flatMap(({ id, svg, csv }) => [
          { name: `figures/${id}.svg`, text: svg },
          { name: `figures/${id}.csv`, text: csv },
        ]),
      ]);
      await print(io, text);
    },
  };
}

function milliseconds(name: string): (value: number | undefined) => number | undefined {
  return (value) => {
    if (value === undefined || (Number.isFinite(value) && value >= 0)) return value;
    throw new UsageError({
      code: 'usage/number',
      message: `--${name} takes milliseconds from 0 on`,
      help: `for example --${name} 2.5`,
    });
  };
}

function boundsOf({ clientClockBoundMs, serverClockBoundMs }: Arguments): ClockBound[] {
  const ends = [
    ['client', clientClockBoundMs],
    ['server', serverClockBoundMs],
  ] as const;
  return ends.flatMap(([end, ms]) =>
    ms === undefined ? [] : [{ end, source: 'command line', bound_ns: Math.round(ms * 1e6) }],
  );
}
