"""A representation: points, their labels if any, and the graphs and spectrum made from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import numpy as np
from jaxtyping import Int64, Shaped

from dimscope.errors import InputError
from dimscope.neighbors import (
    Duplicates,
    Engine,
    Kin,
    LocalEngine,
    Metric,
    NeighborGraph,
    kin_of,
)
from dimscope.points import Points, as_points
from dimscope.spectra import Spectrum

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Representation:
    """What is measured; its graphs and its spectrum are made when first asked for, and kept.

    Attributes
    ----------
    points
        The points, read by blocks; None where only distances or neighbours are known.
    labels
        Shape (n_samples,): a label for each row, such as its class.
    engine
        What searches neighbours; no number depends on it.
    given
        The graph that it was made from, if any; `graph` then always returns this one.
    kin
        Which rows depend on each other; None where all are taken as independent.

    Examples
    --------
    >>> line = Representation.of([[0.0], [1.0], [3.0]])
    >>> line.graph(2).distances.tolist()
    [[1.0, 3.0], [1.0, 2.0], [2.0, 3.0]]
    >>> line.graph(2) is line.graph(2), line.subset(np.array([0, 2])).graph(1).distances.tolist()
    (True, [[3.0], [3.0]])
    """

    points: Points | None
    labels: Shaped[np.ndarray, " n_samples"] | None = None
    engine: Engine = field(default_factory=LocalEngine)
    given: NeighborGraph | None = None
    kin: Kin | None = None
    _kept: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.labels is not None and len(self.labels) != self.n_samples:
            raise InputError(
                f"{len(self.labels)} labels for {self.n_samples} samples: give one label for each"
            )

    @classmethod
    def of(
        cls, x: Any, *, labels: Any = None, groups: Any = None, engine: Engine | None = None
    ) -> Self:
        """Make a representation of an array, `Points` or a graph; a representation passes through.

        Parameters
        ----------
        x
            Shape (n_samples, n_features): array, tensor, data frame or array on disk; or a
            `NeighborGraph`, which is used as it is.
        labels
            A label for each row.
        groups
            Which rows depend on each other, as in `NeighborGraph.from_points`; a graph or a
            representation brings its own.
        engine
            What searches neighbours; by default this machine.

        Raises
        ------
        InputError
            If ``x`` cannot be used, there are more or fewer labels than rows, or groups are given
            beside a graph or representation.
        """
        if groups is not None and isinstance(x, cls | NeighborGraph):
            raise InputError(
                f"groups are given beside a {type(x).__name__}, whose neighbours are found: give "
                "them where it is made, as NeighborGraph.from_points(x, groups=...)"
            )
        if isinstance(x, cls):
            return x
        graph = x if isinstance(x, NeighborGraph) else None
        points = as_points(x) if graph is None else graph.points
        return cls(
            points=points,
            labels=None if labels is None else np.asarray(labels),
            engine=engine or LocalEngine(),
            given=graph,
            kin=graph.kin if graph else kin_of(groups, points.n_samples if points else 0),
        )

    @property
    def n_samples(self) -> int:
        """Number of rows; of a graph that was given, its points."""
        if self.given is not None:
            return self.given.n_samples
        return 0 if self.points is None else self.points.n_samples

    @property
    def groups(self) -> Int64[np.ndarray, " n_samples"] | None:
        """The number of each row's group, from 0; None where no two rows are kin."""
        if self.kin is None or self.points is None:
            return None
        rows = np.arange(self.points.n_samples)
        return self.kin.groups(rows) if self.kin.any_among(rows) else None

    @property
    def n_groups(self) -> int | None:
        """Number of groups of rows that depend on each other; None where nobody gave groups."""
        if self.kin is None:
            return None
        return self.n_samples if self.groups is None else int(self.groups.max()) + 1

    @property
    def n_features(self) -> int | None:
        """Ambient dimension; None where distances or neighbours were given."""
        if self.given is not None:
            return self.given.n_features
        return None if self.points is None else self.points.n_features

    def graph(
        self,
        n_neighbors: int,
        metric: Metric = "euclidean",
        duplicates: Duplicates = "first",
        near_copies: Duplicates = "first",
    ) -> NeighborGraph:
        """Return the nearest neighbours of every point, as `NeighborGraph.from_points` finds them.

        A graph is never cut from a larger one: the last digits of its distances would then depend
        on earlier calls. A representation made from a graph always returns that graph.

        Raises
        ------
        InputError
            As `NeighborGraph.from_points` does.
        """
        if self.given is not None:
            return self.given
        return self._once(
            (n_neighbors, metric, duplicates, near_copies),
            lambda: NeighborGraph.from_points(
                self.points,
                n_neighbors,
                metric,
                duplicates=duplicates,
                near_copies=near_copies,
                groups=self.kin,
                engine=self.engine,
            ),
        )

    def spectrum(self) -> Spectrum:
        """Return the eigenvalues of the covariance of the rows, copies included.

        Raises
        ------
        InputError
            As `Spectrum.from_points` does, or if only distances or neighbours are known.
        """
        points = self._known_points("linear methods need")
        return self._once("spectrum", lambda: Spectrum.from_points(points))

    def subset(self, rows: Int64[np.ndarray, " m"]) -> Representation:
        """Return some of the rows, with their labels, in the order given.

        Raises
        ------
        InputError
            If only distances or neighbours are known.
        """
        points = self._known_points("a subset needs")
        if self.given is not None:
            rows = self.given.original_rows[rows]
        labels = None if self.labels is None else self.labels[rows]
        kin = None if self.kin is None else self.kin.take(rows)
        return Representation(points.take(rows), labels, self.engine, kin=kin)

    def _known_points(self, who_needs: str) -> Points:
        if self.points is None:
            raise InputError(
                f"{who_needs} the points themselves, and this graph was made from distances or "
                "neighbours: give the array, or only methods that use neighbours"
            )
        return self.points

    def _once(self, key: Any, make: Callable[[], T]) -> T:
        if key not in self._kept:
            self._kept[key] = make()
        made: T = self._kept[key]
        return made
