/**
 * Hours of the day in a named zone ↔ minutes since the epoch. Instants stay UTC everywhere else; this is the one place where
 * "19:00–23:00 Asia/Tokyo on the 20th" becomes a range of them, daylight saving included.
 */
import { UsageError } from '../errors.ts';

export interface DailyWindow {
  /** Minutes after local midnight; `to` ≤ `from` means that the window ends on the next day. */
  readonly from: number;
  readonly to: number;
  readonly zone: string;
}

export interface DayRange {
  /** Local date on which the window begins, YYYY-MM-DD. */
  readonly date: string;
  /** Minutes since the epoch; `endMinute` is the first one outside. */
  readonly startMinute: number;
  readonly endMinute: number;
}

const DAY_MINUTES = 1440;

/** "19:00-23:00 Asia/Tokyo". @throws UsageError */
export function parseWindow(text: string, option: string): DailyWindow {
  const match = /^(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})\s+(\S+)$/.exec(text.trim());
  const fail = (message: string): never => {
    throw new UsageError({
      code: 'usage/window',
      message: `--${option} ${text}: ${message}`,
      help: `for example --${option} "19:00-23:00 Asia/Tokyo"; the zone is never guessed`,
    });
  };
  if (match === null) return fail('no window of hours and a zone');
  const [h1, m1, h2, m2] = match.slice(1, 5).map(Number) as [number, number, number, number];
  const zone = match[5]!;
  if (h1 > 23 || h2 > 24 || m1 > 59 || m2 > 59 || (h2 === 24 && m2 > 0)) return fail('no such time of day');
  if (!isZone(zone)) return fail(`${zone} is no zone of the IANA list`);
  const from = h1 * 60 + m1;
  const to = (h2 * 60 + m2) % DAY_MINUTES;
  if (from === to) return fail('the window is empty');
  return { from, to, zone };
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Wall clock of an instant, as if it were UTC: minutes since the epoch of that wall clock. */
function wallMinute(minute: number, zone: string): number {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
    formats.set(zone, format);
  }
  const parts = new Map(
    format.formatToParts(minute * 60_000).map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: string): number => parts.get(type as never) ?? 0;
  return Math.round(
    Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute')) / 60_000,
  );
}

function minuteOfWall(wall: number, zone: string): number {
  let minute = wall;
  // Twice: the first step may land on the other side of a change of offset.
  for (let step = 0; step < 2; step++) minute -= wallMinute(minute, zone) - wall;
  return minute;
}

function dateText(wallDay: number): string {
  return new Date(wallDay * DAY_MINUTES * 60_000).toISOString().slice(0, 10);
}

/** Every day's window that meets [firstMinute, lastMinute], in order. */
export function daysOf(window: DailyWindow, firstMinute: number, lastMinute: number): DayRange[] {
  const days: DayRange[] = [];
  const firstDay = Math.floor(wallMinute(firstMinute, window.zone) / DAY_MINUTES) - 1;
  const lastDay = Math.floor(wallMinute(lastMinute, window.zone) / DAY_MINUTES);
  for (let day = firstDay; day <= lastDay; day++) {
    const start = day * DAY_MINUTES + window.from;
    const end = day * DAY_MINUTES + window.to + (window.to <= window.from ? DAY_MINUTES : 0);
    const startMinute = minuteOfWall(start, window.zone);
    const endMinute = minuteOfWall(end, window.zone);
    if (endMinute > firstMinute && startMinute <= lastMinute)
      days.push({ date: dateText(day), startMinute, endMinute });
  }
  return days;
}

export type DayKind = 'weekday' | 'weekend';

/** Public holidays are the user's to name: no list of them ships, since a wrong one would be worse than none. */
export function dayKind(date: string, holidays: ReadonlySet<string>): DayKind {
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
  return weekday === 0 || weekday === 6 || holidays.has(date) ? 'weekend' : 'weekday';
}
