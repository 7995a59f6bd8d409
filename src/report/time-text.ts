/** Instants for people: UTC first, local time with its offset beside it. The time zone is an input, never the machine's. */

const formatters = new Map<string, Intl.DateTimeFormat>();

/** Milliseconds since the epoch of an RFC 3339 UTC text; sub-millisecond digits do not matter to a reader. */
export function instantMs(text: string): number {
  return Date.parse(`${text.slice(0, 19)}Z`);
}

/** `2026-11-20 12:00 UTC`. */
export function formatUtc(text: string): string {
  return `${text.slice(0, 10)} ${text.slice(11, 16)} UTC`;
}

/** `2026-11-20 21:00 +09:00`: the offset tells the two hours of an autumn clock change apart. */
export function formatLocal(text: string, timezone: string): string {
  const { date, time, offset } = localParts(instantMs(text), timezone);
  return `${date} ${time} ${offset}`;
}

/** `2026-11-20 12:00–13:30 UTC (21:00–22:30 +09:00, Asia/Tokyo)`. */
export function formatWindow(first: string | null, last: string | null, timezone: string): string {
  if (first === null || last === null) return 'no time known';
  const from = localParts(instantMs(first), timezone);
  const to = localParts(instantMs(last), timezone);
  const sameUtcDay = first.slice(0, 10) === last.slice(0, 10);
  const utcEnd = sameUtcDay ? last.slice(11, 16) : `${last.slice(0, 10)} ${last.slice(11, 16)}`;
  const utc = `${first.slice(0, 10)} ${first.slice(11, 16)}–${utcEnd} UTC`;
  if (timezone === 'UTC') return utc;
  const localStart = from.date === first.slice(0, 10) ? from.time : `${from.date} ${from.time}`;
  const localEnd = from.date === to.date ? to.time : `${to.date} ${to.time}`;
  const offset = from.offset === to.offset ? from.offset : `${from.offset} to ${to.offset}`;
  return `${utc} (${localStart}–${localEnd} ${offset}, ${timezone})`;
}

export function localParts(ms: number, timezone: string): { date: string; time: string; offset: string } {
  let formatter = formatters.get(timezone);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      timeZoneName: 'longOffset',
    });
    formatters.set(timezone, formatter);
  }
  const parts = new Map(formatter.formatToParts(ms).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  const offset = part('timeZoneName').replace('GMT', '');
  return {
    date: `${part('year')}-${part('month')}-${part('day')}`,
    time: `${part('hour')}:${part('minute')}`,
    offset: offset === '' ? '+00:00' : offset,
  };
}
