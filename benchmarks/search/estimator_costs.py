"""What every estimator takes beyond the neighbour search, and some of scikit-dimension beside ours.

10,000 points of 784 features with a power-law spectrum: each estimator, with its defaults, against
the search of the neighbours that it needs, in CPU time of one process. Estimators that take more
than their search are compared with scikit-dimension on fewer points, as many as it can do.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import dimscope as ds
from benchmarks.search.clocks import timed
from benchmarks.search.point_sets import CASES
from benchmarks.shared.discrete import DISCRETE
from dimscope.errors import DimscopeError
from dimscope.estimators import ESTIMATORS, NeighborEstimator

#: scikit-dimension's estimator, and the number of points that it is given.
PEERS = {"danco": ("DANCo", 500), "ess": ("ESS", 200), "mst_dimension": ("PH", 500)}


def points(n: int) -> np.ndarray:
    """The points of the search's benchmark, fewer of them."""
    case = next(case for case in CASES if case.name == "power-law-1")
    return replace(case, n=n).points()


def least(call: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """The least CPU and wall time of some calls."""
    clocks = [timed(call).seconds for _ in range(rounds)]
    return min(c.cpu for c in clocks), min(c.wall for c in clocks)


def cost_table(x: np.ndarray, names: Sequence[str], rounds: int) -> str:
    """CPU time of each estimator in units of the search of its neighbours."""
    searches: dict[int, tuple[ds.NeighborGraph, tuple[float, float]]] = {}
    lines = ["| estimator | neighbours | search, CPU s | estimate, CPU s | ratio |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for name in names:
        estimator = ESTIMATORS[name]()
        if not isinstance(estimator, NeighborEstimator):
            continue
        k = estimator.n_neighbors_needed
        if k not in searches:
            graph = ds.NeighborGraph.from_points(x, k)  # loads and compiles
            searches[k] = (
                graph,
                least(lambda k=k: ds.NeighborGraph.from_points(x, k), rounds),
            )
        graph, (search, _) = searches[k]
        try:
            estimator.estimate(graph)
        except DimscopeError as error:
            lines.append(f"| `{name}` | {k} | {search:.2f} | – ({error}) | – |")
            continue
        own, _ = least(lambda e=estimator, g=graph: e.estimate(g), rounds)
        lines.append(f"| `{name}` | {k} | {search:.2f} | {own:.2f} | {own / search:.2f} |")
    return "\n".join(lines)


def peer_table(names: Sequence[str]) -> str:
    """CPU time of ours, the search included, beside scikit-dimension's."""
    import skdim

    lines = ["| estimator | points | dimscope, CPU s | scikit-dimension, CPU s | ratio |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for name in names:
        if name not in PEERS:
            continue
        peer, n = PEERS[name]
        x = points(n)[:, :100]
        estimator = ESTIMATORS[name]()
        ours, _ = least(lambda e=estimator, x=x: e.fit(x), 2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = getattr(skdim.id, peer)()
            theirs, _ = least(lambda m=made, x=x: m.fit(x.astype(np.float64)), 1)
        lines.append(
            f"| `{name}`, {peer} | {n} x 100 | {ours:.3f} | {theirs:.1f} | {theirs / ours:.0f} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    known = [name for name in ESTIMATORS if name not in DISCRETE]
    parser.add_argument("--only", nargs="+", choices=known, default=known, metavar="NAME")
    parser.add_argument("--n-samples", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", action="store_true", help="scikit-dimension's times beside ours")
    options = parser.parse_args(arguments)
    print(cost_table(points(options.n_samples), options.only, options.rounds))
    if options.peers:
        print(f"\n{peer_table(options.only)}")


if __name__ == "__main__":
    main()
