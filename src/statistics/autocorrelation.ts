/**
 * Integrated autocorrelation time of one or several series observed at equal steps, with gaps.
 *
 *   τ_int = 1 + 2 Σ ρ_k,  the sum cut by Geyer's (1992) initial positive, monotone sequence of pairs ρ_2m + ρ_2m+1
 *
 * Series are pooled: each is centred on its own mean, then products are summed over all of them. Centring biases
 * every autocovariance down by the variance of the mean, about γ_0·τ/n; that is added back and τ solved again.
 */

export type GappySeries = readonly (number | null)[];

export interface AutocorrelationTime {
  /** In steps; ≥ 1. */
  readonly tau: number;
  /** Corrected autocorrelations that entered the sum, from lag 1. */
  readonly rho: readonly number[];
}

/** Pooled autocovariances at lags 0 … maxLag, each per available pair. */
function pooledAutocovariance(series: readonly GappySeries[], maxLag: number): number[] {
  const centred = series.map((values) => {
    const present = values.filter((v) => v !== null);
    const mean = present.reduce((sum, v) => sum + v, 0) / Math.max(1, present.length);
    return values.map((v) => (v === null ? null : v - mean));
  });
  const result: number[] = [];
  for (let lag = 0; lag <= maxLag; lag++) {
    let sum = 0;
    let pairs = 0;
    for (const values of centred) {
      for (let t = 0; t + lag < values.length; t++) {
        const now = values[t];
        const later = values[t + lag];
        if (now === null || now === undefined || later === null || later === undefined) continue;
        sum += now * later;
        pairs++;
      }
    }
    result.push(pairs === 0 ? 0 : sum / pairs);
  }
  return result;
}

function geyerSum(rho: readonly number[]): { tau: number; used: number } {
  // rho[0] = 1. Pairs (0,1), (2,3), …: positive, then not increasing.
  let tau = -1;
  let previous = Infinity;
  let used = 0;
  for (let m = 0; 2 * m + 1 < rho.length; m++) {
    const pair = Math.min(previous, rho[2 * m]! + rho[2 * m + 1]!);
    if (pair <= 0) break;
    tau += 2 * pair;
    previous = pair;
    used = 2 * m + 1;
  }
  return { tau: Math.max(1, tau), used };
}

/** Null when fewer than 8 values are there, or when nothing varies. */
export function autocorrelationTime(series: readonly GappySeries[]): AutocorrelationTime | null {
  const filled = series.filter((values) => values.some((v) => v !== null));
  const counts = filled.map((values) => values.filter((v) => v !== null).length);
  const n = counts.length === 0 ? 0 : counts.reduce((a, b) => a + b, 0) / counts.length;
  if (n < 8) return null;
  const longest = Math.max(...filled.map((values) => values.length));
  const maxLag = Math.max(1, Math.floor(longest / 3));
  const gamma = pooledAutocovariance(filled, maxLag);
  if (!(gamma[0]! > 0)) return null;
  const raw = gamma.map((g) => g / gamma[0]!);
  // A cut found on the raw series: with the constant added back, noise at long lags would never turn negative.
  const cut = geyerSum(raw).used;
  let tau = geyerSum(raw).tau;
  let rho = raw;
  for (let round = 0; round < 3; round++) {
    const lift = Math.min(0.5, tau / n);
    rho = raw.slice(0, Math.max(cut, 1) + 1).map((r, k) => (k === 0 ? 1 : r * (1 - lift) + lift));
    tau = geyerSum(rho).tau;
  }
  return { tau, rho: rho.slice(1) };
}
