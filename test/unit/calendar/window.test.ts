import { expect, test } from 'vitest';
import { dayKind, daysOf, parseWindow } from '../../../src/calendar/window.ts';

const minute = (instant: string): number => Date.parse(instant) / 60_000;

test('19:00 to 23:00 in Tokyo is 10:00 to 14:00 UTC, every day that the capture meets', () => {
  const window = parseWindow('19:00-23:00 Asia/Tokyo', 'window');
  const days = daysOf(window, minute('2026-11-20T11:00:00Z'), minute('2026-11-22T09:59:00Z'));
  expect(days).toEqual([
    {
      date: '2026-11-20',
      startMinute: minute('2026-11-20T10:00:00Z'),
      endMinute: minute('2026-11-20T14:00:00Z'),
    },
    {
      date: '2026-11-21',
      startMinute: minute('2026-11-21T10:00:00Z'),
      endMinute: minute('2026-11-21T14:00:00Z'),
    },
  ]);
});

test('a window over midnight belongs to the day on which it begins', () => {
  const days = daysOf(
    parseWindow('22:00-02:00 UTC', 'window'),
    minute('2026-11-21T01:00:00Z'),
    minute('2026-11-21T03:00:00Z'),
  );
  expect(days.map(({ date }) => date)).toEqual(['2026-11-20']);
});

test('daylight saving moves the instants and not the hours', () => {
  const window = parseWindow('19:00-20:00 Europe/Berlin', 'window');
  const days = daysOf(window, minute('2026-10-24T00:00:00Z'), minute('2026-10-26T00:00:00Z'));
  expect(days.map(({ startMinute }) => startMinute)).toEqual([
    minute('2026-10-24T17:00:00Z'),
    minute('2026-10-25T18:00:00Z'),
  ]);
});

test.each(['19-23', '19:00-23:00', '19:00-19:00 UTC', '25:00-26:00 UTC', '19:00-23:00 Mars/Olympus'])(
  '%s is refused with a way out',
  (text) => expect(() => parseWindow(text, 'window')).toThrow(/--window/),
);

test('holidays that the user names count as weekend', () => {
  expect(dayKind('2026-11-20', new Set())).toBe('weekday');
  expect(dayKind('2026-11-22', new Set())).toBe('weekend');
  expect(dayKind('2026-11-23', new Set(['2026-11-23']))).toBe('weekend');
});
