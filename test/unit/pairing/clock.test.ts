/** The clock of two ends, from delays whose truth is injected. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitClock } from '../../../src/pairing/clock.ts';
import { drift } from '../../../src/pairing/course.ts';
import type { Points } from '../../../src/pairing/points.ts';
import { commonLowerSlope, lowerHull } from '../../../src/statistics/hull.ts';
import { createRandom } from '../../../src/statistics/random.ts';
import { propertyOptions } from '../../helpers/seed.ts';

interface Truth {
  readonly seed: number;
  readonly seconds: number;
  readonly skewPpm: number;
  readonly offsetNs: number;
  readonly stepNs: number;
  readonly stepAtSecond: number;
  readonly baseNs: readonly [number, number];
  readonly queueNs: number;
}

/** 20 packets a second each way; queues are exponential, so floors are reached. */
function delays(truth: Truth, way: 0 | 1): Points {
  const random = createRandom(truth.seed * 2 + way);
  const count = truth.seconds * 20;
  const timeNs = new Float64Array(count);
  const delayNs = new Float64Array(count);
  for (let at = 0; at < count; at++) {
    const time = at * 50e6 + way * 11e6;
    const step = time >= truth.stepAtSecond * 1e9 ? truth.stepNs : 0;
    const theta = truth.offsetNs + (truth.skewPpm * time) / 1e6 + step;
    const queue = -Math.log(1 - random.unit()) * truth.queueNs;
    timeNs[at] = time;
    delayNs[at] = truth.baseNs[way] + queue + (way === 0 ? theta : -theta);
  }
  // Both ends see all packets at the same instants here, so their order is that of time at either end.
  const frames = Uint32Array.from(timeNs, (time) => Math.round(time / 1e6) + 1);
  return {
    timeNs,
    delayNs,
    clientFrame: frames,
    serverFrame: frames,
    path: new Uint32Array(count),
    source: Uint32Array.from(timeNs.keys()),
  };
}

const truths = fc.record({
  seed: fc.integer({ min: 1, max: 1 << 30 }),
  seconds: fc.constant(300),
  skewPpm: fc.double({ min: -50, max: 50, noNaN: true }),
  offsetNs: fc.integer({ min: -50_000_000, max: 50_000_000 }),
  stepNs: fc.constant(0),
  stepAtSecond: fc.constant(Infinity),
  baseNs: fc.tuple(
    fc.integer({ min: 2_000_000, max: 40_000_000 }),
    fc.integer({ min: 2_000_000, max: 40_000_000 }),
  ),
  queueNs: fc.integer({ min: 50_000, max: 3_000_000 }),
});

