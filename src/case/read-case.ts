/**
 * case.yaml on disk → a checked Case with absolute paths. Every refusal is an InputError that names the file, the
 * line and column, and what would be valid. Paths may lead anywhere, also through `..`: they are the user's own.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import { InputError } from '../errors.ts';
import { checkRoles, checkServers, resolveCaptures, resolveCohorts } from './check.ts';
import type { CaseCapture, CaseCohorts, Refuse } from './check.ts';
import { describeIssue, locateKey, locateValue, valueAt } from './locate.ts';
import { caseJsonSchema, caseSchema } from './schema.ts';
import type { CaseDocument } from './schema.ts';

const MAX_CASE_BYTES = 1 << 20;

export interface Case {
  /** Absolute path, bytes' hash and folder of the case file. */
  readonly file: string;
  readonly folder: string;
  readonly sha256: string;
  /** As written, with defaults filled in; everything a report may quote. */
  readonly document: CaseDocument;
  readonly captures: readonly CaseCapture[];
  /** A file to read, the mapping itself, or null: then every client is `unknown`. */
  readonly cohorts: CaseCohorts | null;
}

export async function readCase(path: string): Promise<Case> {
  const file = resolve(path);
  const bytes = await readBytes(file, path);
  const text = decode(bytes, path);
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: true, prettyErrors: false });
  const refuse: Refuse = (code, message, at, help) => {
    throw new InputError({
      code,
      message,
      path,
      ...locateValue(document, counter, at),
      ...(help ? { help } : {}),
    });
  };

  const parsed = checkShape(document, counter, path);
  const folder = dirname(file);
  const captures = await resolveCaptures(parsed, folder, refuse);
  checkRoles(captures, refuse);
  checkServers(parsed, refuse);
  const cohorts = await resolveCohorts(parsed, folder, refuse);
  return {
    file,
    folder,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    document: parsed,
    captures,
    cohorts,
  };
}

async function readBytes(file: string, path: string): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    if (size > MAX_CASE_BYTES)
      throw new InputError({
        code: 'case/too-large',
        message: `the case file is ${size} bytes; a case file is at most ${MAX_CASE_BYTES} bytes`,
        help: 'pass the YAML file that describes the case, not a capture',
        path,
      });
    return await readFile(file);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const why = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new InputError(
      {
        code: 'case/unreadable',
        message: `cannot read the case file (${why}); expected a YAML file`,
        help: 'check the path',
        path,
      },
      { cause: error },
    );
  }
}

function decode(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new InputError(
      { code: 'case/not-utf8', message: 'the case file is not UTF-8 text; expected YAML in UTF-8', path },
      { cause: error },
    );
  }
}

function checkShape(document: Document, counter: LineCounter, path: string): CaseDocument {
  const syntax = document.errors[0];
  if (syntax) {
    const at = counter.linePos(syntax.pos[0]);
    throw new InputError({
      code: 'case/syntax',
      message: `not valid YAML: ${lowerFirst(syntax.message)}`,
      help: 'indent with spaces, write "key: value", and give each key once',
      path,
      line: Math.max(at.line, 1),
      column: Math.max(at.col, 1),
    });
  }
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new InputError(
      {
        code: 'case/aliases',
        message: 'the case expands to too many YAML aliases; at most 100 are read',
        path,
      },
      { cause: error },
    );
  }
  const result = caseSchema.safeParse(data);
  if (result.success) return result.data;
  const all = result.error.issues.flatMap((issue) => unfoldUnion(issue, data));
  // A key that is not known is often the missing one, misspelt: it is named first.
  const first = all.find((issue) => issue.code === 'unrecognized_keys') ?? all[0]!;
  const position =
    first.code === 'unrecognized_keys'
      ? locateKey(document, counter, first.path, first.keys[0]!)
      : first.code === 'invalid_key'
        ? locateKey(document, counter, first.path.slice(0, -1), String(first.path.at(-1)))
        : locateValue(document, counter, first.path);
  const more = all.length - 1;
  throw new InputError({
    code: 'case/schema',
    message: describeIssue(first, data, keysAt(first.path)),
    ...(more > 0
      ? { help: `${more} more ${more === 1 ? 'thing needs' : 'things need'} attention after this one` }
      : {}),
    path,
    ...position,
  });
}

/** A mapping given for `cohorts` was meant as a mapping: complain about its entries, not about both branches. */
function unfoldUnion<T extends { code: string; path: PropertyKey[] }>(issue: T, data: unknown): T[] {
  if (issue.code !== 'invalid_union' || !('errors' in issue)) return [issue];
  const value = valueAt(data, issue.path);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [issue];
  const branches = issue.errors as T[][];
  const record = branches.find((branch) => branch.every((inner) => inner.path.length > 0));
  return record ? record.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })) : [issue];
}

/** The keys that the schema knows at a place, read from the JSON Schema so that there is one list. */
function keysAt(path: readonly PropertyKey[]): string[] {
  interface Level {
    properties?: Record<string, Level>;
    items?: Level;
  }
  let level: Level | undefined = caseJsonSchema();
  for (const part of path)
    level = typeof part === 'number' ? level?.items : level?.properties?.[String(part)];
  return Object.keys(level?.properties ?? {});
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\s+$/, '');
}
