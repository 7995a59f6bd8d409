/** Answers → a folder with case.yaml and the first line of its log. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { InputError, UsageError } from '../errors.ts';
import { appendToCase, hashOf } from './book.ts';
import { CASE_FILE, CASE_LOG } from './folder.ts';
import { caseText, QUESTIONS, type Answers } from './intake.ts';

export interface Actor {
  /** RFC 3339 UTC. */
  readonly utc: string;
  /** Who, and with which program. */
  readonly actor: string;
}

/** @throws UsageError for a folder that holds a case already, InputError for answers that do not fit. */
export async function openCase(folder: string, answers: Answers, by: Actor): Promise<string> {
  const text = caseText(answers);
  await mkdir(folder, { recursive: true });
  const there = await readdir(folder);
  if (there.includes(CASE_FILE) || there.includes(CASE_LOG))
    throw new UsageError({
      code: 'case/exists',
      message: 'there is a case in this folder already, and a case is never overwritten',
      help: 'name another folder',
      path: folder,
    });
  const path = join(folder, CASE_FILE);
  await writeFile(path, text, { flag: 'wx' });
  await appendToCase(folder, {
    ...by,
    action: 'case new',
    argv: ['case', 'new'],
    inputs: [],
    outputs: [{ path: CASE_FILE, sha256: await hashOf(path) }],
  });
  return text;
}

/** An answers file: YAML or JSON, the names of the questions as keys. */
export async function readAnswers(path: string): Promise<Answers> {
  const refuse = (message: string, cause?: unknown): InputError =>
    new InputError(
      {
        code: 'case/answers',
        message,
        help: `write YAML with keys out of: ${QUESTIONS.map(({ name }) => name).join(', ')}`,
        path,
      },
      { cause },
    );
  let value: unknown;
  try {
    value = parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw refuse(`cannot read the answers: ${(cause as Error).message.split('\n')[0] ?? ''}`, cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuse('the answers are no mapping');
  const known = new Set(QUESTIONS.map(({ name }) => name));
  const entries = Object.entries(value);
  const unknown = entries.find(([name]) => !known.has(name));
  if (unknown) throw refuse(`there is no question called ${unknown[0]}`);
  return Object.fromEntries(
    entries.map(([name, answer]) => [name, Array.isArray(answer) ? answer.map(String) : String(answer)]),
  );
}
