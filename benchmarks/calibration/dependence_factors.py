"""Measure the factors of `estimators/_shared/dependence.py` again, on points in periodic boxes.

Prints, by family, dimension and place, the scatter of the estimates over the error that independent
points would have, and the factor of the table. Seeded; about 20 minutes on one core at 600 draws.
"""

from __future__ import annotations

import argparse

import numpy as np

import dimscope as ds
from benchmarks.shared.periodic_boxes import periodic_graph
from dimscope.estimators._shared.dependence import DEPENDENCE, dependence

#: Made for the ranks and shares of the tables; TwoNN's place is the share of ratios that it fits.
MADE = {
    "two_nn": lambda share: ds.TwoNN(discard_fraction=1 - share),
    "gride": lambda rank: ds.Gride(n1=rank // 2),
    "levina_bickel": lambda rank: ds.LevinaBickel(n_neighbors=rank),
    "mom": lambda rank: ds.MOM(n_neighbors=rank),
    "mada": lambda rank: ds.MADA(n_neighbors=rank),
    "mind_mlk": lambda rank: ds.MiNDMLk(n_neighbors=rank),
    "binomial": lambda rank: ds.Binomial(n_neighbors=rank),
}
SIZES = {1: 1000, 2: 1000, 5: 1000, 10: 3000}


def factors(dimension: int, draws: int) -> dict[tuple[str, float], float]:
    """The scatter over the error of independent points, for each entry of a dimension."""
    rng = np.random.default_rng([dimension, SIZES[dimension]])
    entries = [(family, place) for family in MADE for place in DEPENDENCE[family].places]
    found: dict[tuple[str, float], list[tuple[float, float]]] = {entry: [] for entry in entries}
    for _ in range(draws):
        graph = periodic_graph(rng.random((SIZES[dimension], dimension)), 64)
        for family, place in entries:
            estimate = MADE[family](place).estimate(graph)
            independent = estimate.stderr / dependence(family, place, estimate.value)
            found[family, place].append((estimate.value, independent))
    return {
        entry: float(np.std([v for v, _ in pairs], ddof=1) / np.mean([e for _, e in pairs]))
        for entry, pairs in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=600)
    options = parser.parse_args()
    print("family,dimension,place,measured,table")
    for dimension in SIZES:
        for (family, place), measured in factors(dimension, options.draws).items():
            held = dependence(family, place, dimension)
            print(f"{family},{dimension},{place:g},{measured:.2f},{held:.2f}", flush=True)


if __name__ == "__main__":
    main()
