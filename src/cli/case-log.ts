/** Every command that is run in a case becomes a line of its log: what was typed, what went in, what came out. */

import { dirname, resolve } from 'node:path';
import { caseFolderOf, casebook, isCaseFolder } from '../index.ts';
import { actorOf } from './commands/case.ts';
import type { Io } from './io.ts';

/** `case` writes its own lines. */
const SILENT = new Set(['case', '--help', '--version', 'completion']);

export interface CaseRecord {
  /** @param failed did the command end in an error. */
  readonly finish: (failed: boolean) => Promise<void>;
}

/** Null where no case is concerned. @throws InputError when the case's log is broken: nothing may follow a broken line. */
export async function startRecord(argv: readonly string[], io: Io): Promise<CaseRecord | null> {
  const [command] = argv;
  if (command === undefined || SILENT.has(command) || argv.includes('--help')) return null;
  const named = command === 'run' ? argv.find((word, at) => at > 0 && /\.ya?ml$/.test(word)) : undefined;
  const beside = named === undefined ? null : dirname(resolve(io.cwd, named));
  const folder = beside !== null && isCaseFolder(beside) ? beside : caseFolderOf(io.cwd);
  if (folder === null) return null;
  const { appendToCase, evidenceOf, readCaseLog } = await casebook();
  // `verify` is what tells where a log is broken: it must run, and adds nothing then.
  if (command === 'verify' && (await readCaseLog(folder).catch(() => null)) === null) return null;
  await readCaseLog(folder);
  const out = outputsOf(command, argv);
  const words = argv.slice(1).filter((word) => !word.startsWith('-') && !out.includes(word));
  const inputs = await evidenceOf(folder, io.cwd, words);
  return {
    finish: async (failed) => {
      await appendToCase(folder, {
        utc: io.now(),
        actor: actorOf(io),
        action: failed ? `${command} (failed)` : command,
        argv,
        inputs,
        outputs: failed ? [] : await evidenceOf(folder, io.cwd, out),
      });
    },
  };
}

function outputsOf(command: string, argv: readonly string[]): string[] {
  const named = argv.flatMap((word, at) => {
    if (word.startsWith('--out=')) return [word.slice(6)];
    return word === '--out' && argv[at + 1] !== undefined ? [argv[at + 1]!] : [];
  });
  const folders = command === 'run' && named.length === 0 ? ['annex'] : named;
  return command === 'run' && argv.includes('--zip')
    ? folders.flatMap((path) => [path, `${path}.zip`])
    : folders;
}
