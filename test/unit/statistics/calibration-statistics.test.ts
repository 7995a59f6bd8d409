import { describe, expect, test } from 'vitest';
import { clopperPearson } from '../../../src/statistics/binomial.ts';
import { complementaryErrorFunction, mannWhitney } from '../../../src/statistics/mann-whitney.ts';
import {
  hodgesLehmann,
  signFlipTwoSided,
  signFlipUpper,
  walshInterval,
} from '../../../src/statistics/sign-flip.ts';

describe('paired days', () => {
  test('five days cannot reach .05, six can', () => {
    expect(signFlipTwoSided([1, 2, 3, 4, 5])).toBe(2 / 32);
    expect(signFlipTwoSided([1, 2, 3, 4, 5, 6])).toBe(2 / 64);
    expect(signFlipUpper([1, 2, 3, 4, 5, 6])).toBe(1 / 64);
    expect(signFlipUpper([-1, -2, -3, -4, -5, -6])).toBe(1);
  });

  test('days that cancel say nothing', () => {
    expect(signFlipTwoSided([3, -3, 2, -2])).toBe(1);
    expect(signFlipTwoSided([0, 0, 0])).toBe(1);
  });

  test('the estimate is the median of pairwise means, its interval at six days the whole range', () => {
    const days = [4, 1, 9, 2, 7, 3];
    expect(hodgesLehmann([1, 2, 6])).toBe(2.75);
    expect(hodgesLehmann([])).toBeNull();
    expect(walshInterval(days, 0.95)).toEqual([1, 9]);
    expect(walshInterval(days.slice(1), 0.95)).toBeNull();
    const [low, high] = walshInterval(days, 0.9)!;
    expect(low).toBeGreaterThan(1);
    expect(high).toBeLessThan(9);
  });
});

test('Clopper-Pearson at its known corners', () => {
  expect(clopperPearson(0, 10)).toEqual([0, expect.closeTo(1 - 0.025 ** 0.1, 12)]);
  expect(clopperPearson(10, 10)).toEqual([expect.closeTo(0.025 ** 0.1, 12), 1]);
});

test('Mann-Whitney counts pairs, ties half', () => {
  const a = [1, 2, 2, 5];
  const b = [2, 3, 4];
  const pairs = a.flatMap((x) => b.map((y): number => (x > y ? 1 : x === y ? 0.5 : 0)));
  expect(mannWhitney(a, b).u).toBe(pairs.reduce((x, y) => x + y, 0));
  expect(mannWhitney([1, 1], [1, 1]).pValue).toBe(1);
});

test('erfc on both branches', () => {
  expect(complementaryErrorFunction(0)).toBe(1);
  expect(complementaryErrorFunction(1)).toBeCloseTo(0.15729920705028513, 14);
  expect(complementaryErrorFunction(3)).toBeCloseTo(2.209049699858544e-5, 18);
  expect(complementaryErrorFunction(-1)).toBeCloseTo(1.8427007929497148, 14);
});
