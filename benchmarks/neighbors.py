"""Speed of the exact neighbour search on one core, as ratios within one run.

Each line interleaves the candidates and divides the least CPU time of each by that of the
symmetric float32 half product (upper-triangle 1024 x 1024 tiles). `make bench` prints the table
that docs/benchmarks.md shows. "search" is the search alone; "in all" adds the check of every
value and the digests by which exact duplicates are found.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

import dimscope as ds
from dimscope.points import as_points

CASES = (
    ("Gaussian", 10_000, 100, 10),
    ("Gaussian", 10_000, 784, 10),
    ("Gaussian", 10_000, 784, 100),
    ("Gaussian", 6_000, 4_096, 10),
    ("Gaussian", 2_000, 50_000, 10),
    ("power law", 6_000, 4_096, 10),
    ("offset 1e4", 6_000, 784, 10),
    ("two far clusters", 6_000, 784, 10),
    ("one outlier at 1e9", 6_000, 784, 10),
    ("a tiny dense ball", 6_000, 784, 10),
)
TILE = 1024


def points_of(kind: str, n: int, d: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, d))
    if kind == "power law":  # eigenvalues fall as 1 / i, along random directions
        turn, _ = np.linalg.qr(rng.normal(size=(d, 256)))
        x = (x[:, :256] / np.sqrt(np.arange(1, 257))) @ turn.T
    elif kind == "offset 1e4":
        x += 1e4
    elif kind == "two far clusters":
        x *= 0.01
        x[: n // 2, 0] += 3
    elif kind == "one outlier at 1e9":
        x[0] *= 1e9
    elif kind == "a tiny dense ball":
        x[: 3 * n // 10] *= 1e-7
    return x.astype(np.float32)


def half_product(x: np.ndarray) -> None:
    for i in range(0, len(x), TILE):
        for j in range(i, len(x), TILE):
            x[i : i + TILE] @ x[j : j + TILE].T


def cpu_seconds(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    print("| data | N, D, k | half product, CPU s | search | in all | scikit-learn, float64 |")
    print("|---|---|---|---|---|---|")
    for kind, n, d, k in CASES:
        x = points_of(kind, n, d)
        scanned = as_points(x)
        _ = scanned.scan
        peer = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(x.astype(np.float64))
        candidates: dict[str, Callable[[], object]] = {
            "half": lambda x=x: half_product(x),
            "search": lambda p=scanned, k=k: ds.NeighborGraph.from_points(p, k, n_jobs=1),
            "all": lambda x=x, k=k: ds.NeighborGraph.from_points(x, k, n_jobs=1),
            "peer": peer.kneighbors,
        }
        best = dict.fromkeys(candidates, np.inf)
        with threadpool_limits(1):
            for _ in range(rounds):
                for name, call in candidates.items():
                    best[name] = min(best[name], cpu_seconds(call))
        ratios = [f"{best[name] / best['half']:.2f}" for name in ("search", "all", "peer")]
        print(
            f"| {kind} | {n:,}, {d:,}, {k} | {best['half']:.2f} | {' | '.join(ratios)} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
