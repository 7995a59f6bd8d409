/**
 * How long may a series remember? Not one number but weights over several: the posterior of a first-order autoregression
 * with white noise on top, observed at equal steps with gaps.
 *
 *   x_t = μ + σ·(√(1−s)·z_t + √s·e_t),   z_t = φ z_{t−1} + √(1−φ²)·e′_t,   φ = exp(−1/decay),   s = share of noise
 *
 * Likelihood by the Kalman filter, exact, with μ integrated out and σ profiled for each series alone (restricted maximum
 * likelihood: what centring on the mean would hide is counted). Decay and s are common to the series and weighed on a grid.
 * A short series leaves much weight on long memories. That is its use: an interval that averages over the weights is wide
 * where the series cannot exclude a slow swing, instead of trusting one estimate that is too small by half.
 */

export type GappySeries = readonly (number | null)[];

export interface MemoryPrior {
  /** Longest decay thought possible, in steps. */
  readonly longest: number;
  /** Weight of a decay is decay^(−tilt) on a grid that is even in its logarithm. */
  readonly tilt: number;
}

export interface MemoryWeight {
  /** Steps in which correlation falls to 1/e. */
  readonly decay: number;
  /** Share of the variance that is white noise. */
  readonly noise: number;
  /** Sum to 1 over all. */
  readonly weight: number;
}

const SHORTEST_DECAY = 0.5;
const NOISE_SHARES = [0, 0.2, 0.6] as const;
/** Below this share of the greatest weight nothing is kept. */
const NEGLIGIBLE = 1e-3;
const FEWEST_VALUES = 8;

/** Decays √2 apart up to the longest. */
function decayGrid(longest: number): number[] {
  const decays: number[] = [];
  for (let k = 0; k < 60; k++) {
    // Whole powers of two and one constant: no power function, whose last bit is not the same everywhere.
    const decay = SHORTEST_DECAY * (1 << (k >> 1)) * (k % 2 === 0 ? 1 : Math.SQRT2);
    if (decay > longest * 1.001) break;
    decays.push(decay);
  }
  return decays;
}

/** Ascending by decay, then noise. Series of fewer than eight values, or that never vary, leave the prior as it is. */
export function memoryWeights(series: readonly GappySeries[], prior: MemoryPrior): MemoryWeight[] {
  const usable = series.map(standardised).filter((values) => values !== null);
  const grid = decayGrid(prior.longest).flatMap((decay) => NOISE_SHARES.map((noise) => ({ decay, noise })));
  const logs = grid.map(({ decay, noise }) => {
    let log = -prior.tilt * Math.log(decay);
    for (const values of usable) log += restrictedLogLikelihood(values, Math.exp(-1 / decay), noise);
    return log;
  });
  const highest = Math.max(...logs);
  const weights = logs.map((log) => Math.exp(log - highest));
  const kept = weights.map((weight) => (weight < NEGLIGIBLE ? 0 : weight));
  const total = kept.reduce((sum, weight) => sum + weight, 0);
  return grid.flatMap((point, i) => (kept[i] === 0 ? [] : [{ ...point, weight: kept[i]! / total }]));
}

/** Mean 0 and variance 1, NaN for gaps; null where there is nothing to learn from. */
function standardised(values: GappySeries): Float64Array | null {
  let n = 0;
  let mean = 0;
  let squares = 0;
  for (const value of values) {
    if (value === null) continue;
    n++;
    const delta = value - mean;
    mean += delta / n;
    squares += delta * (value - mean);
  }
  if (n < FEWEST_VALUES || !(squares > 0)) return null;
  const scale = Math.sqrt(squares / n);
  return Float64Array.from(values, (value) => (value === null ? NaN : (value - mean) / scale));
}

function restrictedLogLikelihood(values: Float64Array, phi: number, noise: number): number {
  const drive = (1 - phi * phi) * (1 - noise);
  let variance = 1 - noise;
  // The filter is linear: it runs over the values and over a row of ones, and generalised least squares joins the two.
  let stateOfValues = 0;
  let stateOfOnes = 0;
  let logDeterminant = 0;
  let xx = 0;
  let x1 = 0;
  let ones = 0;
  let n = 0;
  for (const value of values) {
    if (!Number.isNaN(value)) {
      // A touch of noise always: a rounded series would otherwise be impossible under long memories.
      const spread = variance + noise + 1e-9;
      const ofValue = value - stateOfValues;
      const ofOne = 1 - stateOfOnes;
      logDeterminant += Math.log(spread);
      xx += (ofValue * ofValue) / spread;
      x1 += (ofValue * ofOne) / spread;
      ones += (ofOne * ofOne) / spread;
      const gain = variance / spread;
      stateOfValues += gain * ofValue;
      stateOfOnes += gain * ofOne;
      variance *= 1 - gain;
      n++;
    }
    stateOfValues *= phi;
    stateOfOnes *= phi;
    variance = phi * phi * variance + drive;
  }
  const residual = Math.max(1e-12, xx - (x1 * x1) / ones);
  return -0.5 * (logDeterminant + Math.log(ones) + (n - 1) * Math.log(residual));
}

export interface BlockFacts {
  /** True variance of the mean over what the spread of the block means suggests; at least 1. */
  readonly inflation: number;
  /** Degrees of freedom of that spread (Satterthwaite): fewer than blocks − 1 where blocks are correlated. */
  readonly degreesOfFreedom: number;
}

const known = new Map<string, BlockFacts>();

/** What `blocks` equal blocks of `steps` steps are worth under one memory. */
export function blockFacts(decay: number, noise: number, steps: number, blocks: number): BlockFacts {
  if (blocks < 2) return { inflation: 1, degreesOfFreedom: 1 };
  const key = `${decay} ${noise} ${steps} ${blocks}`;
  const stored = known.get(key);
  if (stored !== undefined) return stored;
  const phi = Math.exp(-1 / decay);
  const m = steps / blocks;
  const pure = 1 - noise;
  // Covariance of two block means by how many blocks lie between them.
  const geometric = (1 - phi ** m) / (1 - phi);
  const own = ((1 + phi) / (1 - phi) - (2 * phi * geometric) / (m * (1 - phi))) / m;
  const covariance = Array.from({ length: blocks }, (_, k) =>
    k === 0 ? pure * own + noise / m : (pure * phi ** ((k - 1) * m + 1) * geometric * geometric) / (m * m),
  );
  let trace = 0;
  let squares = 0;
  let sum = 0;
  let sumOfSquares = 0;
  for (let i = 0; i < blocks; i++) {
    let row = 0;
    for (let j = 0; j < blocks; j++) {
      const value = covariance[Math.abs(i - j)]!;
      row += value;
      squares += value * value;
    }
    trace += covariance[0]!;
    sum += row;
    sumOfSquares += row * row;
  }
  // Of the block means less their mean: C S C with C = I − 11′/n.
  const centredTrace = trace - sum / blocks;
  const centredSquares = squares - (2 * sumOfSquares) / blocks + (sum / blocks) ** 2;
  const facts: BlockFacts = {
    inflation: Math.max(1, ((sum / blocks) * (blocks - 1)) / centredTrace),
    degreesOfFreedom: Math.min(blocks - 1, (centredTrace * centredTrace) / centredSquares),
  };
  // Bounded: a run meets few shapes, a long-lived process may meet many.
  if (known.size >= 8192) known.clear();
  known.set(key, facts);
  return facts;
}
