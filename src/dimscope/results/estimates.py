"""A dimension, global or local, with the facts that are needed to judge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from jaxtyping import Float

from dimscope._format import in_groups, with_error
from dimscope.results.documents import plain
from dimscope.results.notes import Note
from dimscope.results.quantities import ErrorKind, spoken


@dataclass(frozen=True, kw_only=True)
class DimensionEstimate:
    """One dimension, with the facts that are needed to judge it. Unknown is None, never 0.

    Attributes
    ----------
    value
        The estimated dimension; None where the data do not determine it (the notes say why).
    stderr
        Its standard error, as `method` documents it.
    interval
        95 % interval (low, high).
    scale
        The distance at which the dimension was seen, in the units of the input: the mean distance
        to the farthest neighbour used. None for linear (spectral) dimensions.
    n_samples
        Points that entered the estimate.
    n_duplicates
        Rows left out because they repeat another row, exactly or to within the rounding of the
        stored values.
    ceiling
        The largest value that this many points can resolve; None where unknown.
    notes
        What a careful reader must know: sentences, with codes for programs.
    method
        Registry name of the estimator, such as ``"two_nn"``.
    parameters
        The estimator's parameters, and the neighbour ranks ``n1 < n2`` that it used.
    error_kind
        Where the error comes from: ``"theory"``, ``"blocks"`` or ``"posterior"``; None without one.
    n_near_copies
        Rows that nearly repeat another row, left out or not, as a note says; None where nobody
        counted.
    n_groups
        Groups of rows that depend on each other; None where rows are taken as independent.
    problem
        Why there is no value, where the method failed.
    """

    value: float | None
    stderr: float | None
    interval: tuple[float, float] | None
    scale: float | None
    n_samples: int
    n_duplicates: int
    ceiling: float | None = None
    notes: tuple[Note, ...] = ()
    method: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    error_kind: ErrorKind | None = None
    n_near_copies: int | None = None
    n_groups: int | None = None
    problem: str | None = None

    @classmethod
    def unknown(cls, method: str, problem: str, n_samples: int, **known: Any) -> Self:
        """The estimate of a method that failed, with the reason as its ``problem``."""
        return cls(
            value=None,
            stderr=None,
            interval=None,
            scale=None,
            n_samples=n_samples,
            n_duplicates=known.pop("n_duplicates", 0),
            method=method,
            problem=problem,
            **known,
        )

    @property
    def resolvable(self) -> bool | None:
        """Whether this many points resolve the value; None where it or the ceiling is unknown."""
        return resolves(self.ceiling, self.value)

    def to_dict(self) -> dict[str, Any]:
        """Every field, ready for JSON."""
        return {name: plain(getattr(self, name)) for name in self.__dataclass_fields__}

    def __str__(self) -> str:
        value = "unknown" if self.value is None else with_error(self.value, self.stderr)
        return f"{self.method}: {value} (N = {in_groups(self.n_samples, self.n_groups)})"


def resolves(ceiling: float | None, value: float | None) -> bool | None:
    """Whether a value lies at or below the ceiling; None where one of them is unknown."""
    return None if ceiling is None or value is None else value <= ceiling


@dataclass(frozen=True, kw_only=True)
class LocalEstimate:
    """A dimension for every point.

    Attributes
    ----------
    values
        One dimension for each point of the graph; nan where a point has none.
    n_neighbors
        Neighbours used around each point.
    method, parameters
        As in `DimensionEstimate`.
    title
        The method's name for people.
    """

    values: Float[np.ndarray, " n_samples"]
    n_neighbors: int
    method: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    title: str | None = None

    @property
    def label(self) -> str:
        """The method's name in figures."""
        return self.title or spoken(self.method)
