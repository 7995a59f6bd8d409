"""Writes reference.json: values of SciPy and NumPy that our statistics must agree with to 1e-9.

Run:  python -m venv V && V/bin/pip install scipy==1.17.1 numpy && V/bin/python make-reference.py > reference.json
The inputs are made by a small integer recurrence, so that no generator of either library matters.
"""

import json
import math

import numpy as np
import scipy
from scipy import optimize, special, stats
from scipy.stats import mstats


def integers(n, seed, spread):
    values, state = [], seed
    for _ in range(n):
        state = (state * 1103515245 + 12345) % 2**31
        values.append(20_000_000 + (state >> 8) % spread)
    return values


samples = {
    "small": integers(7, 1, 9_000_000),
    "even": integers(40, 2, 30_000_000),
    "large": integers(1500, 3, 80_000_000),
    "ties": [v - v % 1_000_000 for v in integers(200, 4, 12_000_000)],
}
pairs = [("small", "even"), ("even", "large"), ("ties", "large"), ("ties", "small")]
p_values = [0.8, 0.001, 0.03, 0.03, 0.2, 0.011, 0.5, 0.04, 1.0, 0.00001]

days = [[5.0, -1.0, 3.0, 4.0, 2.5, 6.0], [4.0, 1.0, 9.0, 2.0, 7.0, 3.0, -0.5, 1.25], [-2.0, 0.5, -3.0, 1.0, -4.0, 2.0, -1.0]]


def hd_weights(n, p):
    edges = special.betainc((n + 1) * p, (n + 1) * (1 - p), np.arange(n + 1) / n)
    return [float(w) for w in np.diff(edges)]


def best_partition(values, penalty, minimum):
    """Optimal partitioning without pruning: every start for every end, costs from the definition."""
    n = len(values)
    cost = lambda i, j: float(np.sum((np.array(values[i:j]) - np.mean(values[i:j])) ** 2))
    best = [(-penalty, [])] + [(math.inf, [])] * n
    for end in range(minimum, n + 1):
        for start in range(0, end - minimum + 1):
            total = best[start][0] + cost(start, end) + penalty
            if total < best[end][0]:
                best[end] = (total, best[start][1] + ([start] if start > 0 else []))
    return {"values": values, "penalty": penalty, "minimum": minimum, "total": best[n][0], "changes": best[n][1]}


