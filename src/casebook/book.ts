/**
 * The evidence log of a case folder: every command run in the case, every note and every deletion is one line, chained by
 * hashes. It is opted into by `case new`; a folder without a log gets none.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { appendEvidence, checkLog, type EvidenceEntry, type EvidenceFile } from '../annex/evidence-log.ts';
import { InputError } from '../errors.ts';
import { CASE_LOG } from './folder.ts';

/** @throws InputError that names the first broken line: what follows a broken line proves nothing. */
export async function readCaseLog(folder: string): Promise<string> {
  const path = join(folder, CASE_LOG);
  const text = await readFile(path, 'utf8');
  const [fault] = checkLog(text).faults;
  if (fault !== undefined)
    throw new InputError({
      code: 'case/log-broken',
      message: `the evidence log of this case is broken at line ${fault.line}: ${fault.message}`,
      help: 'restore it from a copy; lines that are already there must never change',
      path,
      line: fault.line,
    });
  return text;
}

/** One line more. Two commands at once wait for no one: the second is refused, so that no line is lost. */
export async function appendToCase(folder: string, entry: EvidenceEntry): Promise<void> {
  const path = join(folder, CASE_LOG);
  const lock = `${path}.lock`;
  const held = await open(lock, 'wx').catch((cause: unknown) => {
    throw new InputError(
      {
        code: 'case/log-busy',
        message: `another command is writing the evidence log (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`,
        help: `wait for it; if none runs, remove ${lock}`,
        path,
      },
      { cause },
    );
  });
  try {
    const before = existsSync(path) ? await readCaseLog(folder) : '';
    const file = await open(path, 'a', 0o644);
    try {
      await file.writeFile(appendEvidence(before, entry).slice(before.length));
      await file.sync();
    } finally {
      await file.close();
    }
  } finally {
    await held.close();
    await rm(lock, { force: true });
  }
}

/** The files among some words of a command line, hashed, by their path inside the case where they lie there. */
export async function evidenceOf(
  folder: string,
  cwd: string,
  words: readonly string[],
): Promise<EvidenceFile[]> {
  const found: EvidenceFile[] = [];
  for (const word of words) {
    const path = resolve(cwd, word);
    const status = await stat(path).catch(() => null);
    // Of an annex the list of its hashes stands for the whole.
    const sums = join(path, 'SHA256SUMS');
    const files = status?.isFile()
      ? [path]
      : !status?.isDirectory()
        ? []
        : existsSync(sums)
          ? [sums]
          : await filesIn(path);
    for (const file of files) found.push({ path: nameIn(folder, file), sha256: await hashOf(file) });
  }
  return found;
}

async function filesIn(path: string): Promise<string[]> {
  const items = await readdir(path, { withFileTypes: true });
  return items
    .filter((item) => item.isFile())
    .map((item) => join(path, item.name))
    .sort();
}

export function nameIn(folder: string, path: string): string {
  const inside = relative(folder, resolve(path));
  return inside.startsWith('..') ? resolve(path) : inside;
}

export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}

export interface CaseFault {
  readonly code: string;
  readonly path: string;
  readonly line?: number;
  readonly message: string;
}

/** The chain, and every file inside the case against the last line that speaks of it. */
export async function checkCase(
  folder: string,
): Promise<{ faults: CaseFault[]; lines: number; files: number }> {
  const { faults: broken, entries } = checkLog(await readFile(join(folder, CASE_LOG), 'utf8'));
  const faults: CaseFault[] = broken.map(({ code, line, message }) => ({
    code,
    path: CASE_LOG,
    line,
    message,
  }));
  const last = new Map<string, { sha256: string; line: number; deleted: boolean }>();
  entries.forEach(({ action, inputs, outputs }, index) => {
    for (const { path, sha256 } of [...inputs, ...outputs])
      last.set(path, { sha256, line: index + 1, deleted: action === 'delete' });
  });
  let files = 0;
  for (const [path, { sha256, line, deleted }] of last) {
    const at = resolve(folder, path);
    const exists = existsSync(at);
    if (deleted) {
      if (exists)
        faults.push({
          code: 'case/undeleted',
          path,
          message: `is there, although line ${line} of the log says it was deleted`,
        });
      continue;
    }
    files += 1;
    if (!exists)
      faults.push({
        code: 'case/missing',
        path,
        message: `is gone; line ${line} of the log speaks of it last`,
      });
    else if ((await hashOf(at)) !== sha256)
      faults.push({
        code: 'case/changed',
        path,
        message: `was changed after line ${line} of the log; record it: lagdiff case note TEXT --file ${path}`,
      });
  }
  return { faults, lines: entries.length, files };
}
