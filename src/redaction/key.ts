/**
 * The key of a case: 32 random bytes as hexadecimal text beside the case file, made on first use, readable by its owner.
 * With it the same case gives the same pseudonyms; it never enters an annex. A case folder that cannot be written to has
 * its key beside the signing key.
 */
import { createHash, hkdfSync, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError } from '../errors.ts';
import { KEY_BYTES } from './crypto-pan.ts';

const KEY_FILE = 'redaction.key';
const NOT_WRITABLE = ['EACCES', 'EPERM', 'EROFS'];

/** @param chosen a path that the caller chose; then no other is tried. */
export async function loadCaseKey(
  caseFile: string,
  signingKeyPath: string,
  chosen?: string,
): Promise<Uint8Array> {
  const beside = join(dirname(caseFile), KEY_FILE);
  const name = createHash('sha256').update(caseFile).digest('hex').slice(0, 16);
  const fallback = join(dirname(signingKeyPath), `redaction-${name}.key`);
  for (const path of chosen === undefined ? [beside, fallback] : [chosen]) {
    const text = (await readText(path)) ?? (await makeKey(path));
    if (text === null) continue;
    if (!/^[0-9a-f]{64}\s*$/.test(text))
      throw new InputError({
        code: 'redaction/bad-key',
        message: `the redaction key is not ${KEY_BYTES} bytes in lower-case hexadecimal`,
        help: 'restore it, or remove it: the next run makes another, and addresses get other pseudonyms',
        path,
      });
    return Buffer.from(text.trim(), 'hex');
  }
  throw new InputError({
    code: 'redaction/key-unwritable',
    message:
      chosen === undefined
        ? 'cannot write a redaction key beside the case file nor beside the signing key'
        : 'cannot write the redaction key',
    help: 'name a writable place with --redaction-key, or pass --tier restricted',
    path: chosen ?? caseFile,
  });
}

/** A key for one use, from the key of the case: hashes, hardware addresses and timestamps share nothing with addresses. */
export function deriveKey(key: Uint8Array, use: string, bytes = KEY_BYTES): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), `lagdiff ${use}`, bytes));
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new InputError(
      {
        code: 'redaction/key-unreadable',
        message: `cannot read the redaction key (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
        help: 'check its owner and mode',
        path,
      },
      { cause: error },
    );
  }
}

/** Null when the folder does not take it. */
async function makeKey(path: string): Promise<string | null> {
  const text = `${randomBytes(KEY_BYTES).toString('hex')}\n`;
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 });
    return text;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return readText(path);
    if (NOT_WRITABLE.includes(code ?? '')) return null;
    throw error;
  }
}
