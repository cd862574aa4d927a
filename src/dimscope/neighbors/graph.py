"""The nearest neighbours of every point: the first of the two statistics all estimators share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, Self, get_args

import numpy as np
from jaxtyping import Float64, Int64

from dimscope._deprecated import renamed_parameters
from dimscope._parameters import checked_parameters
from dimscope.errors import or_reason
from dimscope.neighbors.checks import (
    check_choice,
    check_n_neighbors,
    checked_radii,
    checked_ranks,
)
from dimscope.neighbors.duplicates import Copies, Duplicates, kept_rows
from dimscope.neighbors.engine import Diagnostics, Engine, Neighbors
from dimscope.neighbors.given import (
    GivenLists,
    checked_distances,
    checked_lists,
    copies_in_lists,
    lists_of_sparse,
    lists_without_kin,
    neighbors_left,
)
from dimscope.neighbors.kin import Kin, kin_of
from dimscope.neighbors.local_engine import engine_or_local
from dimscope.neighbors.near_copies import NearCopies, groups_of_copies
from dimscope.neighbors.resources import Resources
from dimscope.neighbors.reuse import Known, counts_beyond_lists, nearest_among, places
from dimscope.neighbors.sources import (
    GIVEN,
    GivenDistances,
    GivenNeighbors,
    NeighborSource,
    SearchedPoints,
)
from dimscope.neighbors.spacing import RANKS, Spacing
from dimscope.neighbors.without_kin import WithoutKin
from dimscope.points import Points, as_points
from dimscope.results import Note

Metric = Literal["euclidean", "cosine", "correlation"]

_FEW_SHORTENED = 0.9  # share of whole lists from which on the others cost less than a new search


@dataclass(frozen=True, eq=False, kw_only=True)
class NeighborGraph:
    """Exact nearest neighbours of every point, the point itself excluded.

    Attributes
    ----------
    distances
        Shape (n_samples, n_neighbors), ascending along each row, in the units of the input.
    indices
        Same shape: positions, among the points of this graph, of those neighbours.
    original_rows
        Shape (n_samples,): the row of the input that each point of the graph is.
    diagnostics
        How the search found the neighbours.
    source
        Where further neighbours come from.
    first_of_row
        Shape (n_rows,): for each row of the input, the row of its copies that stands for it: itself
        where it has none, or where copies are kept.
    n_duplicates
        Rows of the input that are not in the graph because they repeat another row, exactly or to
        within the rounding of the stored values.
    near_copies
        What was found of rows that nearly repeat another; None where nobody looked: in a subset,
        or with fewer than 20 points.
    spacing
        The distances to the first neighbours of each point, at least twelve however few were asked
        for, for questions about the sampling; None for a subset.
    n_features
        Ambient dimension; None where distances or neighbours were given.
    metric
        ``"euclidean"``; ``"cosine"`` for the Euclidean distance between rows scaled to unit
        length, sqrt(2 - 2 cos), which has the same neighbours as 1 - cos (itself a squared
        distance, which would halve every dimension); ``"correlation"`` for the same between rows
        centred on their own means; ``"precomputed"`` where distances or neighbours were given.
    notes
        What is to be said with every estimate from this graph: that what was given are no
        distances.
    kin
        Which rows of the input depend on each other and are no neighbours; None where all are
        taken as independent.
    n_thinned
        Points set aside because kin stood together among neighbours (`thinned`); None where nobody
        looked.
    """

    distances: Float64[np.ndarray, "n_samples n_neighbors"]
    indices: Int64[np.ndarray, "n_samples n_neighbors"]
    original_rows: Int64[np.ndarray, " n_samples"]
    first_of_row: Int64[np.ndarray, " n_rows"]
    diagnostics: Diagnostics
    source: NeighborSource
    n_duplicates: int = 0
    near_copies: NearCopies | None = None
    spacing: Spacing | None = None
    n_features: int | None = None
    metric: str = "precomputed"
    notes: tuple[Note, ...] = ()
    kin: Kin | None = None
    n_thinned: int | None = None

    @property
    def n_samples(self) -> int:
        """Number of points in the graph."""
        return len(self.distances)

    @property
    def n_near_copies(self) -> int | None:
        """Rows that nearly repeat another, set aside or not; None where nobody looked."""
        return None if self.near_copies is None else self.near_copies.n_rows

    @property
    def n_neighbors(self) -> int:
        """Neighbours known for each point."""
        return int(self.distances.shape[1])

    @property
    def most_neighbors(self) -> int:
        """Neighbours that every point has: all others, without its kin."""
        if self.kin is None:
            return self.n_samples - 1
        rows = self.original_rows
        return self.n_samples - int(self.kin.counts(rows, rows).max())

    @property
    def groups(self) -> Int64[np.ndarray, " n_samples"] | None:
        """The number of each point's group, from 0; None where no two points are kin."""
        if self.kin is None:
            return None
        found = self.kin.groups(self.original_rows)
        return found if self.kin.any_among(self.original_rows) else None

    @property
    def n_groups(self) -> int | None:
        """Number of groups of points that depend on each other; None where nobody gave groups."""
        if self.kin is None:
            return None
        return self.n_samples if self.groups is None else int(self.groups.max()) + 1

    @property
    def points(self) -> Points | None:
        """The points themselves, read by blocks; None where distances or neighbours were given."""
        return self.source.points

    @property
    def rounding(self) -> float:
        """The distance that rounding of what was given can put between two points, as far as known.

        Of points it is that of their stored values; of a matrix of distances it shows on the
        diagonal.
        """
        if self.points is not None:
            return self.points.rounding
        return self.source.matrix.rounding if isinstance(self.source, GivenDistances) else 0.0

    @property
    def resources(self) -> Resources:
        """Threads and device of the search, which further work on the points may use too."""
        return self.source.resources

    @classmethod
    @renamed_parameters(device="search_device")
    @checked_parameters
    def from_points(  # noqa: PLR0913 - all but the points have defaults
        cls,
        x: Any,
        n_neighbors: int = 100,
        metric: Metric = "euclidean",
        *,
        duplicates: Duplicates = "first",
        near_copies: Duplicates = "first",
        groups: Any = None,
        n_jobs: int | None = None,
        search_device: str | None = None,
        engine: Engine | None = None,
    ) -> Self:
        """Search the nearest neighbours of every row of ``x``.

        Parameters
        ----------
        x
            Shape (n_samples, n_features): array, tensor, data frame or array on disk, of any real
            dtype. Distances are right to 1e-12 relative whatever its offset and scale.
        n_neighbors
            Neighbours per point, fewer than there are distinct rows.
        metric
            ``"euclidean"``, ``"cosine"`` or ``"correlation"``.
        duplicates
            What becomes of rows with equal values, or that differ by no more than rounding:
            ``"first"`` keeps one of each, ``"drop"`` leaves all of them out, ``"keep"`` keeps
            them, at distance 0 or nearly.
        near_copies
            The same for rows that nearly repeat another: distances in a gap below those of all
            others, too small and too many, with hardly any between, to be chance. Of more than 12
            that nearly repeat one row, which are a cluster, none is found. Kept where duplicates
            are.
        groups
            Shape (n_samples,): a label for each row, such as its text, film, trial or subject.
            Rows of one group depend on each other and are no neighbours, nor near copies. For rows
            in order of time a `TimeWindow`: rows within it are no neighbours.
        n_jobs
            Threads that search, by default as many as there are cores. The numbers are the same
            to the last bit.
        search_device
            Where torch multiplies in a large search in memory: ``"cuda"``, ``"cuda:1"``,
            ``"mps"`` or ``"cpu"``; None to search without torch. The numbers are the same to the
            last bit.
        engine
            What searches, in place of this machine with ``n_jobs`` threads and
            ``search_device``; it brings its own resources.

        Raises
        ------
        InputError
            If ``x`` is not a finite real matrix or has too few distinct rows, if ``groups`` are no
            labels of these rows or leave a row too few others, if ``n_jobs`` is below 1, if
            ``search_device`` is not there, or if one of the two is given beside an engine.
        MissingDependencyError
            If a ``search_device`` is given and torch is not installed.

        Examples
        --------
        >>> graph = NeighborGraph.from_points([[0.0], [1.0], [3.0], [3.0]], n_neighbors=2)
        >>> graph.distances.tolist()
        [[1.0, 3.0], [1.0, 2.0], [2.0, 3.0]]
        >>> graph.n_duplicates, graph.original_rows.tolist()
        (1, [0, 1, 2])
        """
        check_choice("metric", metric, get_args(Metric))
        copies = Copies(duplicates=duplicates, near_copies=near_copies)
        engine = engine_or_local(engine, n_jobs, search_device)
        points = as_points(x)
        if metric != "euclidean":
            points = points.normalised(centred=metric == "correlation")
        kin = kin_of(groups, points.n_samples)
        source: NeighborSource = SearchedPoints(points, engine)
        if kin is not None:
            source = WithoutKin(source, kin)
        graph = cls._searched(source, points.scan.first_of_row, n_neighbors, copies)
        return replace(graph, n_features=points.n_features, metric=metric, kin=kin)

    @classmethod
    @checked_parameters
    def from_distances(  # noqa: PLR0913 - all but the first have defaults
        cls,
        distances: Any,
        n_neighbors: int = 100,
        *,
        squared: bool = False,
        duplicates: Duplicates = "first",
        near_copies: Duplicates = "first",
        groups: Any = None,
    ) -> Self:
        """Take the nearest neighbours from a matrix of distances between all points.

        Squared Euclidean distances, 1 - r and 1 - cos are no distances: they halve every dimension.
        ``squared=True`` takes their roots. Where triples of points show that the numbers break the
        triangle inequality, every estimate says so in a note.

        Parameters
        ----------
        distances
            Shape (n_samples, n_samples), symmetric, zero on the diagonal: an array, in memory or
            on disk. Infinite distances (unconnected points) are never neighbours. What rounding
            leaves is no error: a diagonal of up to 0.001 of the largest distance counts as 0, and
            where d(i, j) differs from d(j, i) the mean of both is taken.
        n_neighbors
            Neighbours per point, fewer than there are points at distances above 0.
        squared
            Whether the numbers are squared distances, of which the root is taken.
        duplicates, near_copies
            What becomes of points at distance 0 from each other, and of points that are nearly
            there, as in `from_points`.
        groups
            As in `from_points`.

        Raises
        ------
        InputError
            If it is not a matrix of distances, or has too few distinct points.

        Examples
        --------
        >>> graph = NeighborGraph.from_distances([[0, 1, 3], [1, 0, 2], [3, 2, 0]], n_neighbors=1)
        >>> graph.indices.tolist(), graph.distances.tolist()
        ([[1], [0], [1]], [[1.0], [1.0], [2.0]])
        """
        copies = Copies(duplicates=duplicates, near_copies=near_copies)
        matrix, first_of_row = checked_distances(distances, squared=squared)
        kin = kin_of(groups, len(first_of_row))
        graph = cls._searched(GivenDistances(matrix, kin), first_of_row, n_neighbors, copies)
        return replace(graph, notes=matrix.notes, kin=kin)

    @classmethod
    @checked_parameters
    def from_neighbors(  # noqa: PLR0913 - all but the first have defaults
        cls,
        distances: Any,
        indices: Any,
        *,
        squared: bool = False,
        duplicates: Duplicates = "first",
        near_copies: Duplicates = "first",
        groups: Any = None,
    ) -> Self:
        """Take the neighbours that another library found; they are trusted to be the nearest.

        Some libraries return squared distances (faiss does, from ``IndexFlatL2``), which halve
        every dimension: ``squared=True`` takes their roots. Where triples of points within the
        lists break the triangle inequality, every estimate says so in a note.

        Parameters
        ----------
        distances, indices
            Shape (n_samples, k): the distances of each point to its nearest, and their positions,
            in any order; the point itself may be among them, in all lists or in none.
        squared
            Whether the numbers are squared distances, of which the root is taken.
        duplicates, near_copies
            What becomes of points at distance 0 from each other, and of points that are nearly
            there, as in `from_points`. Leaving copies out shortens the lists. Near copies are kept
            where they would take more than half of a list, or where lists hold fewer than 12.
        groups
            As in `from_points`. Leaving a point's own group out shortens the lists.

        Raises
        ------
        InputError
            If the two do not match, hold what cannot be a distance or a neighbour, or list
            nothing but copies or rows of one group.

        Examples
        --------
        >>> graph = NeighborGraph.from_neighbors([[1.0], [1.0], [2.0]], [[1], [0], [1]])
        >>> graph.n_samples, graph.n_neighbors, graph.metric
        (3, 1, 'precomputed')
        """
        copies = Copies(duplicates=duplicates, near_copies=near_copies)
        lists = checked_lists(distances, indices, squared=squared)
        return cls._of_lists(lists, copies, groups)

    @classmethod
    @checked_parameters
    def from_sparse(  # noqa: PLR0913 - all but the first have defaults
        cls,
        matrix: Any,
        n_neighbors: int | None = None,
        *,
        squared: bool = False,
        duplicates: Duplicates = "first",
        near_copies: Duplicates = "first",
        groups: Any = None,
    ) -> Self:
        """Take the neighbours from a sparse matrix, as of scikit-learn's ``kneighbors_graph``.

        Parameters
        ----------
        matrix
            Shape (n_samples, n_samples), SciPy sparse: the entries of a row are the distances of
            a point to its nearest; a stored zero marks a copy.
        n_neighbors
            Neighbours per point; by default as many as every row holds.
        squared
            Whether the numbers are squared distances, of which the root is taken.
        duplicates, near_copies, groups
            As in `from_neighbors`.

        Raises
        ------
        InputError
            If it is not a sparse square matrix of distances, or a row holds too few.
        """
        copies = Copies(duplicates=duplicates, near_copies=near_copies)
        lists = lists_of_sparse(matrix, n_neighbors, squared=squared)
        return cls._of_lists(lists, copies, groups)

    @classmethod
    def _searched(
        cls,
        source: NeighborSource,
        first_of_row: Int64[np.ndarray, " n"],
        n_neighbors: int,
        copies: Copies,
    ) -> Self:
        n_rows = len(first_of_row)
        rows = kept_rows(first_of_row, copies.duplicates)
        check_n_neighbors(n_neighbors, len(rows), n_rows)
        found = _nearest(source, rows, n_neighbors)
        graph = cls(
            distances=found.distances,
            indices=places(rows, found.indices),
            original_rows=rows,
            first_of_row=first_of_row if copies.duplicates == "first" else np.arange(n_rows),
            n_duplicates=n_rows - len(rows),
            diagnostics=found.diagnostics,
            source=source,
        )
        return graph._with_spacing()._without_copies(copies, n_neighbors)._narrowed(n_neighbors)

    @classmethod
    def _of_lists(cls, lists: GivenLists, copies: Copies, groups: Any) -> Self:
        n = len(lists.indices)
        first_of_row = copies_in_lists(lists)
        kin = kin_of(groups, n)
        if kin is not None:
            lists = lists_without_kin(lists, kin)
        graph = cls(
            distances=lists.distances,
            indices=lists.indices,
            original_rows=np.arange(n),
            first_of_row=first_of_row if copies.duplicates == "first" else np.arange(n),
            diagnostics=GIVEN,
            source=GivenNeighbors(lists.indices.shape[1]),
            notes=lists.notes,
            kin=kin,
        )
        rows = kept_rows(first_of_row, copies.duplicates)
        if len(rows) < n:
            graph = replace(
                graph.subset(rows, neighbors_left(lists, rows)), n_duplicates=n - len(rows)
            )
        return graph._with_spacing()._without_copies(copies, 1)

    def _with_spacing(self) -> Self:
        spacing = Spacing.of(self.distances, self.indices, self.points, self.original_rows)
        return replace(self, spacing=spacing)

    def _without_copies(self, copies: Copies, n_neighbors: int) -> Self:
        """Set aside the points that repeat another to within rounding, or nearly."""
        groups = None if self.spacing is None else groups_of_copies(self.spacing)
        if groups is None:
            return self
        kept = groups.kept(copies)
        if isinstance(self.source, GivenNeighbors) and not self._has_long_lists(kept.positions):
            kept = groups.kept(replace(copies, near_copies="keep"))
        if len(kept.positions) == self.n_samples:
            return replace(self, near_copies=kept.near)
        n_rows = len(self.first_of_row)
        check_n_neighbors(n_neighbors, len(kept.positions), n_rows)
        stands_for = np.arange(n_rows)
        stands_for[self.original_rows] = self.original_rows[kept.first]
        return replace(
            self._only(kept.positions, n_neighbors)._with_spacing(),
            first_of_row=stands_for[self.first_of_row],
            n_duplicates=self.n_duplicates + kept.n_duplicates,
            near_copies=kept.near,
        )

    def _has_long_lists(self, positions: Int64[np.ndarray, " m"]) -> bool:
        """Whether the lists show the spacing, and keep at least half of it with these points."""
        left = or_reason(partial(neighbors_left, self._lists, positions))
        return self.n_neighbors >= RANKS and isinstance(left, int) and 2 * left >= self.n_neighbors

    def _only(self, positions: Int64[np.ndarray, " m"], n_neighbors: int) -> Self:
        """Return the graph of some points, with as many neighbours as here where possible."""
        if isinstance(self.source, GivenNeighbors):
            return self.subset(positions, neighbors_left(self._lists, positions))
        stays = np.isin(np.arange(self.n_samples), positions)
        if stays[self.indices[positions]].all(axis=1).mean() >= _FEW_SHORTENED:
            wide = min(self.n_neighbors, len(positions) - 1)
            part = or_reason(partial(self.subset, positions, wide))
            return self.subset(positions, n_neighbors) if isinstance(part, str) else part
        rows = self.original_rows[positions]
        found = _nearest(self.source, rows, n_neighbors)
        return replace(
            self,
            distances=found.distances,
            indices=places(rows, found.indices),
            original_rows=rows,
            diagnostics=found.diagnostics,
        )

    def _narrowed(self, n_neighbors: int) -> Self:
        """Return the graph without later neighbours, which no view holds in memory either."""
        if self.n_neighbors == n_neighbors:
            return self
        distances, indices = (x[:, :n_neighbors].copy() for x in (self.distances, self.indices))
        return replace(self, distances=distances, indices=indices)

    def subset(self, positions: Int64[np.ndarray, " m"], n_neighbors: int) -> Self:
        """Return the exact graph of some of the points, reusing the neighbours known here.

        A point whose known neighbours include ``n_neighbors`` of the subset has its answer in
        them; only the others are searched again. The points stand in ascending order of their
        positions, and none counts as a duplicate.

        Parameters
        ----------
        positions
            Shape (m,): positions of distinct points of this graph.
        n_neighbors
            Neighbours per point, fewer than m.

        Raises
        ------
        InputError
            If the subset is too small for ``n_neighbors``, or lists that were given are too short.
        """
        positions = np.sort(positions)
        check_n_neighbors(n_neighbors, len(positions), len(positions))
        distances, indices = nearest_among(self._known, positions, n_neighbors)
        rows = self.original_rows[positions]
        return replace(
            self,
            distances=distances,
            indices=indices,
            original_rows=rows,
            n_duplicates=0,
            near_copies=None,
            spacing=None,
        )

    def distances_at(self, ranks: Sequence[int]) -> Float64[np.ndarray, "n_samples n_ranks"]:
        """Return the distance of every point to its neighbours of some ranks, near or far.

        Ranks beyond ``n_neighbors`` take one more pass over all pairs, in bounded memory.

        Parameters
        ----------
        ranks
            From 1, the nearest, to n_samples - 1, the farthest.

        Raises
        ------
        InputError
            If a rank is out of range, or beyond the length of lists that were given.
        """
        wanted = checked_ranks(ranks, self.n_samples)
        found = np.empty((self.n_samples, len(wanted)))
        near = wanted <= self.n_neighbors
        found[:, near] = self.distances[:, wanted[near] - 1]
        if not near.all():
            found[:, ~near] = self.source.distances_at(self.original_rows, wanted[~near])
        return found

    def counts_within(self, radii: Sequence[float]) -> Int64[np.ndarray, "n_samples n_radii"]:
        """Count the neighbours of every point within some distances.

        Points whose known neighbours all lie within the largest radius are compared with each
        other, in bounded memory.

        Parameters
        ----------
        radii
            Distances in the units of the input; a neighbour at exactly such a distance counts.

        Raises
        ------
        InputError
            If there is no radius, one is negative or not finite, or lists that were given are too
            short.

        Examples
        --------
        >>> graph = NeighborGraph.from_points([[0.0], [1.0], [3.0]], n_neighbors=1)
        >>> graph.counts_within([1.0, 2.0]).tolist()
        [[1, 1], [1, 2], [0, 1]]
        """
        reach = checked_radii(radii)
        counts = np.stack([(self.distances <= radius).sum(axis=1) for radius in reach], axis=1)
        cut_off = self.distances[:, -1] <= reach.max()
        if self.n_neighbors < self.n_samples - 1 and cut_off.any():
            counts[cut_off] = counts_beyond_lists(self._known, cut_off, reach)
        return np.asarray(counts)

    @property
    def _lists(self) -> GivenLists:
        return GivenLists(self.distances, self.indices)

    @property
    def _known(self) -> Known:
        return Known(self.distances, self.indices, self.original_rows, self.source)


def _nearest(source: NeighborSource, rows: Int64[np.ndarray, " n"], n_neighbors: int) -> Neighbors:
    """Find as many neighbours as are asked for, and those that show the spacing where possible."""
    wide = min(max(n_neighbors, RANKS), len(rows) - 1)
    found = or_reason(lambda: source.nearest(rows, rows, wide))
    if isinstance(found, str):  # distances that were given may be infinite at later ranks
        return source.nearest(rows, rows, n_neighbors)
    return found
