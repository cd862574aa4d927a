"""Dimension against scale in three ways: wider ratios, fewer points, pairs within a radius."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from dimscope._deprecated import renamed_parameters
from dimscope._parameters import checked_parameters
from dimscope._rng import Rng, seed_of
from dimscope.errors import InputError, or_reason
from dimscope.estimators._shared.checks import check_open_interval
from dimscope.estimators._shared.even_spacing import spacing_notes
from dimscope.estimators._shared.notes import graph_notes
from dimscope.estimators.correlation_dimension import CorrelationDimension
from dimscope.estimators.gride import Gride
from dimscope.estimators.two_nn import TwoNN
from dimscope.measurement import Representation, Search, nested_blocks
from dimscope.neighbors import (
    Duplicates,
    LocalEngine,
    Metric,
    NeighborGraph,
    Neighbors,
    NeighborSource,
    Resources,
    thinned,
)
from dimscope.points import Points
from dimscope.results import DimensionEstimate, Note, ScaleCurve
from dimscope.results.scales import (
    TOLERANCE,
    Plateau,
    ScaleCurves,
    find_plateau,
    mean_within,
    why_no_plateau,
)

_N_NEIGHBORS = 128  # ranks known from the search; larger ones take one more pass
_MOST_RANK = 1_024
_MOST_BLOCKS = 32


@renamed_parameters(device="search_device", seed="rng")
@checked_parameters
def scale_curve(  # noqa: PLR0913 - all but the points have defaults
    x: Any,
    *,
    n2_max: int | None = None,
    tolerance: float = TOLERANCE,
    metric: Metric = "euclidean",
    duplicates: Duplicates = "first",
    near_copies: Duplicates = "first",
    groups: Any = None,
    n_jobs: int | None = None,
    search_device: str | None = None,
    rng: Rng = 0,
) -> ScaleCurves:
    """The dimension of an array at every scale that its points resolve, and where it settles.

    Three ways to change the scale, each with its own assumptions, side by side: Gride's ratios
    r_2n / r_n of all points for n = 1, 2, 4, ... (Denti et al. 2022); TwoNN on disjoint random
    blocks of N, N/2, N/4, ... points, averaged over the blocks (Facco et al. 2017), the only one
    that leans on no more than two neighbours; and the local slopes of the correlation integral
    between the median distances to the n-th and 2n-th neighbour (Grassberger and Procaccia 1983).

    The plateau is the longest range of scales, in ln r, on which Gride's values agree to
    ``tolerance`` or within their errors (see `dimscope.results.find_plateau`). Below it lie noise
    and the coarseness of the sample, above it curvature and edges. Where there is none, no single
    number describes the data at this N, and the verdict says what the dimension does instead; a
    dimension above about 10 hardly ever has one at ordinary N, since the edges are near every
    point. Sets of several dimensions can have a plateau, at an average: look at local estimates.
    Where the other two methods differ on the plateau by more than the tolerance, a note says so.

    Cost: a neighbour search, one more pass over all pairs for the ranks beyond 128, and one for
    the pairs within the radii.

    Parameters
    ----------
    x
        Shape (n_samples, n_features): array, tensor, data frame or array on disk; or a
        `NeighborGraph`, which is used as it is.
    n2_max
        Largest neighbour rank; by default half of the points, at most 1,024.
    tolerance
        Share by which the dimension may change along a plateau, between 0 and 1.
    metric, duplicates, near_copies, n_jobs, search_device
        As in `NeighborGraph.from_points`; a graph ignores them.
    groups
        Which rows depend on each other, as in `dimscope.estimate`.
    rng
        Seed of the blocks.

    Raises
    ------
    InputError
        If ``x`` cannot be used, ``tolerance`` or ``n2_max`` is out of range, more than half of the
        rows repeat others (give a smaller ``n2_max`` then), or the graph was made from lists of
        neighbours shorter than ``n2_max``.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> noisy = rng.random((2000, 1)) * np.eye(1, 5) + 3e-4 * rng.normal(size=(2000, 5))
    >>> print(scale_curve(noisy).plateau.ranks)
    (32, 512)
    """
    check_open_interval("tolerance", tolerance, 0, 1)
    engine = LocalEngine(Resources(n_jobs, search_device))
    search = Search(metric=metric, duplicates=duplicates, near_copies=near_copies)
    representation = Representation.of(x, groups=groups, engine=engine)
    known = max(min(n2_max or representation.n_samples // 2, _N_NEIGHBORS), 2)
    search = replace(search, n_neighbors=known)
    graph = search.of(representation, known if n2_max else 2)
    most = min(graph.most_neighbors, graph.n_samples // 2, _MOST_RANK) if n2_max is None else n2_max
    graph = replace(graph, source=_Remembering(graph.source, graph.points))
    gride = Gride().scan(graph, most)
    notes = graph_notes(graph) + spacing_notes(graph, most)
    curves = [gride]
    for method, make in (
        (TwoNN.name, partial(decimation, graph, rng=rng)),
        (CorrelationDimension.name, partial(CorrelationDimension().scan, graph, most)),
    ):
        curve = or_reason(make)
        if isinstance(curve, str):
            notes += (Note("scales", f"No {method} curve: {curve}."),)
        else:
            curves.append(curve)
    plateau = find_plateau(gride, tolerance)
    if plateau is not None:
        plateau = replace(plateau, others=_others(curves[1:], plateau))
        notes += _disagreements(plateau, tolerance)
    return ScaleCurves(
        curves=tuple(curves),
        plateau=plateau,
        verdict=why_no_plateau(gride, tolerance) if plateau is None else str(plateau),
        tolerance=tolerance,
        n_samples=graph.n_samples,
        n_duplicates=graph.n_duplicates,
        n_near_copies=graph.n_near_copies,
        n_groups=graph.n_groups,
        notes=notes,
    )


def decimation(graph: NeighborGraph, *, rng: Rng = 0) -> ScaleCurve:
    """TwoNN on disjoint random blocks of N, N/2, N/4, ... N/32 points of ``graph``, at least 50.

    Every point is in one block of each size, but for a remainder. A value is the mean over the
    blocks, its standard error that of a mean of independent estimates, its scale the mean distance
    to the second neighbour within a block. Sizes at which a block shows no dimension are left out,
    as all points of a grid are.

    Raises
    ------
    InputError
        If no size shows a dimension, or the graph was made from lists of neighbours.
    """
    levels: list[tuple[int, float, float, float]] = []
    reason = ""
    n = graph.n_samples
    for blocks in nested_blocks(n, _MOST_BLOCKS, seed_of(rng), groups=graph.groups):
        n_blocks = len(blocks)
        parts = [graph] if n_blocks == 1 else [graph.subset(block, 2) for block in blocks]
        answers = [or_reason(partial(_two_nn, part)) for part in parts]
        found = [answer for answer in answers if not isinstance(answer, str)]
        if len(found) < n_blocks:
            reason = next(answer for answer in answers if isinstance(answer, str))
            continue
        scales, values, errors = (
            np.array([getattr(e, name) for e in found]) for name in ("scale", "value", "stderr")
        )
        error = float(np.sqrt(np.square(errors).sum())) / n_blocks
        levels.append((n // n_blocks, float(scales.mean()), float(values.mean()), error))
    if not levels:
        raise InputError(reason)
    sizes, *columns = zip(*levels, strict=True)
    scale, value, stderr = map(np.array, columns)
    return ScaleCurve(
        scales=scale,
        values=value,
        stderrs=stderr,
        n1=np.ones(len(sizes), dtype=np.int64),
        n2=np.full(len(sizes), 2),
        n_samples=graph.n_samples,
        method=TwoNN.name,
        title=TwoNN.title,
        n_points=np.array(sizes),
    )


def _two_nn(part: NeighborGraph) -> DimensionEstimate:
    return TwoNN().estimate(thinned(part, 2))


@dataclass(eq=False)
class _Remembering:
    """A source of neighbours that keeps the distances at ranks, as two curves ask for them."""

    source: NeighborSource
    points: Points | None
    remembered: dict[tuple[int, ...], Float64[np.ndarray, "n r"]] = field(default_factory=dict)

    @property
    def resources(self) -> Resources:
        """As the source."""
        return self.source.resources

    def distances_at(
        self, rows: Int64[np.ndarray, " n"], ranks: Int64[np.ndarray, " r"]
    ) -> Float64[np.ndarray, "n r"]:
        """The distances at some ranks among ``rows``, which are always those of one graph."""
        key = tuple(ranks.tolist())
        if key not in self.remembered:
            self.remembered[key] = self.source.distances_at(rows, ranks)
        return self.remembered[key]

    def nearest(
        self, queries: Int64[np.ndarray, " n"], pool: Int64[np.ndarray, " m"], n_neighbors: int
    ) -> Neighbors:
        """As the source."""
        return self.source.nearest(queries, pool, n_neighbors)

    def counts_within(
        self,
        queries: Int64[np.ndarray, " n"],
        pool: Int64[np.ndarray, " m"],
        radii: Float64[np.ndarray, " r"],
    ) -> Int64[np.ndarray, "n r"]:
        """As the source."""
        return self.source.counts_within(queries, pool, radii)


def _others(curves: list[ScaleCurve], plateau: Plateau) -> dict[str, float]:
    seen = {curve.method: mean_within(curve, plateau.scales) for curve in curves}
    return {method: value for method, value in seen.items() if value is not None}


def _disagreements(plateau: Plateau, tolerance: float) -> tuple[Note, ...]:
    return tuple(
        Note(
            "scales",
            f"Over the scales of the plateau {method} sees {value:.3g}: the density is uneven, or "
            "several dimensions meet.",
        )
        for method, value in plateau.others.items()
        if abs(value - plateau.value) > 2 * tolerance * plateau.value
    )
