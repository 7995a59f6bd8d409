/** The interval of a difference of two ratios: against the paired t interval where both must agree, and at its edges. */
import { describe, expect, it } from 'vitest';
import { ratioDifference, type Unit } from '../../../src/statistics/ratio-difference.ts';

const unit = (first: number, second: number, trials = 1000): Unit => [
  { events: first, trials },
  { events: second, trials },
];

describe('a difference of two ratios', () => {
  it('is the paired t interval where all units bring as many trials', () => {
    // Shares 0.01, 0.02, 0.03 and 0.05, 0.07, 0.09: differences 0.04, 0.05, 0.06 with standard deviation 0.01.
    const difference = ratioDifference([unit(10, 50), unit(20, 70), unit(30, 90)], 0.99);
    expect(difference?.ratios[0]).toBeCloseTo(0.02, 12);
    expect(difference?.value).toBeCloseTo(0.05, 12);
    // t(0.995) with two degrees of freedom is 9.924843200918.
    expect(difference?.high).toBeCloseTo(0.05 + (9.924843200918 * 0.01) / Math.sqrt(3), 9);
    expect(difference?.low).toBeCloseTo(0.05 - (9.924843200918 * 0.01) / Math.sqrt(3), 9);
  });

  it('counts units by what they bring, and the influences sum to nothing', () => {
    const difference = ratioDifference([unit(10, 90), unit(0, 0, 1_000_000), unit(30, 70)], 0.95);
    expect(difference?.ratios[1]).toBeCloseTo(160 / 1_002_000, 12);
    expect(difference?.influences.reduce((sum, influence) => sum + influence, 0)).toBeCloseTo(0, 12);
  });

  it('of units that bring one class each goes by the smaller class', () => {
    const alone = (events: number, side: 0 | 1): Unit => {
      const tally = { events, trials: 1000 };
      return side === 0 ? [tally, { events: 0, trials: 0 }] : [{ events: 0, trials: 0 }, tally];
    };
    const first = [10, 20, 30, 40, 50, 60].map((events) => alone(events, 0));
    expect(ratioDifference([...first, alone(90, 1)], 0.95)).toBeNull();
    const two = ratioDifference([...first, alone(90, 1), alone(92, 1)], 0.95);
    // One degree of freedom: t(0.975) is 12.7062; the interval is wide although six units speak for the first class.
    expect((two?.high ?? 0) - (two?.low ?? 0)).toBeGreaterThan(2 * 12.7 * 0.006);
  });

  it('needs two units of each class', () => {
    expect(ratioDifference([], 0.95)).toBeNull();
    expect(ratioDifference([unit(1, 2)], 0.95)).toBeNull();
  });
});
