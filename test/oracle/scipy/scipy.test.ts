/** Our statistics against SciPy and NumPy, to 1e-9; the values and the script that made them lie beside this file. */
import { expect, test } from 'vitest';
import { incompleteBeta } from '../../../src/statistics/beta.ts';
import { cliffsDelta, kolmogorovSmirnov, wasserstein1 } from '../../../src/statistics/distance.ts';
import { benjaminiHochberg } from '../../../src/statistics/multiplicity.ts';
import { harrellDavis, HarrellDavisTable, quantileType7 } from '../../../src/statistics/quantile.ts';
import { studentTQuantile, studentTUpperTail } from '../../../src/statistics/student-t.ts';
import reference from './reference.json' with { type: 'json' };

type SampleName = keyof typeof reference.samples;
const sorted = (name: string): Float64Array =>
  Float64Array.from(reference.samples[name as SampleName]).sort();

/** Relative where the value is large, absolute near zero. */
function expectClose(actual: number | null, expected: number, tolerance = 1e-9): void {
  expect(actual).not.toBeNull();
  expect(Math.abs(actual! - expected)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(expected)));
}

test('the incomplete beta function agrees with scipy.special.betainc to 1e-12', () => {
  for (const { x, a, b, value } of reference.betainc) expectClose(incompleteBeta(x, a, b), value, 1e-12);
});

test('t quantiles and tails agree with scipy.stats.t', () => {
  for (const { p, df, value } of reference.t_quantile) expectClose(studentTQuantile(p, df), value);
  for (const { t, df, value } of reference.t_upper_tail) expectClose(studentTUpperTail(t, df), value);
});

test('Harrell–Davis quantiles agree with scipy.stats.mstats.hdquantiles', () => {
  for (const { sample, p, value } of reference.harrell_davis)
    expectClose(harrellDavis(sorted(sample), p), value);
});

test('tabulated Harrell–Davis weights stay within a thousandth of the exact ones', () => {
  for (const { sample, p, value } of reference.harrell_davis) {
    const values = sorted(sample);
    const cumulative = values.map((_, k) => k + 1);
    expectClose(new HarrellDavisTable(values.length, p).evaluate(values, cumulative), value, 1e-4);
  }
});

test('type 7 quantiles agree with numpy.quantile', () => {
  for (const { sample, p, value } of reference.quantile_type_7) {
    expectClose(quantileType7(sorted(sample), p), value);
  }
});

test('adjusted p-values agree with scipy.stats.false_discovery_control', () => {
  benjaminiHochberg(reference.benjamini_hochberg.p).forEach((q, i) => {
    expectClose(q, reference.benjamini_hochberg.value[i]!);
  });
});

test('distances agree with SciPy', () => {
  for (const row of reference.distances) {
    const a = sorted(row.a);
    const b = sorted(row.b);
    expectClose(wasserstein1(a, b), row.wasserstein_1);
    expectClose(kolmogorovSmirnov(a, b), row.ks);
    expectClose(cliffsDelta(a, b), row.cliffs_delta);
  }
});
