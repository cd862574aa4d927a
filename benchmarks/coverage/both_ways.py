"""How often intervals hold the dimension of the README's first example, over 30 draws.

Curvature raises what ratios of distances read there, and the small sample lowers it: the standard
errors include neither. ``python -m benchmarks.coverage.both_ways`` prints the table in a minute.
"""

from __future__ import annotations

import numpy as np

import dimscope as ds

DIMENSION = 4
N_DRAWS = 30
METHODS = ("two_nn", "two_nn_mle", "gride", "levina_bickel", "abide", "consensus")


def example(seed: int) -> np.ndarray:
    """Four dimensions, bent into 100."""
    rng = np.random.default_rng(seed)
    return np.sin(rng.normal(size=(2000, DIMENSION)) @ rng.normal(size=(DIMENSION, 100)))


def main() -> None:
    """Print the mean of each method, and how many of its intervals hold the dimension."""
    values: dict[str, list[float]] = {name: [] for name in METHODS}
    held = dict.fromkeys(METHODS, 0)
    for seed in range(N_DRAWS):
        for name, estimate in ds.estimate(example(seed), METHODS, errors="own").items():
            assert estimate.value is not None
            assert estimate.interval is not None
            low, high = estimate.interval
            values[name].append(estimate.value)
            held[name] += low <= DIMENSION <= high
    for name in METHODS:
        print(f"{name:15s} mean {np.mean(values[name]):.2f}, {held[name]} of {N_DRAWS} hold")


if __name__ == "__main__":
    main()
