/** Options that several commands share: what was typed → what it means. */

import type { Argv } from 'yargs';
import { COMPATS, UsageError, type Compat } from '../index.ts';

/** Stands for `-` while yargs parses: it takes a lone dash for an option without a name and drops it. */
export const STDIN_WORD = '\u0000stdin';

/** CAPTURE arguments as typed. */
export function capturesOf(words: readonly string[]): string[] {
  return words.map((word) => (word === STDIN_WORD ? '-' : word));
}

export interface ReadingArguments {
  readonly workers?: number | undefined;
  readonly 'segment-bytes'?: number | undefined;
  readonly filter?: string | undefined;
  readonly progress: boolean;
  readonly quiet: boolean;
}

export function readingOptions<T>(yargs: Argv<T>): Argv<T & ReadingArguments> {
  return yargs
    .option('workers', {
      type: 'number',
      describe: 'worker threads (default: the cores, at most 8)',
      coerce: whole('workers', 1, 64),
    })
    .option('segment-bytes', {
      type: 'number',
      describe: 'bytes per segment; never changes a result',
      hidden: true,
      coerce: whole('segment-bytes', 4096, 1 << 30),
    })
    .option('filter', {
      type: 'string',
      requiresArg: true,
      describe:
        'only what matches, in the language of tcpdump: host net port portrange tcp udp vlan and or not …',
    })
    .option('progress', {
      type: 'boolean',
      default: true,
      describe: 'progress on a terminal (--no-progress turns it off)',
    })
    .option('quiet', {
      type: 'boolean',
      default: false,
      describe: 'nothing on stderr but errors',
    });
}

export interface TellingArguments {
  readonly compat: Compat | undefined;
  readonly 'drop-copies': boolean;
}

/** How packets are told, where a command shows single flows and packets. */
export function tellingOptions<T>(yargs: Argv<T>): Argv<T & TellingArguments> {
  return yargs
    .option('compat', {
      choices: COMPATS,
      describe: 'whose reading of TCP: strict (default), or wireshark: its flags and ack_rtt, frame by frame',
    })
    .option('drop-copies', {
      type: 'boolean',
      default: false,
      describe: 'leave out packets that a mirror port or -i any shows twice; they are counted all the same',
    });
}

/** The same as the library takes them. */
export function tellingOf(args: TellingArguments): { compat?: Compat; withoutCopies?: boolean } {
  return {
    ...(args.compat === undefined ? {} : { compat: args.compat }),
    ...(args['drop-copies'] ? { withoutCopies: true } : {}),
  };
}

export function formatOption<T>(
  yargs: Argv<T>,
): Argv<T & { format: 'table' | 'json'; out: string | undefined }> {
  return yargs
    .option('format', {
      choices: ['table', 'json'] as const,
      default: 'table' as const,
      describe: 'table for people, json for scripts',
    })
    .option('out', {
      type: 'string',
      describe: 'write to a file instead of stdout; - is stdout',
    });
}

/** A whole number inside its limits, or a sentence that names both. */
export function whole(
  name: string,
  low: number,
  high: number,
): (value: number | undefined) => number | undefined {
  return (value) => {
    if (value === undefined) return undefined;
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new UsageError({
        code: 'usage/number',
        message: `--${name} takes a whole number from ${low} to ${high}`,
        help: `for example --${name} ${Math.max(low, Math.min(high, 2))}`,
      });
    }
    return value;
  };
}

/** Reading options as the library takes them. */
export function readingOf(args: ReadingArguments): {
  workers?: number;
  segmentBytes?: number;
  filter?: string;
} {
  return {
    ...(args.workers === undefined ? {} : { workers: args.workers }),
    ...(args.filter === undefined ? {} : { filter: args.filter }),
    ...(args['segment-bytes'] === undefined ? {} : { segmentBytes: args['segment-bytes'] }),
  };
}

/** A bin width → ns. */
export function binWidth(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m)?$/.exec(text);
  const ns =
    match === null
      ? NaN
      : Math.round(Number(match[1]) * { ms: 1e6, s: 1e9, m: 60e9 }[(match[2] ?? 's') as 'ms' | 's' | 'm']);
  if (!(ns >= 1e6 && ns <= 86_400e9)) {
    throw new UsageError({
      code: 'usage/bin',
      message: `--bin ${text} is no width from 1ms to 1440m`,
      help: 'for example --bin 1s, --bin 500ms, --bin 1m',
    });
  }
  return ns;
}
