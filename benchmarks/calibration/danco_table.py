"""Make the table of points on spheres that DANCo compares data with.

Writes src/dimscope/estimators/danco.csv: for each number of points and dimension the mean of the
three statistics over draws of at least 50,000 points together. Seeded by both numbers, so that a
row does not depend on the others. About 4 minutes on one core.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.shared.paths import ROOT
from dimscope.estimators.danco import SPHERES, TABLE_NEIGHBORS, TABLE_SAMPLES, on_sphere

TABLE = ROOT / "src" / "dimscope" / "estimators" / "danco.csv"


def row(n_samples: int, dimension: int, least_points: int) -> str:
    rng = np.random.default_rng([n_samples, dimension])
    draws = -(-least_points // n_samples)
    statistics = on_sphere(dimension, n_samples, TABLE_NEIGHBORS, rng, draws)
    return ",".join([str(n_samples), str(dimension), *(f"{value:.6g}" for value in statistics)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=50_000, help="least number of each row")
    parser.add_argument("--out", type=Path, default=TABLE)
    options = parser.parse_args()
    lines = ["n_samples,dimension,radial,direction,strength"]
    for n_samples in TABLE_SAMPLES:
        for dimension in SPHERES:
            lines.append(row(n_samples, dimension, options.points))
            print(lines[-1], flush=True)
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
