"""Estimators of other libraries, used like our own: scikit-dimension's and others like them."""

from __future__ import annotations

import copy
import inspect
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from jaxtyping import Float64

from dimscope._format import counted
from dimscope.errors import InputError
from dimscope.estimators._shared.base import NeighborEstimator
from dimscope.estimators._shared.notes import graph_notes
from dimscope.measurement import points_of
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, LocalEstimate, Note


@final
@dataclass(kw_only=True)
class External(NeighborEstimator):
    """An estimator of another library: its ``fit`` sees the points, ``dimension_`` is its answer.

    Where a method is expected, such an object may be given as it is. It needs no more than a
    ``fit(x)`` that leaves a number in ``dimension_``; no library is imported for it. A copy is
    fitted, in this process, on one array of float64: the distinct rows in the units of the input,
    or the normalised ones under the cosine and correlation metrics. Exact duplicates are thus set
    aside as for our own estimators, and decimation and blocks see the same points.

    Its library says what it assumes and where it fails. It has no standard error of its own;
    profiles, which measure disjoint blocks anyway, give their scatter, and so does
    `dimscope.estimate` with ``errors="blocks"``. An answer that is not a finite number above 0 is
    no dimension, and becomes None with a note; an exception becomes an `InputError`. Cost: the
    other estimator's, N n_features numbers of memory, and a search of one neighbour of each point,
    which finds the duplicates.

    Parameters
    ----------
    estimator
        The object; it is never changed.
    label
        The method's name in results, by default the library's and the class's (``skdim.MLE``).

    Examples
    --------
    >>> import dimscope as ds
    >>> class Rank:
    ...     def fit(self, x):
    ...         self.dimension_ = np.linalg.matrix_rank(x - x.mean(axis=0))
    ...         return self
    >>> x = np.random.default_rng(0).normal(size=(100, 2)) @ np.ones((2, 5))
    >>> print(ds.estimate(x, External(estimator=Rank(), label="rank")))
    rank: 1.00 (N = 100)
    """

    cheap_in_blocks: ClassVar[bool] = False
    estimator: Any
    label: str | None = None

    @property
    def name(self) -> str:  # type: ignore[override]  # it is that of what it holds
        """The label, or the library's name and the class's."""
        if self.label is not None:
            return self.label
        kind = type(self.estimator)
        return f"{kind.__module__.partition('.')[0]}.{kind.__qualname__}"

    @property
    def title(self) -> str:  # type: ignore[override]
        """Its name, as it has no longer title."""
        return self.name

    @property
    def setting(self) -> str:
        """The parameters of what it holds that are not at their defaults; empty with a label."""
        if self.label is not None:
            return ""
        defaults = inspect.signature(type(self.estimator)).parameters
        changed = {
            name: value
            for name, value in _parameters(self.estimator).items()
            if name not in defaults or repr(value) != repr(defaults[name].default)
        }
        return ", ".join(f"{name}={value}" for name, value in changed.items())

    @property
    def n_neighbors_needed(self) -> int:
        """Neighbours that the graph must have: 1, as the other estimator finds its own."""
        return 1

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The dimension that the estimator finds in the points of ``graph``.

        Raises
        ------
        InputError
            If the graph has no points, or the estimator raises an exception or leaves no number
            in ``dimension_``.
        """
        answer = self._number(self._fitted(graph).dimension_)
        notes = graph_notes(graph)
        known = np.isfinite(answer) and answer > 0
        if not known:
            said = f"{self.name} answered {answer:g}, which is no dimension."
            notes += (Note("other_library", said),)
        return DimensionEstimate(
            value=answer if known else None,
            stderr=None,
            interval=None,
            scale=None,
            n_samples=graph.n_samples,
            n_duplicates=graph.n_duplicates,
            n_near_copies=graph.n_near_copies,
            n_groups=graph.n_groups,
            notes=notes,
            method=self.name,
            parameters=self.get_params() | _parameters(self.estimator),
        )

    def estimate_local(self, graph: NeighborGraph) -> LocalEstimate:
        """The dimension that the estimator finds at every point, its ``dimension_pw_``.

        Raises
        ------
        InputError
            As `estimate`, or if it has no local form: neither ``fit`` nor ``fit_pw`` leaves
            ``dimension_pw_``.
        """
        fitted = self._fitted(graph)
        if not hasattr(fitted, "dimension_pw_") and hasattr(fitted, "fit_pw"):
            self._run(fitted.fit_pw, self._points(graph))
        if not hasattr(fitted, "dimension_pw_"):
            raise InputError(f"{self.name} has no local form: its fit leaves no dimension_pw_")
        values = np.asarray(fitted.dimension_pw_, dtype=np.float64)
        if values.shape != (graph.n_samples,):
            raise InputError(
                f"{self.name} left dimension_pw_ of shape {values.shape}, one number for each of "
                f"{counted(graph.n_samples, 'point')} is needed"
            )
        return self._local_answer(np.where(np.isfinite(values) & (values > 0), values, np.nan))

    def _fitted(self, graph: NeighborGraph) -> Any:
        fitted = copy.deepcopy(self.estimator)
        self._run(fitted.fit, self._points(graph))
        if not hasattr(fitted, "dimension_"):
            raise InputError(
                f"{self.name} has no dimension_ after fit: give an estimator of dimensions, as "
                "scikit-dimension's are"
            )
        return fitted

    def _points(self, graph: NeighborGraph) -> Float64[np.ndarray, "n d"]:
        """The rows that the graph has kept, as values of the input."""
        points = points_of(graph, self.name).take(graph.original_rows)
        return np.asarray(np.hstack(list(points.column_blocks())) * points.length_unit)

    def _run(self, fit: Any, x: Float64[np.ndarray, "n d"]) -> None:
        try:
            fit(x)
        except Exception as error:  # whatever another library raises
            raise InputError(
                f"{self.name} failed on {counted(len(x), 'point')}: {type(error).__name__}: {error}"
            ) from error

    def _number(self, answer: Any) -> float:
        try:
            return float(answer)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"{self.name} left {answer!r} in dimension_, where a number is needed"
            ) from error


def is_external(candidate: Any) -> bool:
    """Whether something that is no estimator of ours can be fitted as one."""
    return callable(getattr(candidate, "fit", None))


def _parameters(estimator: Any) -> dict[str, Any]:
    return dict(estimator.get_params()) if hasattr(estimator, "get_params") else {}
