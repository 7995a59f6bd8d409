/** Seeds of property tests: fixed in CI so that a red run can be repeated, free elsewhere so that runs keep looking. */
import type { Parameters } from 'fast-check';

const CI_SEED = 20_261_121;

function chosenSeed(): number {
  const given = process.env['LAGDIFF_TEST_SEED'];
  if (given !== undefined) return Number(given);
  return process.env['CI'] === undefined ? Date.now() & 0x7fff_ffff : CI_SEED;
}

const SEED = chosenSeed();
console.log(`property seed ${SEED} (repeat with LAGDIFF_TEST_SEED=${SEED})`);

/** `LAGDIFF_TEST_EFFORT=10` looks ten times as long. */
export function propertyOptions<T>(numRuns: number): Parameters<T> {
  const effort = Number(process.env['LAGDIFF_TEST_EFFORT'] ?? 1);
  return { seed: SEED, numRuns: Math.ceil(numRuns * effort), verbose: 1 };
}
