"""Make the table of known sets that the consensus estimate compares data with.

Writes src/dimscope/estimators/consensus.csv: for each random set of `random_sets.py` its dimension,
the number of its points, what it is, and the readings of the consensus's members. Every row depends
on its seed alone, and rows that are there are kept, so that a run goes on where it was stopped;
about 20 minutes on one core. With --fit it makes no rows, but finds the most likely kernel for
those that are there, and prints how the consensus errs on each set when it is left out.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
import scipy.optimize

from benchmarks.calibration.random_sets import random_set
from benchmarks.shared.paths import ROOT
from dimscope.errors import InputError
from dimscope.estimators._shared.gaussian_process import Kernel, log_likelihood
from dimscope.estimators.consensus import KERNEL, N_ALIKE, READINGS, Consensus, known_sets, read
from dimscope.neighbors import NeighborGraph

TABLE = ROOT / "src" / "dimscope" / "estimators" / "consensus.csv"
COLUMNS = ("seed", "dimension", "n_samples", "family", *READINGS)
RANGES = ((1, 2), (2, 5), (5, 15), (15, 40), (40, 101))


def make_rows(n_sets: int, out: Path) -> None:
    known: set[int] = set()
    if out.exists():
        with out.open(encoding="utf-8", newline="") as file:
            known = {int(record["seed"]) for record in csv.DictReader(file)}
    with out.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if not known:
            writer.writerow(COLUMNS)
        for seed in sorted(set(range(n_sets)) - known):
            points, dimension, family = random_set(seed)
            try:
                graph = NeighborGraph.from_points(points, Consensus().n_neighbors_needed)
                readings = read(graph).numbers
            except InputError as error:
                print(f"set {seed} left out: {error}", file=sys.stderr)
                continue
            numbers = (f"{value:.5g}" for value in readings)
            writer.writerow([seed, dimension, len(points), family, *numbers])
            file.flush()


def most_likely_kernel() -> Kernel:
    process = known_sets().process
    targets = (process.targets - process.targets.mean()) / process.targets.std()

    def unlikely(logarithms: np.ndarray) -> float:
        return -log_likelihood(process.inputs, targets, Kernel(*np.exp(logarithms)))

    found = scipy.optimize.minimize(
        unlikely, np.log(KERNEL), method="Nelder-Mead", options={"xatol": 0.02, "fatol": 0.1}
    )
    return Kernel(*(float(f"{value:.3g}") for value in np.exp(found.x)))


def print_errors() -> None:
    known = known_sets()
    errors = known.process.left_out
    scatter = known.errors_around(known.process.alike_among_known(N_ALIKE))
    percent = 100 * np.abs(np.expm1(errors))
    two_nn = 100 * np.abs(np.expm1(known.member_errors[:, 0]))
    covered = np.abs(errors) < 1.96 * scatter
    print("dimensions  sets  TwoNN: mean error  consensus: mean  median  interval holds")
    for low, high in (*RANGES, (1, 101)):
        at = (known.dimensions >= low) & (known.dimensions < high)
        print(
            f"{low:4} to {high - 1:3}  {at.sum():5}  {two_nn[at].mean():15.1f} %"
            f"  {percent[at].mean():13.1f} %  {np.median(percent[at]):5.1f} %"
            f"  {covered[at].mean():12.1%}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=1_200)
    parser.add_argument("--out", type=Path, default=TABLE)
    parser.add_argument("--fit", action="store_true", help="the kernel and the errors, no rows")
    options = parser.parse_args()
    if not options.fit:
        make_rows(options.sets, options.out)
        return
    print_errors()
    print(most_likely_kernel())


if __name__ == "__main__":
    main()