describe('the clock of two ends', () => {
  it('holds the true offset in its interval, whatever the asymmetry, and finds the skew', () => {
    fc.assert(
      fc.property(truths, (truth) => {
        const fit = fitClock(delays(truth, 0), delays(truth, 1));
        const atTruth = truth.offsetNs + (truth.skewPpm * fit.atNs) / 1e6;
        expect(fit.lowNs!).toBeLessThanOrEqual(atTruth + 1);
        expect(fit.highNs!).toBeGreaterThanOrEqual(atTruth - 1);
        // The queue's mean over ten seconds' worth of packets is what a floor can be off by.
        const grain = truth.queueNs / 100;
        expect(Math.abs(fit.highNs! - fit.lowNs! - truth.baseNs[0] - truth.baseNs[1])).toBeLessThan(
          10 * grain + 100_000,
        );
        expect(Math.abs(fit.skew * 1e6 - truth.skewPpm)).toBeLessThan(0.05 + truth.queueNs / 3e6);
        expect(fit.steps).toEqual([]);
      }),
      propertyOptions(25),
    );
  });

  it('finds a step with its sign, its size and its second', () => {
    fc.assert(
      fc.property(
        truths,
        fc.integer({ min: 1, max: 500 }),
        fc.boolean(),
        fc.integer({ min: 40, max: 260 }),
        (base, ms, isBack, second) => {
          const truth = {
            ...base,
            queueNs: 200_000,
            stepNs: ms * (isBack ? -1e6 : 1e6),
            stepAtSecond: second,
          };
          const fit = fitClock(delays(truth, 0), delays(truth, 1));
          expect(fit.steps.length).toBe(1);
          expect(Math.abs(fit.steps[0]!.atNs - second * 1e9)).toBeLessThan(1e9);
          expect(Math.abs(fit.steps[0]!.deltaNs - truth.stepNs)).toBeLessThan(100_000);
          expect(
            Math.abs(drift(fit, 280e9) - drift(fit, 20e9) - truth.stepNs - truth.skewPpm * 260e3),
          ).toBeLessThan(300_000);
        },
      ),
      propertyOptions(25),
    );
  });

  it('mirrors: the ends exchanged, the offset and the skew change their sign', () => {
    fc.assert(
      fc.property(truths, (truth) => {
        const [there, back] = [delays(truth, 0), delays(truth, 1)];
        const [one, other] = [fitClock(there, back), fitClock(back, there)];
        expect(other.skew).toBeCloseTo(-one.skew, 10);
        expect(other.lowNs!).toBeCloseTo(-one.highNs!, 0);
        expect(other.highNs!).toBeCloseTo(-one.lowNs!, 0);
      }),
      propertyOptions(10),
    );
  });

  it('takes a queue that builds in one direction for a drift, not for a skew without doubt', () => {
    const truth: Truth = {
      seed: 5,
      seconds: 300,
      skewPpm: 0,
      offsetNs: 0,
      stepNs: 0,
      stepAtSecond: Infinity,
      baseNs: [8e6, 8e6],
      queueNs: 100_000,
    };
    const there = delays(truth, 0);
    const ramp = { ...there, delayNs: there.delayNs.map((delay, at) => delay + there.timeNs[at]! / 1e5) };
    const fit = fitClock(ramp, delays(truth, 1));
    expect(fit.skewDoubt).toBeGreaterThanOrEqual(Math.abs(fit.skew) * 0.99);
    expect(fit.skewDoubt * 1e6).toBeGreaterThan(4);
  });

  it('leaves the skew unidentified when one direction is missing', () => {
    const truth = {
      seed: 1,
      seconds: 60,
      skewPpm: 20,
      offsetNs: 0,
      stepNs: 0,
      stepAtSecond: Infinity,
    } as const;
    const there = delays({ ...truth, baseNs: [1e6, 1e6], queueNs: 1e5 }, 0);
    const none = {
      timeNs: new Float64Array(0),
      delayNs: new Float64Array(0),
      clientFrame: new Uint32Array(0),
      serverFrame: new Uint32Array(0),
      path: new Uint32Array(0),
      source: new Uint32Array(0),
    };
    const fit = fitClock(there, none);
    expect(fit.unidentified).toMatch(/one direction/);
    expect(fit.skew).toBe(0);
    expect(fit.lowNs).toBeNull();
  });
});

describe('lower hulls', () => {
  const points = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 1000 })), {
      minLength: 3,
      maxLength: 60,
    })
    .map((list) => {
      const sorted = [...new Map(list).entries()].sort((a, b) => a[0] - b[0]);
      return { x: sorted.map(([x]) => x), y: sorted.map(([, y]) => y) };
    });

  it('lie below every point', () => {
    fc.assert(
      fc.property(points, ({ x, y }) => {
        const corners = lowerHull(x, y, x.length);
        for (let index = 1; index < corners.length; index++) {
          const [a, b] = [corners[index - 1]!, corners[index]!];
          for (let at = a; at <= b; at++) {
            const line = y[a]! + ((y[b]! - y[a]!) * (x[at]! - x[a]!)) / (x[b]! - x[a]!);
            expect(y[at]!).toBeGreaterThanOrEqual(line - 1e-9);
          }
        }
      }),
      propertyOptions(100),
    );
  });

  it('give the slope that no other beats, tried one by one', () => {
    fc.assert(
      fc.property(fc.array(points, { minLength: 1, maxLength: 4 }), (given) => {
        const groups = given.filter(({ x }) => x.length >= 8);
        const slope = commonLowerSlope(groups, 100, 1e9);
        fc.pre(slope !== null);
        const cost = (value: number): number =>
          groups.reduce((sum, { x, y }) => {
            const rest = x.map((at, index) => y[index]! - value * at);
            const floor = Math.min(...rest);
            return sum + rest.reduce((total, one) => total + one - floor, 0);
          }, 0);
        const best = cost(slope);
        for (let value = -100; value <= 100; value += 0.5)
          expect(best).toBeLessThanOrEqual(cost(value) + 1e-3);
      }),
      propertyOptions(100),
    );
  });
});
