/** Our statistics against SciPy and NumPy, to 1e-9; the values and the script that made them lie beside this file. */
import { expect, test } from 'vitest';
import { incompleteBeta } from '../../../src/statistics/beta.ts';
import { cliffsDelta, kolmogorovSmirnov, wasserstein1 } from '../../../src/statistics/distance.ts';
import { clopperPearson } from '../../../src/statistics/binomial.ts';
import { upperQuantile, upperTail } from '../../../src/statistics/error-mixture.ts';
import { mannWhitney, normalUpperTail } from '../../../src/statistics/mann-whitney.ts';
import { benjaminiHochberg } from '../../../src/statistics/multiplicity.ts';
import { pelt, ranks, segmentCost } from '../../../src/statistics/pelt.ts';
import { harrellDavis, HarrellDavisTable, quantileType7 } from '../../../src/statistics/quantile.ts';
import { blockFacts, memoryWeights } from '../../../src/statistics/series-memory.ts';
import { hodgesLehmann, signFlipTwoSided, signFlipUpper } from '../../../src/statistics/sign-flip.ts';
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

test('single Harrell–Davis weights agree with differences of scipy.special.betainc', () => {
  for (const { n, p, value } of reference.harrell_davis_weights) {
    value.forEach((weight, k) => {
      const only = new Float64Array(n);
      only[k] = 1;
      expectClose(harrellDavis(only, p), weight);
    });
  }
});

test('Mann–Whitney agrees with scipy.stats.mannwhitneyu without continuity', () => {
  for (const { a, b, u, p } of reference.mann_whitney) {
    const found = mannWhitney(sorted(a), sorted(b));
    expectClose(found.u, u);
    expectClose(found.pValue, p);
  }
  for (const { z, value } of reference.normal_upper_tail) expectClose(normalUpperTail(z), value);
});

test('Clopper–Pearson agrees with scipy.stats.binomtest', () => {
  for (const { events, trials, level, low, high } of reference.clopper_pearson) {
    const found = clopperPearson(events, trials, level);
    expectClose(found[0], low);
    expectClose(found[1], high);
  }
});

test('PELT finds the optimum that trying every partition finds', () => {
  for (const { values, penalty, minimum, total, changes } of reference.pelt) {
    const found = pelt(values, { penalty, minimum });
    expect(found).toEqual(changes);
    const cost = segmentCost(values);
    const edges = [0, ...found, values.length];
    const ours = edges.slice(1).reduce((sum, to, i) => sum + cost(edges[i]!, to), penalty * found.length);
    expectClose(ours, total);
  }
  const sample = reference.samples[reference.ranks.sample as SampleName];
  ranks(sample).forEach((rank, i) => {
    expectClose(rank, reference.ranks.value[i]!);
  });
});

test('sign-flips agree with scipy.stats.permutation_test over all patterns', () => {
  for (const { values, two_sided, upper, hodges_lehmann } of reference.sign_flip) {
    expectClose(signFlipTwoSided(values), two_sided);
    expectClose(signFlipUpper(values), upper);
    expectClose(hodgesLehmann(values), hodges_lehmann);
  }
});

test('weights of memories agree with dense matrices, gaps included', () => {
  for (const { values, longest, tilt, value } of reference.series_memory) {
    const found = memoryWeights([values], { longest, tilt });
    expect(found.map(({ decay, noise }) => [decay, noise])).toEqual(
      value.map(({ decay, noise }) => [decay, noise]),
    );
    found.forEach(({ weight }, i) => {
      expectClose(weight, value[i]!.weight, 1e-8);
    });
  }
});

test('what correlated blocks are worth agrees with dense matrices', () => {
  for (const { decay, noise, steps, blocks, inflation, degrees } of reference.block_facts) {
    const found = blockFacts(decay, noise, steps, blocks);
    expectClose(found.inflation, inflation);
    expectClose(found.degreesOfFreedom, degrees);
  }
});

test('tails and quantiles of a mixture of t agree with scipy.stats.t', () => {
  const { components, tails, quantiles } = reference.error_mixture;
  for (const { x, value } of tails) expectClose(upperTail(components, x), value);
  for (const { tail, value } of quantiles) expectClose(upperQuantile(components, tail), value);
});
