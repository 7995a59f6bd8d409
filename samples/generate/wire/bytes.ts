/** Joining and reading byte strings; network order unless a function says otherwise. */

export type ByteOrder = 'little' | 'big';

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Zero bytes up to the next multiple of `multiple`. */
export function padded(bytes: Uint8Array, multiple: number): Uint8Array {
  const rest = bytes.length % multiple;
  if (rest === 0) return bytes;
  const longer = new Uint8Array(bytes.length + multiple - rest);
  longer.set(bytes);
  return longer;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function u16(value: number): Uint8Array {
  return Uint8Array.of((value >>> 8) & 0xff, value & 0xff);
}

export function u32(value: number): Uint8Array {
  return Uint8Array.of((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}
