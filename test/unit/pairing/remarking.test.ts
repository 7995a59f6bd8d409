/** RFC 9435 names, from tables of what each behaviour does. */
import { describe, expect, it } from 'vitest';
import { behaviours } from '../../../src/pairing/remarking.ts';

const all = Array.from({ length: 64 }, (_, from) => from);

function under(becomes: (from: number) => number): string[] {
  const transitions = all.map((from) => ({ from, to: becomes(from), packets: 10 }));
  const names = behaviours(transitions);
  return [...new Set(names.filter((name) => name !== 'unchanged'))];
}

describe('names of re-marking', () => {
  it.each([
    ['Bleach-DSCP', () => 0],
    ['Bleach-ToS-Precedence', (from: number) => from & 0x07],
    ['Bleach-some-ToS', (from: number) => (from >= 0x30 ? from : from & 0x07)],
    ['Bleach-low', (from: number) => from & 0x38],
    ['Bleach-some-low', (from: number) => (from >= 0x30 ? from : from & 0x38)],
    ['Re-mark-ToS', (from: number) => (from & 0x07) | 0x18],
    ['Re-mark-DSCP', () => 10],
  ])('%s is told from all 64 values', (name, becomes) => {
    const [first] = under(becomes)[0]!.split(' or ');
    expect(first).toBe(name);
  });

  it('a path that changes nothing has no name', () => {
    expect(under((from) => from)).toEqual([]);
  });

  it('one value alone fits several behaviours, and all are said', () => {
    expect(behaviours([{ from: 46, to: 0, packets: 5 }])).toEqual(['Bleach-DSCP or Re-mark-DSCP']);
  });

  it('paths that behave differently are named change by change', () => {
    const names = behaviours([
      { from: 46, to: 0, packets: 5 },
      { from: 46, to: 40, packets: 5 },
      { from: 46, to: 46, packets: 5 },
    ]);
    expect(names[0]).toMatch(/^Bleach-DSCP/);
    expect(names[1]).toMatch(/^Bleach-low/);
    expect(names[2]).toBe('unchanged');
  });
});
