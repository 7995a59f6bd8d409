/**
 * Names → pseudonyms, the same everywhere in one annex: addresses by Crypto-PAn, hardware addresses by AES, file names by a
 * list. Also the memory of what was original, which the leak scan needs.
 */
import { createCipheriv, createHmac } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import { addressText } from '../tables/address.ts';
import { createCryptoPan, type MapAddress } from './crypto-pan.ts';
import { deriveKey } from './key.ts';

/** Whole addresses in text, by shape; `parseAddress` decides. A prefix length may follow. */
const CANDIDATE =
  /(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?=[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:)[0-9A-Fa-f:.]*[0-9A-Fa-f:])(?:%\w+)?(\/\d{1,3})?(?![\w:])/g;
const MAC_CANDIDATE = /(?<![0-9A-Fa-f:-])(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![0-9A-Fa-f:-])/g;
const NAMED_KEYS = 64;

export class Pseudonyms {
  readonly #key: Uint8Array;
  #mapAddress: MapAddress;
  readonly #macKey: Uint8Array;
  readonly #payloadKey: Uint8Array;
  readonly #known = new Map<string, Uint8Array>();
  /** Latin-1 bytes of every original address and hardware address met. */
  readonly #originals = new Set<string>();
  readonly #files = new Map<string, string>();

  /**
   * @param addresses every address that will be mapped and is known beforehand: the key is chosen so that no pseudonym
   *   is one of them, so that an original found in an output is a leak and never a coincidence.
   */
  constructor(key: Uint8Array, addresses: Iterable<Uint8Array> = []) {
    this.#key = key;
    this.#macKey = deriveKey(key, 'hardware addresses', 16);
    this.#payloadKey = deriveKey(key, 'payload hashes');
    this.#mapAddress = createCryptoPan(key);
    const all = [...addresses];
    const originals = new Set(all.map(latin1));
    for (let attempt = 1; attempt < NAMED_KEYS; attempt++) {
      const clash = all.some(
        (address) => !isKept(address) && originals.has(latin1(this.#mapAddress(address))),
      );
      if (!clash) break;
      this.#mapAddress = createCryptoPan(deriveKey(key, `addresses, attempt ${attempt}`));
    }
    for (const address of all) this.address(address);
  }

  /** 4 or 16 bytes; unspecified, broadcast and loopback addresses name nobody and stay. */
  address(bytes: Uint8Array): Uint8Array {
    if (isKept(bytes)) return bytes;
    return this.#remember(bytes, this.#mapAddress);
  }

  hardwareAddress(mac: Uint8Array): Uint8Array {
    if (mac.every((byte) => byte === 0) || mac.every((byte) => byte === 0xff)) return mac;
    return this.#remember(mac, (original) => {
      const block = new Uint8Array(16);
      block.set(original);
      const out = createCipheriv('aes-128-ecb', this.#macKey, null).setAutoPadding(false).update(block);
      // Locally administered; a group address stays one.
      out[0] = ((out[0] ?? 0) & 0xfc) | 2 | ((original[0] ?? 0) & 1);
      return out.subarray(0, 6);
    });
  }

  /** Keyed hash of a payload: equal payloads stay recognisable, and cannot be found by guessing. */
  payloadHash(payload: Uint8Array): string {
    return createHmac('sha256', this.#payloadKey).update(payload).digest('hex').slice(0, 32);
  }

  /** For TCP timestamps: 64 bits. */
  timestampKey(): bigint {
    return Buffer.from(deriveKey(this.#key, 'TCP timestamps', 8)).readBigUInt64LE();
  }

  /** In running text only names with a dot or a slash are replaced: others are words. */
  nameFile(original: string, pseudonym: string): void {
    if (original !== pseudonym) this.#files.set(original, pseudonym);
  }

  /** Text with every file name, address and hardware address in it replaced. */
  text(text: string): string {
    const whole = this.#files.get(text);
    if (whole !== undefined) return whole;
    let out = text;
    const files = [...this.#files]
      .filter(([name]) => /[./]/.test(name))
      .sort(([a], [b]) => b.length - a.length);
    for (const [original, pseudonym] of files) out = out.replaceAll(original, pseudonym);
    return out
      .replace(CANDIDATE, (found, length: string | undefined) => this.#addressText(found, length))
      .replace(MAC_CANDIDATE, (found) => {
        const bytes = Buffer.from(found.replace(/[:-]/g, ''), 'hex');
        return Buffer.from(this.hardwareAddress(bytes)).toString('hex').match(/../g)!.join(':');
      });
  }

  /** A value of plain data with every string in it rewritten; keys of mappings, too. */
  value<T>(value: T): T {
    if (typeof value === 'string') return this.text(value) as T;
    if (Array.isArray(value)) return value.map((item: unknown) => this.value(item)) as T;
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [this.text(key), this.value<unknown>(item)]),
    ) as T;
  }

  originals(): { readonly bytes: ReadonlySet<string>; readonly files: readonly string[] } {
    return { bytes: this.#originals, files: [...this.#files.keys()].filter((name) => /[./]/.test(name)) };
  }

  #addressText(found: string, length: string | undefined): string {
    const bytes = parseAddress(length === undefined ? found : found.slice(0, -length.length));
    if (bytes === null) return found;
    const mapped = Uint8Array.from(this.address(bytes));
    if (length === undefined) return textOf(mapped);
    const bits = Number(length.slice(1));
    return (
      textOf(mapped.map((byte, at) => byte & (0xff00 >> Math.max(0, Math.min(8, bits - at * 8))))) + length
    );
  }

  #remember(original: Uint8Array, map: (bytes: Uint8Array) => Uint8Array): Uint8Array {
    const name = latin1(original);
    let mapped = this.#known.get(name);
    if (mapped === undefined) {
      mapped = map(original);
      this.#known.set(name, mapped);
      this.#originals.add(name);
    }
    return mapped;
  }
}

/** 4 or 16 bytes of an address in text, or null when it is none. */
export function parseAddress(text: string): Uint8Array | null {
  if (!ipaddr.isValid(text) || !/[.:]/.test(text)) return null;
  const parsed = ipaddr.parse(text);
  if (parsed.kind() === 'ipv4')
    return ipaddr.IPv4.isValidFourPartDecimal(text) ? Uint8Array.from(parsed.toByteArray()) : null;
  return Uint8Array.from(parsed.toByteArray());
}

export function textOf(bytes: Uint8Array): string {
  if (bytes.length === 16) return addressText(bytes, 0);
  return bytes.join('.');
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function isKept(bytes: Uint8Array): boolean {
  if (bytes.length === 4)
    return bytes[0] === 127 || bytes.every((byte) => byte === 0) || bytes.every((byte) => byte === 255);
  return bytes.subarray(0, 15).every((byte) => byte === 0) && (bytes[15] ?? 0) <= 1;
}
