import { describe, expect, it } from 'vitest';
import {
  formatCount,
  formatDifference,
  formatInterval,
  formatMargin,
  formatProbability,
  formatShare,
  formatValue,
} from '../../../src/report/format-value.ts';
import {
  cutText,
  displayWidth,
  escapeMarkdown,
  escapeMarkup,
  fileStem,
  padText,
  plainText,
  wrapText,
} from '../../../src/report/text.ts';
import { formatLocal, formatUtc, formatWindow } from '../../../src/report/time-text.ts';

describe('format-value', () => {
  it('says absent, never zero', () => {
    expect([
      formatValue('rtt_p50_ns', null),
      formatDifference('loss_ratio', null),
      formatInterval('rtt_p50_ns', null),
    ]).toEqual(['n/a', 'n/a', 'n/a']);
    expect(formatValue('rtt_p50_ns', 0)).toBe('0.0 ms');
  });

  it.each([
    [18_240_000, '18.2 ms'],
    [1_250_000_000, '1250.0 ms'],
    [42_000, '42 µs'],
    [99_999, '100 µs'],
    [100_000, '0.1 ms'],
  ])('writes %d ns as %s', (ns, text) => expect(formatValue('rtt_p50_ns', ns)).toBe(text));

  it.each([
    [0, '0.00 %'],
    [0.0004, '0.040 %'],
    [0.0124, '1.24 %'],
    [0.214, '21.4 %'],
  ])('writes the ratio %d as %s', (ratio, text) => expect(formatValue('loss_ratio', ratio)).toBe(text));

  it('signs differences, and gives no sign to what rounds to nothing', () => {
    expect(formatDifference('rtt_p50_ns', 18_200_000)).toBe('+18.2 ms');
    expect(formatDifference('rtt_p50_ns', -18_200_000)).toBe('−18.2 ms');
    expect(formatDifference('loss_ratio', 0.0031)).toBe('+0.31 pp');
    expect(formatInterval('rtt_p50_ns', [-20_000, 2_000_000])).toBe('[0.0, +2.0] ms');
    expect(formatInterval('loss_ratio', [-0.0005, 0.0067])).toBe('[−0.05, +0.67] pp');
  });

  it('says 0 % and 100 % only when they are exact', () => {
    expect([0, 0.00001, 0.5, 0.99999, 1].map(formatShare)).toEqual([
      '0 %',
      '<0.1 %',
      '50 %',
      '>99.9 %',
      '100 %',
    ]);
  });

  it('writes counts, margins and probabilities without a locale', () => {
    expect([formatCount(7), formatCount(1_284_551)]).toEqual(['7', '1,284,551']);
    expect([formatMargin('rtt_p50_ns', 5_000_000), formatMargin('loss_ratio', 0.0025)]).toEqual([
      '±5 ms',
      '±0.25 pp',
    ]);
    expect([formatProbability(0.00004), formatProbability(0.0421), formatProbability(null)]).toEqual([
      '<0.001',
      '0.042',
      'n/a',
    ]);
  });
});

describe('text', () => {
  it('counts cells as a terminal does', () => {
    expect([
      displayWidth('ÏSP-b 日本'),
      displayWidth('ﾌﾚｯﾂ'),
      displayWidth('e\u0301'),
      displayWidth('🎮'),
    ]).toEqual([10, 4, 1, 2]);
    expect(padText('日本', 6)).toBe('日本  ');
    expect(padText('日本', 6, 'right')).toBe('  日本');
    expect(cutText('日本橋', 5)).toBe('日本…');
    expect(cutText('日本橋', 6)).toBe('日本橋');
  });

  it('wraps words and Japanese to the width, and does not open a line with a full stop', () => {
    expect(wrapText('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrapText('abcdefghij', 4).every((line) => displayWidth(line) <= 4)).toBe(true);
    const lines = wrapText('夜間の遅延が増加した。原因は示さない。', 10);
    expect(lines.join('')).toBe('夜間の遅延が増加した。原因は示さない。');
    for (const line of lines) expect(line).not.toMatch(/^[。、）]/);
    expect(wrapText('', 10)).toEqual(['']);
  });

  it('makes hostile names visible and harmless', () => {
    expect(plainText('a\u001b[31mb\u202ec\nd\ud800')).toBe('a\ufffd[31mb\ufffdc\ufffdd\ufffd');
    expect(escapeMarkup(`<b a="1" c='2'>&`)).toBe('&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;');
    expect(escapeMarkdown('[x](y) `z` <script> # a|b')).toBe('\\[x\\](y) \\`z\\` &lt;script> \\# a\\|b');
  });

  it('makes file names that are safe and never meet', () => {
    expect(fileStem('map-e')).toBe('map-e');
    const names = ['PPPoE', 'pppoe', 'pppoe!', '東京', '大阪', '../../etc', '', 'x'.repeat(300)];
    const stems = names.map(fileStem);
    expect(new Set(stems).size).toBe(names.length);
    for (const stem of stems) expect(stem).toMatch(/^[a-z0-9][a-z0-9-]{0,60}$/);
  });
});

describe('time', () => {
  it('gives UTC first and the local time with its offset', () => {
    expect(formatUtc('2026-11-20T12:00:59.123456789Z')).toBe('2026-11-20 12:00 UTC');
    expect(formatLocal('2026-11-20T16:30:00.000000000Z', 'Asia/Tokyo')).toBe('2026-11-21 01:30 +09:00');
    expect(formatLocal('2026-11-20T00:15:00.000000000Z', 'UTC')).toBe('2026-11-20 00:15 +00:00');
  });

  it('tells the two hours of a clock change apart', () => {
    expect(formatLocal('2026-10-25T00:30:00.000000000Z', 'Europe/Paris')).toBe('2026-10-25 02:30 +02:00');
    expect(formatLocal('2026-10-25T01:30:00.000000000Z', 'Europe/Paris')).toBe('2026-10-25 02:30 +01:00');
  });

  it('names the day again where a window crosses midnight in either zone', () => {
    expect(
      formatWindow('2026-11-20T13:00:00.000000000Z', '2026-11-20T16:00:00.000000000Z', 'Asia/Tokyo'),
    ).toBe('2026-11-20 13:00–16:00 UTC (22:00–2026-11-21 01:00 +09:00, Asia/Tokyo)');
    expect(formatWindow('2026-11-20T23:00:00.000000000Z', '2026-11-21T01:00:00.000000000Z', 'UTC')).toBe(
      '2026-11-20 23:00–2026-11-21 01:00 UTC',
    );
    expect(formatWindow(null, null, 'UTC')).toBe('no time known');
  });
});
