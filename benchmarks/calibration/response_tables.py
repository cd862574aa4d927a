"""Make the response curves that ship: what estimators read on sets of known dimension.

Writes src/dimscope/estimators/responses.csv.gz: for each method, family and number of points the
mean, the standard deviation and the 95 % band of the reading, as shares of the true dimension. One
neighbour search of each drawn set serves all methods. A draw depends on its family, N, dimension
and number alone; those made are kept in a folder, so that a run goes on where it was stopped. About
10 minutes on one core. With --fit nothing is drawn, and the table is made of the draws that are
there.
"""

from __future__ import annotations

import argparse
import gzip
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.shared.paths import ROOT
from dimscope.calibration.families import FAMILIES, PointFamily
from dimscope.calibration.simulation import DIMENSIONS, STATISTICS, Draws, fitted, readings
from dimscope.estimators import (
    MADA,
    MOM,
    Gride,
    LevinaBickel,
    MiNDMLk,
    NeighborEstimator,
    TwoNN,
    TwoNNBayes,
    TwoNNMLE,
)

TABLE = ROOT / "src" / "dimscope" / "estimators" / "responses.csv.gz"
METHODS: Mapping[str, NeighborEstimator] = {
    made.quantity.key: made
    for made in (
        TwoNN(),
        TwoNNMLE(),
        TwoNNBayes(),
        Gride(),
        Gride(n1=1),
        Gride(n1=4),
        Gride(n1=8),
        LevinaBickel(),
        LevinaBickel(n_neighbors=10),
        MOM(),
        MADA(),
        MiNDMLk(),
    )
}
#: Numbers of points, and draws of each family at each dimension.
N_DRAWS = {100: 24, 200: 20, 500: 12, 1_000: 8, 2_000: 6, 5_000: 3, 10_000: 2}
_SEED = 2026


def draw(family: PointFamily, n_samples: int) -> np.ndarray:
    """Readings (methods, dimensions, draws) on random members of a family."""
    place = list(FAMILIES).index(family)
    found = np.empty((len(METHODS), len(DIMENSIONS), N_DRAWS[n_samples]))
    for column, dimension in enumerate(DIMENSIONS):
        for number in range(found.shape[2]):
            rng = np.random.default_rng([_SEED, place, n_samples, dimension, number])
            read = readings(METHODS, family, dimension, n_samples, rng)
            found[:, column, number] = [read[name] for name in METHODS]
    return found


def draw_all(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for n_samples in N_DRAWS:
        for family in FAMILIES:
            path = folder / f"{family}_{n_samples}.npy"
            if path.exists():
                continue
            start = time.process_time()
            np.save(path, draw(family, n_samples))
            print(f"{family}, N = {n_samples}: {time.process_time() - start:.0f} s", flush=True)


def collected(folder: Path, family: str, method: str) -> Draws:
    """All draws of a family by one method."""
    parts: list[np.ndarray] = []
    for n_samples in N_DRAWS:
        kept = np.load(folder / f"{family}_{n_samples}.npy")[list(METHODS).index(method)]
        read = kept[:, : N_DRAWS[n_samples]]
        truth = np.broadcast_to(np.array(DIMENSIONS)[:, None], read.shape)
        parts.append(np.stack([truth, np.full(read.shape, n_samples), read]).reshape(3, -1))
    return Draws(*np.hstack(parts))


def write_table(folder: Path, out: Path) -> None:
    keys = ("method", "family", "n_samples", "n_draws", "statistic")
    lines = [",".join([*keys, *map(str, DIMENSIONS)])]
    for method in METHODS:
        for family in FAMILIES:
            curves = fitted(collected(folder, family, method), list(N_DRAWS))
            for n_samples, of_size in zip(N_DRAWS, curves, strict=True):
                for statistic, shares in zip(STATISTICS, of_size, strict=True):
                    key = [method, family, str(n_samples), str(N_DRAWS[n_samples]), statistic]
                    lines.append(",".join([*key, *(f"{share:.5g}" for share in shares)]))
    content = gzip.compress("\n".join([*lines, ""]).encode(), mtime=0)
    out.write_bytes(content)
    print(f"{out}: {len(lines)} lines, {len(content) / 1000:.0f} kB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=Path, required=True, help="the folder of the draws")
    parser.add_argument("--out", type=Path, default=TABLE)
    parser.add_argument("--fit", action="store_true", help="draw nothing")
    options = parser.parse_args()
    if not options.fit:
        draw_all(options.draws)
    write_table(options.draws, options.out)


if __name__ == "__main__":
    main()
