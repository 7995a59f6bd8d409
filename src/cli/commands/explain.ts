/** `lagdiff explain [METRIC]`: what a column means; without a name, the list. */

import type { Argv, CommandModule } from 'yargs';
import { catalogue, explain, explanationText } from '../../index.ts';
import { emit } from '../emit.ts';
import type { Io } from '../io.ts';
import { formatOption } from '../options.ts';

export function explainCommand(io: Io): CommandModule {
  return {
    command: 'explain [metric]',
    describe: 'what a metric means: formula, unit, source, bias, when it is null',
    builder: (yargs: Argv) =>
      formatOption(yargs).positional('metric', {
        type: 'string',
        describe: 'a column, e.g. pdv_p95_ns; without one, all are listed',
      }),
    handler: async (given) => {
      const args = given as unknown as {
        metric: string | undefined;
        format: 'table' | 'json';
        out: string | undefined;
      };
      const found = args.metric === undefined ? catalogue() : explain(args.metric);
      const text =
        args.format === 'json'
          ? `${JSON.stringify({ schema: 'lagdiff/explain@1', metrics: found }, null, 2)}\n`
          : args.metric === undefined
            ? found
                .map(({ table, name, unit }) => `${table}.${name}${unit === null ? '' : ` (${unit})`}\n`)
                .join('')
            : explanationText(found);
      await emit(io, args.out, text);
    },
  };
}
