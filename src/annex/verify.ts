/**
 * What a receiver runs: hashes, missing and added files, signature, and the chain of the log. Every fault is found, not
 * only the first. Without `expectedKey` it proves that nothing changed since *someone* signed; with it, since *they* did.
 */
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.ts';
import { parseSums, SIGNATURE_FILE, SUMS_FILE } from './checksums.ts';
import { checkLog } from './evidence-log.ts';
import { fingerprintOf, isSignedBy, normalizeFingerprint, readPublicKey } from './signing.ts';
import { hashFile, walkFolder } from './walk.ts';
import type { Entry } from './walk.ts';

export const LOG_FILE = 'evidence-log.jsonl';
export const PUBLIC_KEY_FILE = 'public-key.pem';

export interface AnnexFault {
  /** Stable, e.g. `annex/changed`, `log/broken-chain`. */
  readonly code: string;
  /** Inside the annex. */
  readonly path: string;
  /** 1-based, for faults in a text file. */
  readonly line?: number;
  readonly message: string;
}

export interface AnnexCheck {
  readonly ok: boolean;
  readonly faults: readonly AnnexFault[];
  readonly checked: { readonly files: number; readonly bytes: number; readonly logLines: number };
  /** Of the key in the annex; null when it has none that can be read. */
  readonly fingerprint: string | null;
  /** SHA-256 of SHA256SUMS: the one value that stands for the whole pack. */
  readonly packSha256: string | null;
}

export interface VerifyOptions {
  /** Fingerprint of the signer's key, got from them by another way. */
  readonly expectedKey?: string;
}

/** Largest SHA256SUMS, public key and log that are read at once. */
const MAX_TEXT_BYTES = 64 << 20;

export async function verifyAnnex(path: string, options: VerifyOptions = {}): Promise<AnnexCheck> {
  const entries = await listFolder(path);
  const faults: AnnexFault[] = [];
  const fault = (code: string, at: string, message: string, line?: number): number =>
    faults.push({ code, path: at, message, ...(line === undefined ? {} : { line }) });
  const files = new Set(entries.filter(({ kind }) => kind === 'file').map((entry) => entry.path));
  for (const entry of entries) {
    if (entry.kind === 'other')
      fault('annex/not-a-file', entry.path, 'is a link or a device; an annex holds plain files only');
    if (entry.kind === 'empty-folder')
      fault('annex/extra', entry.path, 'is an empty folder; an annex has none');
  }
  const read = async (name: string): Promise<Buffer | null> => {
    if (!files.has(name)) {
      fault('annex/missing', name, 'is missing');
      return null;
    }
    const { size } = await lstat(join(path, name));
    if (size <= MAX_TEXT_BYTES) return readFile(join(path, name));
    fault('annex/too-large', name, `is ${size} bytes; expected at most ${MAX_TEXT_BYTES}`);
    return null;
  };

  const sums = await read(SUMS_FILE);
  const signature = await read(SIGNATURE_FILE);
  const pem = await read(PUBLIC_KEY_FILE);
  const log = await read(LOG_FILE);

  const key = pem && readPublicKey(pem);
  if (pem && !key) fault('annex/bad-key', PUBLIC_KEY_FILE, 'is not an Ed25519 public key in PEM');
  const fingerprint = key ? fingerprintOf(key) : null;
  if (options.expectedKey !== undefined && fingerprint !== normalizeFingerprint(options.expectedKey))
    fault(
      'annex/other-key',
      PUBLIC_KEY_FILE,
      `has the fingerprint ${fingerprint ?? 'n/a'}, expected ${normalizeFingerprint(options.expectedKey)}`,
    );
  if (key && sums && signature && !isSignedBy(key, sums, signature))
    fault(
      'annex/bad-signature',
      SIGNATURE_FILE,
      `does not sign these bytes of ${SUMS_FILE} with the key in ${PUBLIC_KEY_FILE}`,
    );

  const bytes = sums ? await checkHashes(path, sums, files, fault) : 0;
  let logLines = 0;
  if (log) {
    const checked = checkLog(log.toString('utf8'));
    logLines = checked.entries.length;
    for (const { code, line, message } of checked.faults) fault(code, LOG_FILE, message, line);
  }
  const packSha256 = sums ? await hashFile(join(path, SUMS_FILE)) : null;
  return {
    ok: faults.length === 0,
    faults,
    checked: { files: files.size, bytes, logLines },
    fingerprint,
    packSha256,
  };
}

async function listFolder(path: string): Promise<Entry[]> {
  const refuse = (message: string, cause?: unknown): InputError =>
    new InputError(
      { code: 'annex/not-a-folder', message, help: 'pass the folder that holds SHA256SUMS', path },
      { cause },
    );
  const status = await lstat(path).catch((error: unknown) => {
    throw refuse(`cannot open the annex (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`, error);
  });
  if (!status.isDirectory()) throw refuse('the annex is not a folder');
  const entries = await walkFolder(path);
  if (!entries) throw refuse('the folder holds more than 100000 entries; an annex is smaller');
  return entries;
}

async function checkHashes(
  root: string,
  sums: Buffer,
  files: ReadonlySet<string>,
  fault: (code: string, at: string, message: string, line?: number) => number,
): Promise<number> {
  const { hashes, faults } = parseSums(sums.toString('utf8'));
  for (const { code, line, message } of faults) fault(code, SUMS_FILE, message, line);
  let bytes = 0;
  for (const [name, expected] of hashes) {
    if (!files.has(name)) {
      fault('annex/missing', name, `is listed in ${SUMS_FILE} but missing`);
      continue;
    }
    bytes += (await lstat(join(root, name))).size;
    const found = await hashFile(join(root, name));
    if (found !== expected) fault('annex/changed', name, `has the SHA-256 ${found}, signed was ${expected}`);
  }
  for (const name of files) {
    if (!hashes.has(name) && name !== SUMS_FILE && name !== SIGNATURE_FILE)
      fault('annex/extra', name, `is not listed in ${SUMS_FILE}: it was added after signing`);
  }
  return bytes;
}
