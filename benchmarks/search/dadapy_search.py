"""DADApy's search and the half product, timed side by side in DADApy's own environment.

Takes a folder with x.npy, k and a number of rounds; leaves distances.npy and indices.npy there, and
prints the CPU and wall time of both.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

import numpy as np
from dadapy import Data
from threadpoolctl import threadpool_limits

from benchmarks.search.clocks import half_product, interleaved


def main() -> None:
    folder, k, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    x = np.load(folder / "x.npy")
    doubles = x.astype(np.float64)

    def search(points: np.ndarray) -> Data:
        data = Data(coordinates=points, n_jobs=1)
        data.compute_distances(maxk=k)
        return data

    calls = {"unit": lambda: half_product(x), "search": lambda: search(doubles)}
    with threadpool_limits(1), contextlib.redirect_stdout(sys.stderr):
        search(doubles[:1024])
        best = interleaved(calls, {"unit": rounds + 1, "search": rounds})
    data = best["search"].result
    np.save(folder / "distances.npy", data.distances)
    np.save(folder / "indices.npy", data.dist_indices)
    print(json.dumps([best["search"].seconds, best["unit"].seconds]))


if __name__ == "__main__":
    main()
