import { describe, expect, test } from 'vitest';
import { fc } from '@fast-check/vitest';
import { autocorrelationTime } from '../../../src/statistics/autocorrelation.ts';
import { incompleteBeta } from '../../../src/statistics/beta.ts';
import { binLow, binMiddle, histogramBin, LogHistogram } from '../../../src/statistics/histogram.ts';
import { benjaminiHochberg } from '../../../src/statistics/multiplicity.ts';
import { harrellDavis, harrellDavisWeighted, HarrellDavisTable } from '../../../src/statistics/quantile.ts';
import { createRandom, multinomialWeights } from '../../../src/statistics/random.ts';
import { studentTCdf, studentTQuantile } from '../../../src/statistics/student-t.ts';

const duration = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

describe('the histogram', () => {
  test.each([
    [0, 0],
    [255, 255],
    [256, 256],
    [511, 511],
    [512, 512],
    [513, 512],
    [514, 513],
    [1024, 768],
    [2 ** 32, 256 * 25],
    [2 ** 53 - 1, 256 * 46 - 1],
  ])('puts %i into bin %i', (value, bin) => {
    expect(histogramBin(value)).toBe(bin);
  });

  test('a value lies in its bin and is read back within 1/512', () => {
    fc.assert(
      fc.property(duration, (value) => {
        const bin = histogramBin(value);
        expect(binLow(bin)).toBeLessThanOrEqual(value);
        expect(binLow(bin + 1)).toBeGreaterThan(value);
        expect(Math.abs(binMiddle(bin) - value)).toBeLessThanOrEqual(value / 512);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  test('merging is associative, commutative, and has the empty one as identity', () => {
    const make = (values: readonly number[]): LogHistogram => {
      const histogram = new LogHistogram();
      for (const value of values) histogram.add(value);
      return histogram;
    };
    const joined = (...parts: readonly (readonly number[])[]): unknown => {
      const histogram = make([]);
      for (const part of parts) histogram.merge(make(part));
      return histogram.sorted();
    };
    const list = fc.array(duration, { maxLength: 30 });
    fc.assert(
      fc.property(list, list, list, (a, b, c) => {
        const nested = make(a);
        const right = make(b);
        right.merge(make(c));
        nested.merge(right);
        expect(nested.sorted()).toEqual(joined(a, b, c));
        expect(joined(c, [], a, b)).toEqual(joined(a, b, c));
        expect(make([...a, ...b, ...c]).sorted()).toEqual(joined(a, b, c));
      }),
      { seed: 2 },
    );
  });

  test('an empty one has no quantile', () => {
    expect(new LogHistogram().quantile(0.5)).toBeNull();
  });
});

describe('Harrell–Davis', () => {
  test('lies within the sample and grows with p', () => {
    const values = fc.array(fc.integer({ min: 0, max: 1e9 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(values, (list) => {
        const sorted = Float64Array.from(list).sort();
        const [low, middle, high] = [0.1, 0.5, 0.9].map((p) => harrellDavis(sorted, p)!);
        expect(low).toBeGreaterThanOrEqual(sorted[0]! - 1e-3);
        expect(high).toBeLessThanOrEqual(sorted.at(-1)! + 1e-3);
        expect(middle).toBeGreaterThanOrEqual(low! - 1e-3);
        expect(high).toBeGreaterThanOrEqual(middle! - 1e-3);
      }),
      { seed: 3 },
    );
  });

  test('equal weights change nothing, and an integer weight is a repetition', () => {
    const sorted = [1, 2, 4, 8, 16];
    expect(harrellDavisWeighted(sorted, [3, 3, 3, 3, 3], 0.4)).toBeCloseTo(harrellDavis(sorted, 0.4)!, 12);
    const repeated = harrellDavis([1, 1, 2, 4, 8, 16, 16], 0.4)!;
    expect(harrellDavisWeighted(sorted, [2, 1, 1, 1, 2], 0.4, 7)).toBeCloseTo(repeated, 12);
  });

  test('the table agrees with the exact weighted form', () => {
    const random = createRandom(4);
    const sorted = Float64Array.from({ length: 500 }, () => random.below(1e8)).sort();
    const weights = multinomialWeights(random, new Float64Array(500));
    let total = 0;
    const cumulative = weights.map((w) => (total += w));
    for (const p of [0.1, 0.5, 0.95]) {
      const exact = harrellDavisWeighted(sorted, weights, p)!;
      const table = new HarrellDavisTable(500, p).evaluate(sorted, cumulative);
      expect(Math.abs(table / exact - 1)).toBeLessThan(1e-4);
    }
  });

  test('an empty sample has none', () => {
    expect(harrellDavis([], 0.5)).toBeNull();
    expect(harrellDavisWeighted([1], [0], 0.5)).toBeNull();
  });
});

describe('special functions', () => {
  test('I_x(a, b) = 1 − I_{1−x}(b, a)', () => {
    const shape = fc.double({ min: 0.3, max: 5000, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 20 }), shape, shape, (step, a, b) => {
        const x = step / 2 ** 20; // so that 1 − x is exact
        expect(Math.abs(incompleteBeta(x, a, b) + incompleteBeta(1 - x, b, a) - 1)).toBeLessThan(1e-9);
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  test('the t quantile undoes the t distribution', () => {
    for (const df of [1, 5, 30]) {
      for (const p of [0.01, 0.3, 0.5, 0.975])
        expect(studentTCdf(studentTQuantile(p, df), df)).toBeCloseTo(p, 12);
    }
  });

  test('arguments out of range are refused', () => {
    expect(() => incompleteBeta(0.5, 0, 1)).toThrow(RangeError);
    expect(() => studentTQuantile(1, 5)).toThrow(RangeError);
  });
});

describe('random draws', () => {
  test('a seed and a stream fix the draws for ever', () => {
    const random = createRandom(20261120, 'a');
    expect([random.nextUint32(), random.nextUint32(), random.nextUint32()]).toEqual(GOLDEN);
    expect(createRandom(20261120, 'b').nextUint32()).not.toBe(GOLDEN[0]);
    expect(createRandom(20261120 + 2 ** 32, 'a').nextUint32()).not.toBe(GOLDEN[0]);
  });

  test('are spread evenly', () => {
    const random = createRandom(1);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 20_000; i++) counts[random.below(10)]!++;
    const chi2 = counts.reduce((sum, c) => sum + (c - 2000) ** 2 / 2000, 0);
    expect(chi2).toBeLessThan(27.9); // 99.9 % point, 9 degrees of freedom
  });

  test('multinomial weights sum to n', () => {
    const weights = multinomialWeights(createRandom(2), new Float64Array(17));
    expect(weights.reduce((a, b) => a + b, 0)).toBe(17);
  });
});

describe('autocorrelation time', () => {
  function ar1(n: number, phi: number, seed: number): number[] {
    const random = createRandom(seed);
    const gauss = (): number =>
      Math.sqrt(-2 * Math.log(random.unit() + 1e-12)) * Math.cos(2 * Math.PI * random.unit());
    let x = gauss();
    return Array.from({ length: n }, () => (x = phi * x + Math.sqrt(1 - phi * phi) * gauss()));
  }

  test.each([
    [0, 1],
    [0.5, 3],
    [0.8, 9],
  ])('of a long AR(1) with φ = %f is near %i', (phi, truth) => {
    const { tau } = autocorrelationTime([ar1(4000, phi, 1), ar1(4000, phi, 2)])!;
    expect(Math.abs(tau / truth - 1)).toBeLessThan(0.25);
  });

  test('on hours of one, it is right on average although centred', () => {
    const taus = Array.from(
      { length: 200 },
      (_, i) => autocorrelationTime([ar1(64, 0.8, i), ar1(64, 0.8, 1000 + i)])!.tau,
    );
    const mean = taus.reduce((a, b) => a + b, 0) / taus.length;
    expect(mean).toBeGreaterThan(7.5);
    expect(mean).toBeLessThan(11);
  });

  test('skips gaps, and is null where nothing varies or little is there', () => {
    const holed = ar1(2000, 0.5, 3).map((v, i) => (i % 7 === 0 ? null : v));
    expect(Math.abs(autocorrelationTime([holed])!.tau / 3 - 1)).toBeLessThan(0.35);
    expect(autocorrelationTime([[1, 1, 1, 1, 1, 1, 1, 1, 1]])).toBeNull();
    expect(autocorrelationTime([[1, 2, 3]])).toBeNull();
    expect(autocorrelationTime([])).toBeNull();
  });
});

test('adjusted p-values skip what was not tested', () => {
  expect(benjaminiHochberg([0.01, null, 0.04])).toEqual([0.02, null, 0.04]);
  expect(benjaminiHochberg([])).toEqual([]);
});

/** From a second implementation of xoshiro128** with the same seeding, written from its definition. */
const GOLDEN = [90484597, 920082912, 2665861653];
