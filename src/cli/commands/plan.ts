/** `lagdiff plan`: how much to capture, and the commands that do it. */

import type { Argv, CommandModule } from 'yargs';
import { makePlan, planText, readComparison, type Comparison } from '../../index.ts';
import { emit } from '../emit.ts';
import type { Io } from '../io.ts';
import { formatOption, whole } from '../options.ts';

interface Arguments {
  deltaMs: number;
  clients: number;
  minutes: number | undefined;
  evenings: number;
  pps: number;
  snaplen: number;
  interface: string;
  server: string | undefined;
  port: number | undefined;
  pilot: string | undefined;
  format: 'table' | 'json';
  out: string | undefined;
}

export function planCommand(io: Io): CommandModule {
  return {
    command: 'plan',
    describe:
      'how many clients, minutes and evenings an answer takes, and the tcpdump commands for both ends',
    builder: (yargs: Argv) =>
      formatOption(yargs)
        .option('delta-ms', {
          type: 'number',
          default: 5,
          describe: 'smallest change of RTT that matters',
          coerce: whole('delta-ms', 1, 1000),
        })
        .option('clients', {
          type: 'number',
          default: 30,
          describe: 'clients that play in both windows',
          coerce: whole('clients', 1, 100_000),
        })
        .option('minutes', {
          type: 'number',
          describe: 'length of each window (default: the shortest that suffices)',
          coerce: whole('minutes', 1, 1440),
        })
        .option('evenings', {
          type: 'number',
          default: 7,
          describe: 'evenings to pair',
          coerce: whole('evenings', 1, 366),
        })
        .option('pps', {
          type: 'number',
          default: 60,
          describe: 'packets per second and client, both directions',
          coerce: whole('pps', 1, 1_000_000),
        })
        .option('snaplen', {
          type: 'number',
          default: 128,
          describe: 'bytes kept of each packet',
          coerce: whole('snaplen', 64, 262_144),
        })
        .option('interface', { type: 'string', default: 'any', describe: 'interface to capture on' })
        .option('server', { type: 'string', describe: 'server address, for the client-side filter' })
        .option('port', { type: 'number', describe: 'game port', coerce: whole('port', 1, 65_535) })
        .option('pilot', {
          type: 'string',
          describe: 'diff --format json of a first try: its width replaces the defaults',
        }),
    handler: async (given) => {
      const args = given as unknown as Arguments;
      const plan = makePlan({
        deltaMs: args.deltaMs,
        clients: args.clients,
        minutes: args.minutes ?? null,
        evenings: args.evenings,
        packetsPerSecond: args.pps,
        snaplen: args.snaplen,
        interfaceName: args.interface,
        server: args.server ?? null,
        port: args.port ?? null,
        pilot: args.pilot === undefined ? null : pilotOf(await readComparison(args.pilot)),
      });
      await emit(
        io,
        args.out,
        args.format === 'json' ? `${JSON.stringify(plan, null, 2)}\n` : planText(plan),
      );
    },
  };
}

/** The widest answered median of a named cohort, for a plan must suffice for each of them; of all clients without cohorts. */
function pilotOf(comparison: Comparison): { halfWidthMs: number; clients: number; minutes: number } | null {
  const rows = comparison.comparisons.filter((row) => row.metric === 'rtt_p50_ns' && row.ci95 !== null);
  const named = rows.filter((row) => row.cohort !== 'all');
  const widths = (named.length > 0 ? named : rows).map((row) => ({
    halfWidthMs: (row.ci95![1] - row.ci95![0]) / 2e6,
    clients: row.clients,
    minutes: Math.max(30, Math.round(row.cells / Math.max(1, row.clients))),
  }));
  return widths.reduce<(typeof widths)[number] | null>(
    (widest, one) => (widest === null || one.halfWidthMs > widest.halfWidthMs ? one : widest),
    null,
  );
}
