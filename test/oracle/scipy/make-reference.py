"""Writes reference.json: values of SciPy and NumPy that our statistics must agree with to 1e-9.

Run:  python -m venv V && V/bin/pip install scipy==1.17.1 numpy && V/bin/python make-reference.py > reference.json
The inputs are made by a small integer recurrence, so that no generator of either library matters.
"""

import json

import numpy as np
import scipy
from scipy import special, stats
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
}
print(json.dumps(reference, indent=1))