def steps(n, seed, levels):
    noise = integers(n, seed, 1000)
    return [levels[i * len(levels) // n] + (noise[i] - 20_000_000) / 1000 for i in range(n)]


def restricted_log_likelihood(values, phi, noise):
    """Of an AR(1) with white noise, mean integrated out and scale profiled; by dense matrices, no filter."""
    present = np.array([i for i, v in enumerate(values) if v is not None])
    x = np.array([values[i] for i in present], dtype=float)
    x = (x - x.mean()) / x.std()
    v = (1 - noise) * phi ** np.abs(np.subtract.outer(present, present)) + (noise + 1e-9) * np.eye(len(x))
    inverse = np.linalg.inv(v)
    one = np.ones(len(x))
    information = one @ inverse @ one
    residual = x @ inverse @ x - (one @ inverse @ x) ** 2 / information
    return -0.5 * (np.linalg.slogdet(v)[1] + math.log(information) + (len(x) - 1) * math.log(residual))


def memory(values, longest, tilt, noises=(0, 0.2, 0.6)):
    decays = [0.5 * 2 ** (k / 2) for k in range(64) if 0.5 * 2 ** (k / 2) <= longest * 1.001]
    grid = [(d, s) for d in decays for s in noises]
    logs = np.array([restricted_log_likelihood(values, math.exp(-1 / d), s) - tilt * math.log(d) for d, s in grid])
    weights = np.exp(logs - logs.max())
    weights[weights < 1e-3] = 0
    weights /= weights.sum()
    return [{"decay": d, "noise": s, "weight": float(w)} for (d, s), w in zip(grid, weights) if w > 0]


def block_facts(decay, noise, n, blocks):
    phi = math.exp(-1 / decay)
    v = (1 - noise) * phi ** np.abs(np.subtract.outer(np.arange(n), np.arange(n))) + noise * np.eye(n)
    means = np.kron(np.eye(blocks), np.ones((1, n // blocks)) * blocks / n)
    centre = np.eye(blocks) - 1 / blocks
    m = centre @ means @ v @ means.T @ centre
    inflation = max(1, v.sum() / n**2 * blocks * (blocks - 1) / np.trace(m))
    return {
        "decay": decay, "noise": noise, "steps": n, "blocks": blocks,
        "inflation": float(inflation), "degrees": float(np.trace(m) ** 2 / np.trace(m @ m)),
    }


series = [(v - 20_000_000) / 1000 for v in integers(60, 5, 4000)]
slow = list(np.cumsum([v - 2000 for v in series]))
gappy = [None if i % 7 == 3 else v for i, v in enumerate(slow)]
mixture = [(0.5, 1.0, 9.3), (0.3, 2.5, 4.1), (0.2, 7.0, 2.2)]

reference = {
    "scipy": scipy.__version__,
    "numpy": np.__version__,
    "samples": samples,
    "betainc": [
        {"x": x, "a": a, "b": b, "value": float(special.betainc(a, b, x))}
        for a, b in [(0.5, 0.5), (2.5, 0.5), (1, 3), (5, 5), (40.2, 3.8), (120, 1100), (1500.5, 1500.5), (9000, 400)]
        for x in [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.957, 0.99]
    ],
    "t_quantile": [
        {"p": p, "df": df, "value": float(stats.t.ppf(p, df))}
        for df in [1, 2, 5, 6, 11, 39, 200]
        for p in [0.025, 0.05, 0.5, 0.9, 0.95, 0.975, 0.999]
    ],
    "t_upper_tail": [
        {"t": t, "df": df, "value": float(stats.t.sf(t, df))}
        for df in [1, 5, 11, 60]
        for t in [-3.2, -0.4, 0.0, 1e-6, 0.7, 2.5, 9.0]
    ],
    "harrell_davis": [
        {"sample": name, "p": p, "value": float(mstats.hdquantiles(np.array(v, dtype=float), [p])[0])}
        for name, v in samples.items()
        for p in [0.1, 0.5, 0.9, 0.95]
    ],
    "quantile_type_7": [
        {"sample": name, "p": p, "value": float(np.quantile(np.array(v, dtype=float), p, method="linear"))}
        for name, v in samples.items()
        for p in [0, 0.1, 0.5, 0.95, 1]
    ],
    "benjamini_hochberg": {
        "p": p_values,
        "value": [float(q) for q in stats.false_discovery_control(p_values, method="bh")],
    },
    "distances": [
        {
            "a": a,
            "b": b,
            "wasserstein_1": float(stats.wasserstein_distance(samples[a], samples[b])),
            "ks": float(stats.ks_2samp(samples[a], samples[b]).statistic),
            "cliffs_delta": float(
                np.sign(np.subtract.outer(np.array(samples[b]), np.array(samples[a]))).mean()
            ),
        }
        for a, b in pairs
    ],
    "harrell_davis_weights": [{"n": n, "p": p, "value": hd_weights(n, p)} for n, p in [(7, 0.5), (40, 0.95), (40, 0.1)]],
    "mann_whitney": [
        {"a": a, "b": b, "u": float(r.statistic), "p": float(r.pvalue)}
        for a, b in pairs
        for r in [stats.mannwhitneyu(samples[a], samples[b], method="asymptotic", use_continuity=False)]
    ],
    "clopper_pearson": [
        {"events": k, "trials": n, "level": level, "low": float(ci.low), "high": float(ci.high)}
        for k, n in [(0, 10), (1, 10), (5, 59), (50, 1000), (1000, 1000)]
        for level in [0.9, 0.95]
        for ci in [stats.binomtest(k, n).proportion_ci(confidence_level=level, method="exact")]
    ],
    "normal_upper_tail": [{"z": z, "value": float(stats.norm.sf(z))} for z in [-3.0, -0.5, 0.0, 0.3, 1.96, 2.9, 3.1, 6.0]],
    "pelt": [
        best_partition(steps(60, 6, [0, 0, 900]), 3e5, 5),
        best_partition(steps(48, 7, [0, 2000, 500, 2500]), 2e5, 4),
        best_partition(steps(30, 8, [0]), 1e6, 3),
    ],
    "ranks": {"sample": "ties", "value": [float(r) for r in stats.rankdata(samples["ties"])]},
    "sign_flip": [
        {
            "values": v,
            "two_sided": float(stats.permutation_test((v,), np.mean, permutation_type="samples", n_resamples=np.inf).pvalue),
            "upper": float(stats.permutation_test((v,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="greater").pvalue),
            "hodges_lehmann": float(np.median([(a + b) / 2 for i, a in enumerate(v) for b in v[i:]])),
        }
        for v in days
    ],
    "series_memory": [
        {"values": values, "longest": longest, "tilt": tilt, "value": memory(values, longest, tilt)}
        for values, longest, tilt in [(series, 64, 0.3), (slow, 64, 0.3), (gappy, 128, 0)]
    ],
    "block_facts": [block_facts(d, s, n, b) for d, s, n, b in [(5, 0, 60, 6), (20, 0.2, 60, 12), (0.5, 0.6, 180, 36), (64, 0, 180, 18)]],
    "error_mixture": {
        "components": [{"weight": w, "scale": s, "degreesOfFreedom": d} for w, s, d in mixture],
        "tails": [
            {"x": x, "value": float(sum(w * stats.t.sf(x / s, d) for w, s, d in mixture))} for x in [0.0, 0.5, 3.0, 20.0]
        ],
        "quantiles": [
            {"tail": tail, "value": float(optimize.brentq(lambda x: sum(w * stats.t.sf(x / s, d) for w, s, d in mixture) - tail, 0, 1000, xtol=1e-14))}
            for tail in [0.05, 0.025]
        ],
    },
}
print(json.dumps(reference, indent=1))
