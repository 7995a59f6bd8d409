/** Figures of a direction from counts. */
import { describe, expect, it } from 'vitest';
import { Counts, Tally } from '../../../src/pairing/counts.ts';
import { blackHole, figuresOf } from '../../../src/pairing/direction.ts';
import { Samples } from '../../../src/pairing/samples.ts';

function counts(given: {
  matched: number;
  largest: number;
  lost: readonly (readonly [number, number])[];
}): Counts {
  const made = new Counts();
  made.matched = given.matched;
  made.largestArrivedBytes = given.largest;
  for (const [bytes, packets] of given.lost) {
    made.lostBySize.set(bytes, packets);
    made.lost += packets;
  }
  made.sent = made.matched + made.lost;
  return made;
}

describe('a black hole', () => {
  it('is claimed where everything larger is lost and nothing smaller', () => {
    expect(blackHole(counts({ matched: 500, largest: 1454, lost: [[1492, 20]] }))).toBe(1454);
  });

  it('is not claimed where chance loses as many of any size', () => {
    expect(
      blackHole(
        counts({
          matched: 50,
          largest: 1400,
          lost: [
            [600, 50],
            [1492, 3],
          ],
        }),
      ),
    ).toBeNull();
  });

  it('is not claimed on two packets, nor on segments that were not cut yet', () => {
    expect(blackHole(counts({ matched: 500, largest: 1454, lost: [[1492, 2]] }))).toBeNull();
    expect(blackHole(counts({ matched: 500, largest: 1454, lost: [[4396, 9]] }))).toBeNull();
  });
});

describe('figures', () => {
  it('leave out what the receiver’s capture missed, and are null where nothing was sent', () => {
    const made = counts({ matched: 90, largest: 100, lost: [[100, 5]] });
    made.dropsAtReceiver = 5;
    made.sent += 5;
    expect(figuresOf(made, null)).toMatchObject({
      sent: 100,
      lost: 5,
      loss_ratio: 5 / 95,
      queueing_p50_ns: null,
    });
    expect(figuresOf(undefined, null)).toMatchObject({
      sent: 0,
      loss_ratio: null,
      black_hole_above_bytes: null,
    });
  });

  it('count runs as they would one by one', () => {
    const tally = new Tally();
    for (const key of [1, 1, 2, 2, 2, 1, 3]) tally.add(key);
    expect([...tally.map].sort()).toEqual([
      [1, 3],
      [2, 3],
      [3, 1],
    ]);
  });
});

describe('samples', () => {
  it('are thinned evenly, the same whatever came before, within their bound', () => {
    const one = new Samples(1024);
    for (let frame = 1; frame <= 50_000; frame++)
      one.add({
        timeNs: frame,
        delayNs: 1,
        ipdvNs: NaN,
        clientFrame: frame,
        serverFrame: frame,
        flow: 0,
        ipLenBytes: 60,
      });
    expect(one.length).toBeLessThanOrEqual(1024);
    expect(one.length).toBeGreaterThan(300);
    expect(one.offered).toBe(50_000);
    const frames = [...one.clientFrame.subarray(0, one.length)];
    expect(frames.filter((frame) => frame <= 25_000).length / frames.length).toBeGreaterThan(0.4);
    expect(frames.filter((frame) => frame <= 25_000).length / frames.length).toBeLessThan(0.6);
    const other = new Samples(1024);
    for (let frame = 50_000; frame >= 1; frame--)
      other.add({
        timeNs: frame,
        delayNs: 1,
        ipdvNs: NaN,
        clientFrame: frame,
        serverFrame: frame,
        flow: 0,
        ipLenBytes: 60,
      });
    expect([...other.clientFrame.subarray(0, other.length)].sort((a, b) => a - b)).toEqual(
      frames.sort((a, b) => a - b),
    );
  });
});
