import { describe, expect, it } from 'vitest';
import { renderTerminal } from '../../../src/report/terminal.ts';
import { displayWidth } from '../../../src/report/text.ts';
import { comparisonFixture, stressFixture } from './fixture.ts';

// eslint-disable-next-line no-control-regex -- the escape character is what colours begin with
const ANSI = /\u001b\[[0-9;]*m/g;

const FORBIDDEN = /[\p{Cc}\u202e]/u;

describe('renderTerminal', () => {
  it('opens with the headline, then every row with verdict, difference, interval and n', () => {
    const lines = renderTerminal(comparisonFixture(), { width: 130, color: false }).split('\n');
    expect(lines[0]).toMatch(/^DEGRADED: the median RTT of pppoe rose by 18\.2 ms/);
    expect(lines.find((line) => line.startsWith('pppoe') && line.includes('RTT p50'))).toMatch(
      /DEGRADED +\+18\.2 ms +\[\+15\.1, \+21\.3\] ms +±5 ms +24\.1 ms +42\.3 ms +0\.001 +41 +12$/,
    );
    expect(lines.find((line) => line.startsWith('plain'))).toMatch(
      /INSUFFICIENT +n\/a +n\/a +±5 ms +21\.2 ms +n\/a +n\/a +4 +12$/,
    );
    const order = ['limitations', 'diagnostics'].map((title) => lines.indexOf(title));
    expect(order[0]).toBeGreaterThan(0);
    expect(order[1]).toBeGreaterThan(order[0]!);
  });

  it.each([20, 40, 60, 80, 100, 130, 200])('keeps every line within %d cells', (width) => {
    for (const comparison of [comparisonFixture(), stressFixture().comparison]) {
      const lines = renderTerminal(comparison, { width, color: false }).split('\n');
      const long = lines.filter((line) => displayWidth(line) > width);
      expect(long).toEqual([]);
    }
  });

  it('has the same text with and without colour, and no escape without', () => {
    const plain = renderTerminal(comparisonFixture(), { width: 100, color: false });
    const colored = renderTerminal(comparisonFixture(), { width: 100, color: true });
    expect(plain).not.toMatch(ANSI);
    expect(colored).toMatch(ANSI);
    expect(colored.replace(ANSI, '')).toBe(plain);
  });

  it('lets no name from a capture reach the terminal as a command', () => {
    const text = renderTerminal(stressFixture().comparison, { width: 100, color: false });
    for (const line of text.split('\n')) expect(line).not.toMatch(FORBIDDEN);
  });

  it('says so when there is nothing to compare', () => {
    const text = renderTerminal({ ...comparisonFixture(), comparisons: [] }, { width: 80, color: false });
    expect(text).toContain('no cohort and metric could be compared');
  });
});
