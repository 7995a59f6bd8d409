/**
 * Retention: what is past its last day. Captures have the case's date; artefacts of an annex have the one in its manifest.
 * Deletion leaves the hash of what was deleted as a line of the log, so that it can be shown later what it was, and that it went.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { MANIFEST_FILE } from '../annex/manifest.ts';
import { checkLog } from '../annex/evidence-log.ts';
import { parse } from 'yaml';
import { caseSchema } from '../case/schema.ts';
import { InputError } from '../errors.ts';
import type { Manifest } from '../schemas/annex.ts';
import { appendToCase, hashOf, nameIn } from './book.ts';
import { CASE_FILE, CASE_LOG } from './folder.ts';
import type { Actor } from './open-case.ts';

const draft = caseSchema.partial({ captures: true });
type CaseDraft = ReturnType<typeof draft.parse>;

export interface Expired {
  /** Inside the case, or absolute. */
  readonly path: string;
  /** YYYY-MM-DD: the last day on which it might be kept. */
  readonly expires: string;
}

/** What is past its last day on `today` (YYYY-MM-DD) and still there, sorted by path. */
export async function expiredOf(folder: string, today: string): Promise<Expired[]> {
  const found: Expired[] = [];
  const { retention, captures } = await readRetention(folder);
  const until = retention?.captures;
  if (until !== undefined && until < today)
    for (const { path } of captures ?? [])
      for (const file of await filesUnder(resolve(folder, path)))
        found.push({ path: nameIn(folder, file), expires: until });
  for (const annex of await annexesOf(folder)) {
    const manifest = JSON.parse(await readFile(join(annex, MANIFEST_FILE), 'utf8')) as Manifest;
    for (const { path, expires } of manifest.artefacts)
      if (expires !== null && expires < today && existsSync(join(annex, path)))
        found.push({ path: nameIn(folder, join(annex, path)), expires });
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Deletes them one by one, each with a line of the log before the next one goes. */
export async function deleteExpired(folder: string, expired: readonly Expired[], by: Actor): Promise<void> {
  for (const { path, expires } of expired) {
    const at = resolve(folder, path);
    const sha256 = await hashOf(at);
    await rm(at);
    await appendToCase(folder, {
      ...by,
      action: 'delete',
      argv: ['case', 'expire', path, `kept until ${expires}`],
      inputs: [{ path, sha256 }],
      outputs: [],
    });
  }
}

/** Not the whole case: its captures may be gone already, which a case that is to be run must not be. */
async function readRetention(folder: string): Promise<Pick<CaseDraft, 'retention' | 'captures'>> {
  const path = join(folder, CASE_FILE);
  const result = draft.safeParse(parse(await readFile(path, 'utf8')));
  if (result.success) return result.data;
  throw new InputError({
    code: 'case/schema',
    message: `the case cannot be read: ${result.error.issues[0]?.path.join('.') ?? ''} ${result.error.issues[0]?.message ?? ''}`,
    help: 'lagdiff schema case prints what a case may say',
    path,
  });
}

/** Annexes that the log speaks of and that are still there. */
async function annexesOf(folder: string): Promise<string[]> {
  const { entries } = checkLog(await readFile(join(folder, CASE_LOG), 'utf8'));
  const named = entries
    .flatMap(({ outputs }) => outputs)
    .filter(({ path }) => path.endsWith('SHA256SUMS'))
    .map(({ path }) => dirname(resolve(folder, path)));
  return [...new Set(named)].filter((annex) => existsSync(join(annex, MANIFEST_FILE)));
}

async function filesUnder(path: string): Promise<string[]> {
  const status = await stat(path).catch(() => null);
  if (status?.isFile()) return [path];
  if (!status?.isDirectory()) return [];
  const items = await readdir(path, { recursive: true, withFileTypes: true });
  return items.filter((item) => item.isFile()).map((item) => join(item.parentPath, item.name));
}
