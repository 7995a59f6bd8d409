/** `lagdiff schema NAME`: the JSON Schema of a document. */

import type { Argv, CommandModule } from 'yargs';
import { SCHEMA_NAMES, jsonSchema } from '../../index.ts';
import { emit } from '../emit.ts';
import type { Io } from '../io.ts';

export function schemaCommand(io: Io): CommandModule {
  return {
    command: 'schema <name>',
    describe: 'the JSON Schema (draft 2020-12) of a document that lagdiff reads or writes',
    builder: (yargs: Argv) =>
      yargs
        .positional('name', { choices: SCHEMA_NAMES, demandOption: true, describe: 'which document' })
        .option('out', { type: 'string', describe: 'write to a file instead of stdout; - is stdout' }),
    handler: async (given) => {
      const { name, out } = given as unknown as { name: string; out: string | undefined };
      await emit(io, out, `${JSON.stringify(await jsonSchema(name), null, 2)}\n`);
    },
  };
}
