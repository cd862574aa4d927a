"""Speed of the exact neighbour search and of the spectrum, as ratios within one run.

Each line interleaves the candidates and divides the least CPU time of each by that of the
symmetric float32 half product (upper-triangle 1024 x 1024 tiles), the cost of which no exact
search by float32 products can undercut. `make bench` prints the table that docs/benchmarks.md
shows.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from sklearn.neighbors import NearestNeighbors

import dimscope as ds

CASES = (
    (5_000, 100, 10),
    (5_000, 784, 10),
    (5_000, 784, 100),
    (5_000, 4_096, 10),
    (1_000, 50_000, 10),
)
TILE = 1024


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
    rng = np.random.default_rng(0)
    print("| N, D, k | half product, CPU s | dimscope | scikit-learn, float64 | spectrum |")
    print("|---|---|---|---|---|")
    for n, d, k in CASES:
        x = rng.normal(size=(n, d)).astype(np.float32)
        peer = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(x.astype(np.float64))
        candidates: dict[str, Callable[[], object]] = {
            "half": lambda x=x: half_product(x),
            "dimscope": lambda x=x, k=k: ds.NeighborGraph.from_points(x, k),
            "sklearn": peer.kneighbors,
            "spectrum": lambda x=x: ds.Spectrum.from_points(x),
        }
        best = dict.fromkeys(candidates, np.inf)
        for _ in range(rounds):
            for name, call in candidates.items():
                best[name] = min(best[name], cpu_seconds(call))
        ratios = [best[name] / best["half"] for name in ("dimscope", "sklearn", "spectrum")]
        cells = [f"{n:,}, {d:,}, {k}", f"{best['half']:.2f}", *(f"{r:.1f}" for r in ratios)]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
