import { describe, expect, it } from 'vitest';
import { axisOf } from '../../../src/pairing/axis.ts';
import type { Points } from '../../../src/pairing/points.ts';

/** One packet every 20 ms; from `backAt` on the clock shows `backNs` less. In order of time, as points are. */
function points(count: number, backAt: number, backNs: number): Points {
  const rows = Array.from({ length: count }, (_, at) => ({
    frame: at + 1,
    time: at * 20e6 - (at >= backAt ? backNs : 0),
  })).sort((a, b) => a.time - b.time);
  return {
    timeNs: Float64Array.from(rows, ({ time }) => time),
    delayNs: Float64Array.from(rows, ({ frame }) => frame * 1000),
    clientFrame: Uint32Array.from(rows, ({ frame }) => frame),
    serverFrame: Uint32Array.from(rows, ({ frame }) => frame),
    path: new Uint32Array(count),
    source: Uint32Array.from(rows.keys()),
  };
}

const empty: Points = points(0, 0, 0);

describe('the axis of a clock', () => {
  it('is the clock where that was never set back', () => {
    const given = points(100, 100, 0);
    const { forward, clockNs } = axisOf(given, empty);
    expect(forward).toBe(given);
    expect(clockNs(7)).toBe(7);
  });

  it('goes on where the clock was set back, and knows what the clock showed', () => {
    const { forward, clockNs } = axisOf(points(200, 100, 400e6), empty);
    expect([...forward.clientFrame]).toEqual(Array.from({ length: 200 }, (_, at) => at + 1));
    expect([...forward.delayNs]).toEqual(Array.from({ length: 200 }, (_, at) => (at + 1) * 1000));
    const times = [...forward.timeNs];
    expect(times).toEqual([...times].sort((a, b) => a - b));
    // The last before and the first after are one instant: how long it was between them no clock says.
    expect(times[100]).toBe(times[99]);
    expect(clockNs(times[150]!)).toBe(150 * 20e6 - 400e6);
    expect(clockNs(times[50]!)).toBe(50 * 20e6);
  });

  it('leaves packets alone that a capture wrote out of order', () => {
    const given = points(100, 100, 0);
    given.clientFrame.set([31, 32, 30], 29);
    const { forward, clockNs } = axisOf(given, empty);
    expect([...forward.timeNs]).toEqual([...given.timeNs]);
    expect(clockNs(1e9)).toBe(1e9);
  });
});
