/** Steps of a clock under queues that remember: found, or said to be too small; and none where there is none. */
import { describe, expect, it } from 'vitest';
import { fitClock } from '../../../src/pairing/clock.ts';
import { delaysOf } from '../../generators/two-ended/delays.ts';
import type { QueuedPath } from '../../generators/two-ended/delays.ts';

const path = (seed: number, queueMs: number, more: Partial<QueuedPath> = {}): QueuedPath => ({
  seed,
  seconds: 120,
  hz: [30, 20],
  queueUs: [queueMs * 1000, queueMs * 1000],
  correlationSeconds: [4, 8],
  server: { offsetNs: 37e6, skewPpm: 20 },
  ...more,
});

/** Every other step is the client's, every other one back. */
const stepped = (seed: number, queueMs: number, ms: number): { atSeconds: number; given: QueuedPath } => {
  const atSeconds = 61.5 + (seed % 7) * 0.13;
  const steps = [{ atSeconds, deltaNs: (seed % 2 === 0 ? 1 : -1) * ms * 1e6 }];
  const given =
    seed % 4 < 2
      ? path(seed, queueMs, { server: { offsetNs: 37e6, skewPpm: 20, steps } })
      : path(seed, queueMs, { client: { steps } });
  return { atSeconds, given };
};

describe('clock steps under queues', () => {
  for (const [queueMs, ms, least] of [
    [0.5, 1, 12],
    [2, 1, 7],
    [2, 5, 12],
    [8, 5, 10],
    [8, 20, 12],
    [8, 500, 12],
  ] as const)
    it(`finds ${ms} ms under queues of ${queueMs} ms within a second, or says it could not, and no other`, () => {
      let [found, untold] = [0, 0];
      for (let seed = 1; seed <= 12; seed++) {
        const { atSeconds, given } = stepped(seed, queueMs, ms);
        const fit = fitClock(...delaysOf(given));
        expect(fit.steps.length, `seed ${seed}`).toBeLessThanOrEqual(1);
        const [step] = fit.steps;
        if (step === undefined) untold += fit.detectableNs! <= ms * 1e6 ? 1 : 0;
        else {
          // On the client's clock, which may itself have gone back.
          expect(Math.abs(step.atNs / 1e9 - atSeconds), `seed ${seed}`).toBeLessThanOrEqual(1 + ms / 1000);
          const isBack = seed % 2 === 0 ? 1 : -1;
          const delta = isBack * (seed % 4 < 2 ? 1 : -1) * ms * 1e6;
          expect(Math.abs(step.deltaNs - delta), `seed ${seed}`).toBeLessThanOrEqual(600_000);
          found += 1;
        }
      }
      expect(found).toBeGreaterThanOrEqual(least);
      // What is told holds for 99 % of all instants.
      expect(untold).toBeLessThanOrEqual(1);
    });

  it('invents none in eight hours of queues that fill, drain and stand', () => {
    for (let seed = 1; seed <= 48; seed++) {
      const queueMs = [0.5, 2, 8][seed % 3]!;
      const correlationSeconds = (
        [
          [4, 8],
          [1, 1],
          [30, 60],
        ] as const
      )[Math.floor(seed / 3) % 3]!;
      const hz = (
        [
          [10, 10],
          [30, 20],
          [2, 2],
        ] as const
      )[Math.floor(seed / 9) % 3]!;
      const fit = fitClock(...delaysOf(path(seed, queueMs, { seconds: 600, correlationSeconds, hz })));
      expect(fit.steps, `seed ${seed}`).toEqual([]);
    }
  });

  it('invents none in a day of sparse packets, and tells what it could have missed', () => {
    const fit = fitClock(
      ...delaysOf(path(3, 2, { seconds: 86_400, hz: [0.2, 0.2], correlationSeconds: [30, 60] })),
    );
    expect(fit.steps).toEqual([]);
    expect(fit.detectableNs!).toBeGreaterThan(700_000);
  });

  it('keeps packets that were under way at the step on their own side of it', () => {
    const steps = [{ atSeconds: 60, deltaNs: -200e6 }];
    const [there, back] = delaysOf(path(5, 0.5, { server: { steps }, hz: [200, 200] }));
    const fit = fitClock(there, back);
    // A packet on the wrong side would lie 200 ms below the floor of all others.
    expect(fit.floors[0].get(0)! + fit.floors[1].get(0)!).toBeGreaterThan(18e6);
    expect(fit.floors[0].get(0)! + fit.floors[1].get(0)!).toBeLessThan(21e6);
  });
});
