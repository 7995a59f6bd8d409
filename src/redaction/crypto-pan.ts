/**
 * Crypto-PAn (Xu, Fan, Ammar, Moon 2002): addresses become others so that two addresses that share exactly k leading bits
 * still share exactly k. AES-128 runs in node:crypto, all bits of an address in one call. The key is 32 bytes: the AES key,
 * then the block whose encryption is the padding.
 */
import { createCipheriv } from 'node:crypto';

const BLOCK_BYTES = 16;
export const KEY_BYTES = 32;

/** Maps 4 or 16 bytes to as many. */
export type MapAddress = (address: Uint8Array) => Uint8Array;

export function createCryptoPan(key: Uint8Array): MapAddress {
  if (key.length !== KEY_BYTES)
    throw new RangeError(`a Crypto-PAn key has ${KEY_BYTES} bytes, not ${key.length}`);
  const encrypt = (blocks: Uint8Array): Buffer => {
    // One cipher per call: ECB without padding keeps no state between blocks, and a finished cipher cannot go on.
    const cipher = createCipheriv('aes-128-ecb', key.subarray(0, BLOCK_BYTES), null).setAutoPadding(false);
    return cipher.update(blocks);
  };
  const padding = encrypt(key.subarray(BLOCK_BYTES));
  return (address) => {
    const bits = address.length * 8;
    const blocks = new Uint8Array(bits * BLOCK_BYTES);
    for (let bit = 0; bit < bits; bit++) {
      // The first `bit` bits of the address, then the padding from that bit on.
      const block = blocks.subarray(bit * BLOCK_BYTES, (bit + 1) * BLOCK_BYTES);
      block.set(padding);
      const whole = bit >> 3;
      block.set(address.subarray(0, whole));
      const kept = 0xff00 >> (bit & 7);
      block[whole] = ((address[whole] ?? 0) & kept) | ((padding[whole] ?? 0) & ~kept & 0xff);
    }
    const encrypted = encrypt(blocks);
    const mapped = Uint8Array.from(address);
    for (let bit = 0; bit < bits; bit++)
      mapped[bit >> 3] =
        (mapped[bit >> 3] ?? 0) ^ (((encrypted[bit * BLOCK_BYTES] ?? 0) >> 7) << (7 - (bit & 7)));
    return mapped;
  };
}
