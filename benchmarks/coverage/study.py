"""Do 95 % intervals hold the dimension in 95 % of draws, and are standard errors the scatter?

Draws sets of known dimension, estimates the dimension of each draw by many methods from one graph,
and appends each draw to benchmarks-output/intervals.csv, from which a later run goes on. A cell is
one set at one number of points. ``--draws 0.1`` makes a tenth of the draws, ``--only`` some of the
cells; ``--others`` draws for the methods that cost more, into a file of their own. ``--table``
draws nothing: it writes docs/coverage.md from both files.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import dimscope as ds
from benchmarks.coverage.tables import COLUMNS, write
from benchmarks.shared.paths import DOCS, OUTPUT
from benchmarks.shared.periodic_boxes import periodic_graph
from dimscope.errors import InputError
from dimscope.estimators import Estimator, neighbors_needed

SIZES = (500, 2000, 8000)
DRAWS, FEW_DRAWS = 2000, 200

#: By the name in the table. These cost little beside the search.
CHEAP: Mapping[str, Estimator] = {
    "two_nn": ds.TwoNN(),
    "two_nn_mle": ds.TwoNNMLE(),
    "gride, n1 = 1": ds.Gride(n1=1),
    "gride, n1 = 2": ds.Gride(n1=2),
    "gride, n1 = 4": ds.Gride(n1=4),
    "levina_bickel, k = 10": ds.LevinaBickel(n_neighbors=10),
    "levina_bickel, k = 20": ds.LevinaBickel(n_neighbors=20),
}

#: Where a set has no points, those that need none.
OTHERS: Mapping[str, Estimator] = {
    "gride, n1 = 16": ds.Gride(n1=16),
    "levina_bickel, k = 50": ds.LevinaBickel(n_neighbors=50),
    "mom": ds.MOM(),
    "mada": ds.MADA(),
    "mind_mlk": ds.MiNDMLk(),
    "binomial": ds.Binomial(),
    "correlation_integral": ds.CorrelationIntegral(),
    "tle": ds.TLE(),
    "mst_dimension": ds.MSTDimension(),
    "knn_graph_dimension": ds.KNNGraphDimension(),
    "danco": ds.DANCo(),
    "participation_ratio": ds.ParticipationRatio(),
}


class Cell(NamedTuple):
    """One set, of one dimension, at one number of points."""

    set_name: str
    dimension: int
    n_samples: int


def periodic(dimension: int, n: int, k: int, rng: np.random.Generator) -> ds.NeighborGraph:
    """Evenly on a flat torus, with its own distances."""
    return periodic_graph(rng.random((n, dimension)), k)


def embedded(name: str, **more: Any) -> Callable[..., ds.NeighborGraph]:
    """A manifold of that name, with the distances of the space it lies in."""

    def graph(dimension: int, n: int, k: int, rng: np.random.Generator) -> ds.NeighborGraph:
        points = ds.make_manifold(name, dimension=dimension, **more).sample(n, rng=rng)
        return ds.NeighborGraph.from_points(points, k, n_jobs=1)

    return graph


SETS: Mapping[str, Callable[..., ds.NeighborGraph]] = {
    "flat torus": periodic,
    "sphere": embedded("sphere"),
    "gaussian": embedded("gaussian"),
    "cube": embedded("cube"),
    "waves": embedded("random_waves", ambient_dimension=50),
}
DIMENSIONS: Mapping[str, tuple[int, ...]] = {
    "flat torus": (1, 2, 5, 10, 20),
    "sphere": (1, 2, 5, 10, 20),
    "gaussian": (2, 5, 10, 20),
    "cube": (2, 5, 10, 20),
    "waves": (2, 5, 10, 20),
}


def cells() -> list[Cell]:
    """All cells, those that cost least first."""
    return [Cell(name, d, n) for n in SIZES for name in SETS for d in DIMENSIONS[name]]


def estimates(
    cell: Cell, draw: int, methods: Mapping[str, Estimator]
) -> Iterable[tuple[str, ds.DimensionEstimate]]:
    """The estimates of one draw, whose seed is the cell and its number."""
    rng = np.random.default_rng(
        [list(SETS).index(cell.set_name), cell.dimension, cell.n_samples, draw]
    )
    graph = SETS[cell.set_name](
        cell.dimension, cell.n_samples, neighbors_needed(methods.values()), rng
    )
    for name, method in methods.items():
        try:
            yield name, ds.estimate(graph, method)
        except InputError:  # it needs points where there are none, or longer lists
            continue


def row(cell: Cell, draw: int, name: str, found: ds.DimensionEstimate) -> list[Any]:
    numbers = (found.value, found.stderr, *(found.interval or (None, None)))
    return [*cell, draw, name, *("" if v is None else f"{v:.6g}" for v in numbers)]


def draws_done(path: Path) -> dict[Cell, int]:
    """The draws of each cell that the file holds whole; draws are written one after the other."""
    if not path.exists():
        return {}
    columns = ["set", "dimension", "n_samples", "draw"]
    held = pd.read_csv(path, usecols=columns).groupby(columns[:3])["draw"].max() + 1
    return {Cell(*key): int(n) for key, n in held.items()}


def run(chosen: list[Cell], methods: Mapping[str, Estimator], wanted: int, path: Path) -> None:
    """Make the draws that the file lacks, each appended as soon as it is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done = draws_done(path)
    start, made = time.monotonic(), 0
    n_all = sum(wanted - min(done.get(cell, 0), wanted) for cell in chosen)
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if not file.tell():
            writer.writerow(COLUMNS)
        for cell in chosen:
            for draw in range(done.get(cell, 0), wanted):
                writer.writerows(
                    [row(cell, draw, *found) for found in estimates(cell, draw, methods)]
                )
                file.flush()
                made += 1
                if sys.stderr.isatty():
                    rest = (time.monotonic() - start) / made * (n_all - made)
                    print(f"\r{made} of {n_all}, {rest:.0f} s left ", end="", file=sys.stderr)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=float, default=1.0, help="share of the draws to make")
    parser.add_argument("--only", nargs="*", help="set:dimension:n_samples, * for any")
    parser.add_argument("--others", action="store_true", help="the methods that cost more")
    parser.add_argument("--table", action="store_true", help="write docs/coverage.md, draw nothing")
    parser.add_argument("--out", type=Path, default=OUTPUT, help="folder of the draws")
    options = parser.parse_args(arguments)
    files = options.out / "intervals.csv", options.out / "intervals-others.csv"
    if options.table:
        write(
            pd.concat([pd.read_csv(f) for f in files if f.exists()]),
            DOCS / "coverage.md",
            list(CHEAP),
        )
        return
    methods, most = (OTHERS, FEW_DRAWS) if options.others else (CHEAP, DRAWS)
    chosen = [cell for cell in cells() if matches(cell, options.only)]
    run(chosen, methods, max(1, round(most * options.draws)), files[options.others])


def matches(cell: Cell, patterns: list[str] | None) -> bool:
    """Whether a cell is among those that were asked for."""
    if not patterns:
        return True
    return any(
        all(want in {"*", str(have)} for want, have in zip(p.split(":"), cell, strict=True))
        for p in patterns
    )


if __name__ == "__main__":
    main()
