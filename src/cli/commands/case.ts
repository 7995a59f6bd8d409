/** `lagdiff case new|note|expire`: a case while it is worked on. Questions are asked on a terminal; else flags or a file answer. */

import { createInterface } from 'node:readline/promises';
import { join, resolve } from 'node:path';
import type { Argv, CommandModule } from 'yargs';
import {
  caseFolderOf,
  casebook,
  InputError,
  packageVersion,
  UsageError,
  type Answers,
  type Question,
} from '../../index.ts';
import { print, type Io } from '../io.ts';

interface CaseArguments {
  readonly folder: string;
  readonly answers: string | undefined;
  readonly actor: string | undefined;
  readonly text: string;
  readonly file: readonly string[] | undefined;
  readonly delete: boolean;
}

/** Flags for the answers that scripts give most; an answers file gives all. */
const FLAGGED = [
  'title',
  'timezone',
  'profile',
  'server',
  'capture',
  'cohorts',
  'purpose',
  'legal-basis',
  'contact',
  'email',
];

/** Who is at work, for the log of the case: a person by the name the system knows, and the program. */
export function actorOf(io: Io, given?: string): string {
  const person = given ?? io.env['USER'] ?? io.env['LOGNAME'];
  return `${person === undefined || person === '' ? '' : `${person}, by `}lagdiff ${packageVersion()}`;
}

export function caseCommand(io: Io): CommandModule {
  const actor = <T>(yargs: Argv<T>): Argv<T & { actor: string | undefined }> =>
    yargs.option('actor', { type: 'string', describe: 'who does this (default: the user of this system)' });
  return {
    command: 'case',
    describe: 'open a case, add a note to its log, delete what is past its last day',
    builder: (yargs: Argv) =>
      yargs
        .command(
          'new <folder>',
          'a folder with case.yaml and an evidence log: asks on a terminal, else takes flags or --answers',
          (sub: Argv) =>
            FLAGGED.reduce<Argv>(
              (more, name) =>
                more.option(name, { type: 'string', array: name === 'server' || name === 'capture' }),
              actor(sub)
                .positional('folder', { type: 'string', demandOption: true, describe: 'folder to make' })
                .option('answers', { type: 'string', describe: 'YAML with one key per question' }),
            ),
          (given) => newCase(io, given as unknown as CaseArguments & Answers),
        )
        .command(
          'note <text>',
          'one line more in the log of the case that this folder belongs to',
          (sub: Argv) =>
            actor(sub)
              .positional('text', {
                type: 'string',
                demandOption: true,
                describe: 'what happened, was decided or was changed',
              })
              .option('file', {
                type: 'string',
                array: true,
                describe: 'files the note speaks of; their hashes are recorded',
              }),
          (given) => note(io, given as unknown as CaseArguments),
        )
        .command(
          'expire [folder]',
          'list what is past its last day; --delete deletes it and leaves hash and log line',
          (sub: Argv) =>
            actor(sub)
              .positional('folder', { type: 'string', default: '.', describe: 'the case' })
              .option('delete', { type: 'boolean', default: false, describe: 'delete, not only list' }),
          (given) => expire(io, given as unknown as CaseArguments),
        )
        .demandCommand(1, 'name what to do: new, note or expire'),
    handler: () => undefined,
  };
}

async function newCase(io: Io, args: CaseArguments & Answers): Promise<void> {
  const { openCase, QUESTIONS, readAnswers } = await casebook();
  const flags = Object.fromEntries(
    FLAGGED.flatMap((name) => (args[name] === undefined ? [] : [[name, args[name]]])),
  );
  const isTerminal = (io.stdin as { isTTY?: boolean }).isTTY === true;
  const given = { ...(args.answers === undefined ? {} : await readAnswers(args.answers)), ...flags };
  const answers = isTerminal && args.answers === undefined ? await ask(io, QUESTIONS, given) : given;
  const missing = QUESTIONS.filter(({ name, required }) => required && answers[name] === undefined);
  if (missing.length > 0)
    throw new UsageError({
      code: 'case/unanswered',
      message: `there is no answer for ${missing.map(({ name }) => name).join(' and ')}`,
      help: 'run it on a terminal to be asked, give flags (--title, --server …), or name a file with --answers',
    });
  await openCase(resolve(io.cwd, args.folder), answers, { utc: io.now(), actor: actorOf(io, args.actor) });
  await print(
    io,
    `case: ${join(args.folder, 'case.yaml')}\nnext: list captures in it, then lagdiff run ${join(args.folder, 'case.yaml')}\n`,
  );
}

/** Asks on stderr, so that stdout stays the result. An input that ends early leaves the rest unanswered. */
async function ask(io: Io, questions: readonly Question[], given: Answers): Promise<Answers> {
  const lines = createInterface({ input: io.stdin, output: io.stderr, terminal: false });
  const source = lines[Symbol.asyncIterator]();
  const next = async (prompt: string): Promise<string> => {
    io.stderr.write(prompt);
    const answer = await source.next();
    return answer.done === true ? '' : answer.value.trim();
  };
  const answers: Record<string, string | readonly string[] | undefined> = { ...given };
  try {
    for (const { name, ask: text, many, required, fallback } of questions) {
      if (answers[name] !== undefined) continue;
      const hint = fallback === undefined ? (required ? '' : ' (may stay empty)') : ` [${fallback}]`;
      if (many) {
        const list: string[] = [];
        for (
          let answer = await next(`${text}${hint}; one a line, an empty line ends:\n  `);
          answer !== '';
          answer = await next('  ')
        )
          list.push(answer);
        if (list.length > 0) answers[name] = list;
      } else {
        const answer = await next(`${text}${hint}: `);
        const value = answer === '' ? fallback : answer;
        if (value !== undefined) answers[name] = value;
      }
    }
  } finally {
    lines.close();
  }
  return answers;
}

async function note(io: Io, { text, file, actor }: CaseArguments): Promise<void> {
  const { appendToCase, evidenceOf } = await casebook();
  const folder = caseFolderOf(io.cwd);
  if (folder === null) throw noCase(io.cwd);
  const files = file ?? [];
  const outputs = await evidenceOf(folder, io.cwd, files);
  await appendToCase(folder, {
    utc: io.now(),
    actor: actorOf(io, actor),
    action: 'note',
    argv: ['case', 'note', text],
    inputs: [],
    outputs,
  });
  await print(io, `noted in ${join(folder, 'evidence-log.jsonl')}\n`);
}

async function expire(io: Io, { folder: given, delete: isMeant, actor }: CaseArguments): Promise<void> {
  const { deleteExpired, expiredOf } = await casebook();
  const folder = caseFolderOf(resolve(io.cwd, given));
  if (folder === null) throw noCase(given);
  const expired = await expiredOf(folder, io.now().slice(0, 10));
  if (isMeant) await deleteExpired(folder, expired, { utc: io.now(), actor: actorOf(io, actor) });
  const lines = expired.map(
    ({ path, expires }) => `${isMeant ? 'deleted' : 'past its last day'} (${expires}): ${path}`,
  );
  if (expired.length === 0) lines.push('nothing is past its last day');
  else if (!isMeant) lines.push(`${expired.length} to delete: lagdiff case expire --delete`);
  await print(io, `${lines.join('\n')}\n`);
}

function noCase(path: string): InputError {
  return new InputError({
    code: 'case/none-here',
    message:
      'this folder belongs to no case: neither it nor one above holds case.yaml and evidence-log.jsonl',
    help: 'open one with: lagdiff case new FOLDER',
    path,
  });
}
