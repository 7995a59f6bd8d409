/** Text addresses to bytes. Packet builders take text because tests and scenarios read better so. */

import ipaddr from 'ipaddr.js';

const parsed = new Map<string, Uint8Array>();

/** 4 or 16 bytes in network order. Throws on text that is no address. */
export function addressBytes(text: string): Uint8Array {
  let bytes = parsed.get(text);
  if (bytes === undefined) {
    // The library also reads `192.0.2` the way inet_aton does; a builder had better not.
    if (!ipaddr.IPv6.isValid(text) && !ipaddr.IPv4.isValidFourPartDecimal(text)) {
      throw new Error(`not an address: ${text}`);
    }
    bytes = Uint8Array.from(ipaddr.parse(text).toByteArray());
    parsed.set(text, bytes);
  }
  return bytes;
}

/** `02:00:5e:00:53:01` to 6 bytes. */
export function macBytes(text: string): Uint8Array {
  const parts = text.split(':').map((part) => Number.parseInt(part, 16));
  if (parts.length !== 6 || parts.some((part) => Number.isNaN(part))) {
    throw new Error(`not a MAC address: ${text}`);
  }
  return Uint8Array.from(parts);
}
