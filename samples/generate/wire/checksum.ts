/** The Internet checksum (RFC 1071) and its pseudo headers (RFC 9293 §3.1, RFC 8200 §8.1). */

/** Folded 16-bit one's complement sum, not yet complemented; `start` is the sum of what came before. */
export function onesComplementSum(bytes: Uint8Array, start = 0): number {
  let sum = start;
  const even = bytes.length & ~1;
  for (let i = 0; i < even; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
  if (even !== bytes.length) sum += bytes[even]! << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}

/** What goes into a checksum field whose own bytes were zero while summing; 0 over data that already holds it. */
export function internetChecksum(bytes: Uint8Array, start = 0): number {
  return ~onesComplementSum(bytes, start) & 0xffff;
}

/** Sum of the pseudo header that TCP, UDP and ICMPv6 add before their own bytes. */
export function pseudoHeaderSum(
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  length: number,
): number {
  const addresses = onesComplementSum(source, onesComplementSum(destination));
  return onesComplementSum(
    Uint8Array.of(0, protocol, length >>> 24, length >>> 16, length >>> 8, length),
    addresses,
  );
}
