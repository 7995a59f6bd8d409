/** IP prefixes as numbers: parsing with a reason for every refusal, masking, comparing. IPv4-mapped IPv6 counts as IPv4. */
import ipaddr from 'ipaddr.js';

export interface IpPrefix {
  readonly family: 4 | 6;
  readonly length: number;
  /** The network's bits shifted right by (width − length): equal for all addresses inside. */
  readonly network: bigint;
  /** Canonical text, RFC 5952. */
  readonly text: string;
}

export interface IpBits {
  readonly family: 4 | 6;
  readonly value: bigint;
}

function bytesToBits(bytes: readonly number[]): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** Null when the text is not one address in its usual form (dotted quad of four, or RFC 4291). */
export function parseAddress(text: string): IpBits | null {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) {
    return { family: 4, value: bytesToBits(ipaddr.IPv4.parse(text).toByteArray()) };
  }
  if (!text.includes(':') || !ipaddr.IPv6.isValid(text)) return null;
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress()
    ? { family: 4, value: bytesToBits(address.toIPv4Address().toByteArray()) }
    : { family: 6, value: bytesToBits(address.toByteArray()) };
}

function formatNetwork(family: 4 | 6, value: bigint, length: number): string {
  const width = family === 4 ? 4 : 16;
  const bytes = Array.from({ length: width }, (_, i) =>
    Number((value >> BigInt(8 * (width - 1 - i))) & 0xffn),
  );
  const address = family === 4 ? new ipaddr.IPv4(bytes) : new ipaddr.IPv6(bytes);
  return `${family === 4 ? address.toString() : (address as ipaddr.IPv6).toRFC5952String()}/${length}`;
}

export type PrefixResult =
  | { readonly ok: true; readonly prefix: IpPrefix }
  | { readonly ok: false; readonly reason: string; readonly corrected: string | null };

/** CIDR text → prefix, or why not. An address without `/length` is refused with the host prefix as the correction. */
export function parsePrefix(text: string): PrefixResult {
  const slash = text.indexOf('/');
  const addressText = slash < 0 ? text : text.slice(0, slash);
  const address = parseAddress(addressText);
  if (address === null) {
    return { ok: false, reason: `"${text}" is not an IPv4 or IPv6 prefix`, corrected: null };
  }
  const width = address.family === 4 ? 32 : 128;
  if (slash < 0) {
    return {
      ok: false,
      reason: `"${text}" has no prefix length`,
      corrected: formatNetwork(address.family, address.value, width),
    };
  }
  const lengthText = text.slice(slash + 1);
  // A mapped address is written with 128-bit lengths; only those that keep the mapping say anything about IPv4.
  const written = /^\d{1,3}$/.test(lengthText) ? Number(lengthText) : NaN;
  const mapped = address.family === 4 && addressText.includes(':');
  const length = mapped ? written - 96 : written;
  if (!(length >= 0 && length <= width)) {
    const range = mapped ? '96 to 128' : `0 to ${width}`;
    return { ok: false, reason: `"${text}" has no prefix length from ${range}`, corrected: null };
  }
  const shift = BigInt(width - length);
  const network = address.value >> shift;
  const canonical = formatNetwork(address.family, network << shift, length);
  if (network << shift !== address.value) {
    return { ok: false, reason: `"${text}" has bits set beyond its /${lengthText}`, corrected: canonical };
  }
  return { ok: true, prefix: { family: address.family, length, network, text: canonical } };
}
