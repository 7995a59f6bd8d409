/**
 * Ed25519 over SHA256SUMS: a raw 64-byte signature, as `openssl pkeyutl -verify -rawin` reads it, and the public key as
 * PEM. The private key never enters an annex; it is made on first use where the caller says, readable by its owner only.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { InputError } from '../errors.ts';

const MAX_KEY_BYTES = 16_384;
const OTHERS_MAY = 0o077;

export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicPem: string;
  /** `sha256:` and the SHA-256 of the public key in DER (SPKI). */
  readonly fingerprint: string;
}

/** Reads the key at `path`, or makes one there (PKCS #8 PEM, mode 0600). */
export async function loadSigningKey(path: string): Promise<SigningKey> {
  const privateKey = (await createKey(path)) ?? (await readKey(path));
  const publicKey = createPublicKey(privateKey);
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { privateKey, publicPem, fingerprint: fingerprintOf(publicKey) };
}

export function signBytes(key: SigningKey, bytes: Uint8Array): Uint8Array {
  return sign(null, bytes, key.privateKey);
}

/** The key in a public-key.pem, or null when it is not exactly one Ed25519 key in PEM. */
export function readPublicKey(pem: Uint8Array): KeyObject | null {
  try {
    const key = createPublicKey(Buffer.from(pem));
    const isSame =
      key.export({ type: 'spki', format: 'pem' }).toString() === Buffer.from(pem).toString('latin1');
    return key.asymmetricKeyType === 'ed25519' && isSame ? key : null;
  } catch {
    return null;
  }
}

export function isSignedBy(key: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  return signature.length === 64 && verify(null, bytes, key, signature);
}

export function fingerprintOf(key: KeyObject): string {
  const der = key.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(der).digest('hex')}`;
}

/** `AB:CD:…`, `sha256:abcd…` and plain hexadecimal all name the same key. */
export function normalizeFingerprint(text: string): string {
  return `sha256:${text
    .toLowerCase()
    .replace(/^sha256:/, '')
    .replace(/[:\s]/g, '')}`;
}

async function createKey(path: string): Promise<KeyObject | null> {
  let file: FileHandle;
  try {
    // Exclusive: two first uses at once cannot each believe that their key is the one on disk.
    file = await open(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null;
    throw new InputError(
      {
        code: 'annex/key-unwritable',
        message: `cannot make a signing key (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
        help: 'name a place for the key that you may write to',
        path,
      },
      { cause: error },
    );
  }
  try {
    const { privateKey } = generateKeyPairSync('ed25519');
    await file.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await file.sync();
    return privateKey;
  } finally {
    await file.close();
  }
}

async function readKey(path: string): Promise<KeyObject> {
  const refuse = (code: string, message: string, help: string): InputError =>
    new InputError({ code, message, help, path });
  const file = await open(path, constants.O_RDONLY).catch((error: unknown) => {
    throw refuse(
      'annex/key-unreadable',
      `cannot read the signing key (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
      'check the path and its owner',
    );
  });
  try {
    const status = await file.stat();
    if (!status.isFile() || status.size > MAX_KEY_BYTES)
      throw refuse(
        'annex/key-not-ed25519',
        'the signing key is not a small file; expected an Ed25519 private key in PEM',
        'name another key file',
      );
    // Windows has no such bits; its own access lists decide there.
    if (process.platform !== 'win32' && (status.mode & OTHERS_MAY) !== 0)
      throw refuse(
        'annex/key-exposed',
        `the signing key may be used by others (mode ${(status.mode & 0o777).toString(8).padStart(4, '0')}); expected 0600`,
        'treat it as known to others: make a new key, or run chmod 600 if you are sure that nobody read it',
      );
    const pem = await file.readFile();
    const key = parsePrivateKey(pem);
    if (key?.asymmetricKeyType !== 'ed25519')
      throw refuse(
        'annex/key-not-ed25519',
        `the signing key is ${key ? `of type ${key.asymmetricKeyType ?? 'unknown'}` : 'not an unencrypted private key in PEM'}; expected Ed25519 in PKCS #8 PEM`,
        'make one with: openssl genpkey -algorithm ed25519',
      );
    return key;
  } finally {
    await file.close();
  }
}

function parsePrivateKey(pem: Buffer): KeyObject | null {
  try {
    return createPrivateKey(pem);
  } catch {
    return null;
  }
}
