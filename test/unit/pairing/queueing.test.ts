/** Queueing over time. */
import { describe, expect, it } from 'vitest';
import { Totals } from '../../../src/pairing/accumulate.ts';
import { queueingBins } from '../../../src/pairing/queueing.ts';
import type { PairSamples } from '../../../src/pairing/types.ts';

const report = {
  offsetNs: 0n,
  agreeing: 0,
  common: 0,
  trimBytes: 64,
  comparesHash: true,
  extents: [null, null],
  differenceNs: [0n, 0n],
  flows: [0, 0],
  unkeyable: [0, 0],
  joined: [],
} as const;

function at(...seconds: number[]): PairSamples {
  const none = new Uint32Array(seconds.length);
  return {
    timeNs: Float64Array.from(seconds, (second) => second * 1e9),
    queueingNs: Float64Array.from(seconds, (second) => second * 1e6),
    ...{ clientFrame: none, serverFrame: none, flow: none, ipLenBytes: none },
  };
}

describe('bins of queueing', () => {
  it('are the same instants in both directions, and a silence is a bin without a quantile', () => {
    const totals = new Totals(report);
    totals.ways[1].seconds.sent.add(12);
    totals.ways[1].seconds.lost.set(12, 1);
    const [there, back] = queueingBins(totals, [at(3.5, 4.2, 9.9), at(4.5)], 1e9);
    const seconds = there.map(({ startNs }) => startNs / 1e9);
    expect(seconds).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(back.map(({ startNs }) => startNs / 1e9)).toEqual(seconds);
    expect(there.filter(({ p50Ns }) => p50Ns !== null).map(({ startNs }) => startNs / 1e9)).toEqual([
      3, 4, 9,
    ]);
    expect(there[6]).toMatchObject({ samples: 1, p50Ns: 9.9e6 });
    expect(back[9]).toMatchObject({ samples: 0, sent: 1, lost: 1, p50Ns: null, minNs: null });
  });

  it('are none where nothing was paired', () => {
    expect(queueingBins(new Totals(report), [at(), at()], 1e9)).toEqual([[], []]);
  });
});
