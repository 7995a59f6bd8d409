/** (argv, io) → exit code. Parses, calls one command, turns every error into a sentence and a number. */

import yargs from 'yargs';
import { UsageError } from '../index.ts';
import { startRecord } from './case-log.ts';
import { commands } from './commands/index.ts';
import { EXIT } from './exit-codes.ts';
import { STDIN_WORD } from './options.ts';
import type { Io } from './io.ts';
import { print } from './io.ts';
import { renderError } from './render-error.ts';
import { packageVersion } from '../index.ts';

export async function run(argv: readonly string[], io: Io): Promise<number> {
  let code: number = EXIT.done;
  const typed = argv.map((word, index) =>
    word === '-' && !argv[index - 1]?.startsWith('--out') ? STDIN_WORD : word,
  );
  const parser = yargs(typed)
    .scriptName('lagdiff')
    .usage(
      '$0 <command>\n\nDid the evening get worse, for whom, by how much, in which direction, and whose network is it?',
    )
    .version(packageVersion())
    .help()
    .strict()
    .recommendCommands()
    .demandCommand(1, 'name a command: analyze, diff, run, verify or export')
    .wrap(Math.min(100, io.stdout.columns ?? 100))
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      throw (
        error ??
        new UsageError({
          code: 'usage/arguments',
          message: plainly(message),
          help: 'lagdiff --help, or lagdiff <command> --help',
        })
      );
    });
  for (const command of commands(io, (value) => (code = value))) parser.command(command);
  try {
    let output = '';
    const record = await startRecord(argv, io);
    try {
      await parser.parseAsync(typed, {}, (_error, _argv, text) => {
        output = text;
      });
    } catch (error) {
      await record?.finish(!isClosedPipe(error));
      throw error;
    }
    await record?.finish(false);
    if (output !== '') await print(io, `${output}\n`);
    return code;
  } catch (error) {
    if (isClosedPipe(error)) return EXIT.done;
    io.stderr.write(renderError(error));
    return EXIT.failed;
  }
}

/** yargs speaks of positionals; a reader typed a command and left out what it works on. */
function plainly(message: string | null): string {
  if (message === null) return 'the arguments do not fit';
  return /^Not enough non-option arguments/.test(message)
    ? 'something is missing behind the command: a capture, a case file or an annex'
    : message.charAt(0).toLowerCase() + message.slice(1);
}

function isClosedPipe(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EPIPE';
}
