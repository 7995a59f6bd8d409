/** 16 address bytes → RFC 5952 text. */

/** IPv4 for ::ffff:a.b.c.d, else the RFC 5952 form: lower case, longest run of zero groups as `::`. */
export function addressText(bytes: Uint8Array, at = 0): string {
  const group = (index: number): number =>
    ((bytes[at + index * 2] ?? 0) << 8) | (bytes[at + index * 2 + 1] ?? 0);
  const groups = [0, 1, 2, 3, 4, 5, 6, 7].map(group);
  if (groups[5] === 0xffff && groups.slice(0, 5).every((value) => value === 0)) {
    return `${bytes[at + 12] ?? 0}.${bytes[at + 13] ?? 0}.${bytes[at + 14] ?? 0}.${bytes[at + 15] ?? 0}`;
  }
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) {
      bestStart = start;
      bestLength = length;
    }
  }
  const text = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((value) => value.toString(16))
      .join(':');
  if (bestStart < 0) return text(0, 8);
  return `${text(0, bestStart)}::${text(bestStart + bestLength, 8)}`;
}
