/** Units and instants: nanoseconds since the Unix epoch in UTC, and their text. No locale, no clock. */

export const NS_PER_MS = 1_000_000;
export const NS_PER_S = 1_000_000_000;
const NS_PER_S_BIG = 1_000_000_000n;

/** RFC 3339 UTC with nine digits, e.g. `2026-11-20T10:00:00.000000001Z`. Years outside 0–9999 are clamped by Date to null. */
export function formatInstant(timestampNs: bigint): string | null {
  let seconds = timestampNs / NS_PER_S_BIG;
  let rest = timestampNs % NS_PER_S_BIG;
  if (rest < 0n) {
    rest += NS_PER_S_BIG;
    seconds -= 1n;
  }
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999 || date.getUTCFullYear() < 0) return null;
  return `${date.toISOString().slice(0, 19)}.${rest.toString().padStart(9, '0')}Z`;
}
