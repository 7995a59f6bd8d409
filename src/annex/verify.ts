/**
 * What a receiver runs, on a folder or a .zip: hashes, missing and added files, signature, attestation, and the chain of the log. Every fault is found, not
 * only the first. Without `expectedKey` it proves that nothing changed since *someone* signed; with it, since *they* did.
 */
import { createHash } from 'node:crypto';
import { ATTESTATION_FILE, checkAttestation } from './attestation.ts';
import { parseSums, SIGNATURE_FILE, SUMS_FILE } from './checksums.ts';
import { checkLog } from './evidence-log.ts';
import { fingerprintOf, isSignedBy, normalizeFingerprint, readPublicKey } from './signing.ts';
import { openAnnex, type AnnexFiles } from './source.ts';

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
  const source = await openAnnex(path);
  const faults: AnnexFault[] = [...source.faults];
  const fault: AddFault = (code, at, message, line) => {
    faults.push({ code, path: at, message, ...(line === undefined ? {} : { line }) });
  };
  const read = async (name: string): Promise<Buffer | null> => {
    const size = source.sizes.get(name);
    if (size === undefined) fault('annex/missing', name, 'is missing');
    else if (size > MAX_TEXT_BYTES)
      fault('annex/too-large', name, `is ${size} bytes; expected at most ${MAX_TEXT_BYTES}`);
    else return collect(source.read(name));
    return null;
  };

  const sums = await read(SUMS_FILE);
  const signature = await read(SIGNATURE_FILE);
  const pem = await read(PUBLIC_KEY_FILE);
  const log = await read(LOG_FILE);
  const attestation = await read(ATTESTATION_FILE);

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

  const { hashes, bytes } = sums ? await checkHashes(source, sums, fault) : { hashes: null, bytes: 0 };
  let logLines = 0;
  if (log) {
    const checked = checkLog(log.toString('utf8'));
    logLines = checked.entries.length;
    for (const { code, line, message } of checked.faults) fault(code, LOG_FILE, message, line);
  }
  // Last: where a file differs, its own fault is the one to read first.
  if (key && attestation && hashes)
    for (const { code, message } of checkAttestation(attestation.toString('utf8'), key, hashes))
      fault(code, ATTESTATION_FILE, message);
  return {
    ok: faults.length === 0,
    faults,
    checked: { files: source.sizes.size, bytes, logLines },
    fingerprint,
    packSha256: sums && createHash('sha256').update(sums).digest('hex'),
  };
}

type AddFault = (code: string, at: string, message: string, line?: number) => void;

async function collect(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const piece of pieces) parts.push(piece);
  return Buffer.concat(parts);
}

async function checkHashes(
  source: AnnexFiles,
  sums: Buffer,
  fault: AddFault,
): Promise<{ hashes: ReadonlyMap<string, string>; bytes: number }> {
  const { hashes, faults } = parseSums(sums.toString('utf8'));
  for (const { code, line, message } of faults) fault(code, SUMS_FILE, message, line);
  let bytes = 0;
  for (const [name, expected] of hashes) {
    const size = source.sizes.get(name);
    if (size === undefined) {
      fault('annex/missing', name, `is listed in ${SUMS_FILE} but missing`);
      continue;
    }
    bytes += size;
    const hash = createHash('sha256');
    for await (const piece of source.read(name)) hash.update(piece);
    const found = hash.digest('hex');
    if (found !== expected) fault('annex/changed', name, `has the SHA-256 ${found}, signed was ${expected}`);
  }
  for (const name of source.sizes.keys()) {
    if (!hashes.has(name) && name !== SUMS_FILE && name !== SIGNATURE_FILE)
      fault('annex/extra', name, `is not listed in ${SUMS_FILE}: it was added after signing`);
  }
  return { hashes, bytes };
}
