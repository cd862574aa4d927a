"""Rows that depend on each other are kin: no neighbours of each other, and one draw together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int64

from dimscope.errors import InputError, InputTypeError


@dataclass(frozen=True)
class TimeWindow:
    """Rows in order of time, of which those at most ``width`` steps apart depend on each other.

    Theiler, "Spurious dimension from correlation algorithms applied to limited time-series data",
    Physical Review A 34 (1986). The window should be a few times as long as the rows stay
    correlated.

    Attributes
    ----------
    width
        Steps, at least 1.

    Raises
    ------
    InputError
        If ``width`` is no whole number of at least 1.

    Examples
    --------
    >>> import numpy as np
    >>> from dimscope import NeighborGraph
    >>> walk = np.arange(6.0)[:, None]
    >>> NeighborGraph.from_points(walk, 1, groups=TimeWindow(2)).distances.ravel().tolist()
    [3.0, 3.0, 3.0, 3.0, 3.0, 3.0]
    """

    width: int

    def __post_init__(self) -> None:
        if isinstance(self.width, bool) or not isinstance(self.width, int | np.integer):
            raise InputTypeError(
                f"TimeWindow(width={self.width!r}) must be a whole number of steps, at least 1"
            )
        if self.width < 1:
            raise InputError(f"TimeWindow(width={self.width}) must be at least 1")


@dataclass(frozen=True, eq=False)
class Kin:
    """Which rows depend on each other: two rows are kin if their places are near enough.

    Attributes
    ----------
    places
        Shape (n_rows,): the number of each row's group, or its place in time.
    reach
        Rows whose places differ by no more are kin: 0 for groups, the width of a window in time.
    """

    places: Int64[np.ndarray, " n_rows"]
    reach: int = 0

    @classmethod
    def of(cls, groups: Any, n_rows: int) -> Self:
        """Make them of labels or of a window in time.

        Parameters
        ----------
        groups
            Shape (n_rows,): labels, such as numbers or texts; or a `TimeWindow`.
        n_rows
            Rows of the data.

        Raises
        ------
        InputError
            If there are more or fewer labels than rows, one is missing, or all rows are kin.
        """
        if isinstance(groups, TimeWindow):
            found = cls(np.arange(n_rows), int(groups.width))
            if n_rows <= groups.width:
                raise InputError(
                    f"TimeWindow({groups.width}) holds all {n_rows} rows: no neighbours are left; "
                    "give a narrower window or more rows"
                )
            return found
        places = _numbered(groups, n_rows)
        if places.max() == 0:
            raise InputError(
                f"groups has one label for all {n_rows} rows: no row has neighbours of another "
                "group; give a label to each text, film or trial"
            )
        return cls(places)

    def any_among(self, rows: Int64[np.ndarray, " m"]) -> bool:
        """Tell whether any two of the rows are kin."""
        return bool((np.diff(np.sort(self.places[rows])) <= self.reach).any())

    def take(self, rows: Int64[np.ndarray, " m"]) -> Kin:
        """Return the same for some of the rows, in this order."""
        return Kin(self.places[rows], self.reach)

    def between(
        self, some: Int64[np.ndarray, "..."], others: Int64[np.ndarray, "..."]
    ) -> Bool[np.ndarray, "..."]:
        """Tell which of the rows are kin of the others; a row is its own kin."""
        return np.asarray(np.abs(self.places[some] - self.places[others]) <= self.reach)

    def counts(
        self, queries: Int64[np.ndarray, " n"], pool: Int64[np.ndarray, " m"]
    ) -> Int64[np.ndarray, " n"]:
        """Count the rows of ``pool`` that are kin of each query, itself included."""
        there, places = np.sort(self.places[pool]), self.places[queries]
        after = np.searchsorted(there, places + self.reach, side="right")
        return np.asarray(after - np.searchsorted(there, places - self.reach))

    def around(
        self, queries: Int64[np.ndarray, " n"], pool: Int64[np.ndarray, " m"]
    ) -> Int64[np.ndarray, " p"]:
        """Select all rows of ``pool`` that are kin of some query, and others between."""
        places = self.places[queries]
        there = self.places[pool]
        first, last = places.min() - self.reach, places.max() + self.reach
        return np.asarray(pool[(there >= first) & (there <= last)])

    def require_others(
        self, queries: Int64[np.ndarray, " n"], pool: Int64[np.ndarray, " m"], n_neighbors: int
    ) -> Int64[np.ndarray, " n"]:
        """Return the counts of kin, where each query has enough others in the pool.

        Raises
        ------
        InputError
            If one has fewer than ``n_neighbors`` others.
        """
        n_kin = self.counts(queries, pool)
        others = len(pool) - n_kin
        fewest = int(others.argmin())
        if others[fewest] < n_neighbors:
            of = f"row {queries[fewest]} and its {n_kin[fewest]:,} kin"
            raise InputError(
                f"{n_neighbors} neighbours outside a row's own group are asked for, and "
                f"{of} leave {others[fewest]:,} of {len(pool):,} rows: ask for fewer neighbours, "
                "or give smaller groups, a narrower window or more data"
            )
        return n_kin

    def groups(self, rows: Int64[np.ndarray, " m"]) -> Int64[np.ndarray, " m"]:
        """Number the groups of some rows from 0; a stretch as long as the window is a group."""
        numbers: Int64[np.ndarray, " m"]
        _, numbers = np.unique(self.places[rows] // (self.reach + 1), return_inverse=True)
        return np.asarray(numbers, dtype=np.int64)

    def halved(
        self, rows: Int64[np.ndarray, " m"], rng: np.random.Generator
    ) -> Int64[np.ndarray, " h"]:
        """Keep every other row, by chance the even or the odd ones; of a group at least one."""
        series = self.places[rows] if self.reach == 0 else np.zeros(len(rows), dtype=np.int64)
        order = np.argsort(series, kind="stable")
        _, first, size = np.unique(series[order], return_index=True, return_counts=True)
        offset = rng.integers(0, np.minimum(size, 2))
        within = np.arange(len(rows)) - np.repeat(first, size)
        kept = (within - np.repeat(offset, size)) % 2 == 0
        return np.sort(rows[order[kept]])


def kin_of(groups: Any, n_rows: int) -> Kin | None:
    """Return who is kin by what a user gave: None, labels, or a window in time.

    Raises
    ------
    InputError
        As `Kin.of`.
    """
    if groups is None or isinstance(groups, Kin):
        return groups
    return Kin.of(groups, n_rows)


def described(groups: Any) -> str:
    """Describe groups in a few characters, the same only for the same groups.

    Examples
    --------
    >>> described(TimeWindow(5)), described([0, 0, 1]) == described(["a", "a", "b"])
    ('TimeWindow(width=5)', True)
    """
    if isinstance(groups, TimeWindow):
        return repr(groups)
    numbers = _numbered(groups, None)
    digest = hashlib.sha256(numbers.tobytes()).hexdigest()[:12]
    return f"{numbers.max() + 1} groups of {len(numbers)} samples, {digest}"


def _numbered(groups: Any, n_rows: int | None) -> Int64[np.ndarray, " n_rows"]:
    """Number the labels from 0.

    Raises
    ------
    InputError
        If they are no labels of these rows.
    """
    said = "give one label for each row, or ds.TimeWindow(steps) for rows in order of time"
    labels = np.asarray(groups)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        what = repr(groups) if labels.ndim == 0 else f"an array of shape {labels.shape}"
        raise InputTypeError(f"groups is {what}: {said}")
    n_rows = len(labels) if n_rows is None else n_rows
    if len(labels) != n_rows:
        raise InputError(f"groups has {len(labels)} labels for {n_rows} rows: {said}")
    missing = np.flatnonzero(pd.isna(labels))
    if len(missing):
        raise InputError(
            f"groups has no label for {len(missing)} of {n_rows} rows, the first of them row "
            f"{missing[0]}: give these rows a group, or leave them out"
        )
    numbers, _ = pd.factorize(labels)
    return np.asarray(numbers, dtype=np.int64)
