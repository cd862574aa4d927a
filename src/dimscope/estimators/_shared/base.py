"""What every estimator is: parameters, a pure `estimate`, and scikit-learn's `fit` around it."""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self, final

import numpy as np
from jaxtyping import Float64

from dimscope._deprecated import renamed_parameters
from dimscope._parameters import check_types
from dimscope.errors import InputError
from dimscope.estimators._shared.dependence import normal_interval
from dimscope.estimators._shared.even_spacing import spacing_notes
from dimscope.estimators._shared.kin import dependence_notes
from dimscope.estimators._shared.notes import (
    above_features_notes,
    discrete_notes,
    index_notes,
    outlier_notes,
    rounding_notes,
)
from dimscope.estimators.responses import shipped_ceiling
from dimscope.measurement import (
    Ceiling,
    Known,
    Representation,
    VectorStatistic,
    checked_against_features,
    measure,
)
from dimscope.neighbors import LocalEngine, NeighborGraph, Resources
from dimscope.results import DimensionEstimate, ErrorKind, Family, LocalEstimate, Note, Quantity
from dimscope.spectra import Spectrum


class Estimator(ABC):
    """Base of all estimators: a keyword-only dataclass whose fields are its parameters.

    Subclasses are final. `estimate` is pure; only `fit` sets attributes, all ending in ``_``.
    `dimscope.testing.check_estimator` checks a class against all that is expected of one.

    An estimator of another package derives from `NeighborEstimator` or `SpectrumEstimator`. The
    protected methods named there are meant for such subclasses, and kept as stable as public ones.

    Attributes
    ----------
    name
        What it is called in the registry and in tables.
    title
        What it is called in figures and reports; the words of its name by default.
    family
        What it sees: ``"intrinsic"`` (distances and angles), ``"linear"`` (variances) or
        ``"other"``.
    needs
        What `estimate` takes: a `NeighborGraph` (``"graph"``) or a `Spectrum` (``"spectrum"``).
    data
        What values it is for: real numbers (``"continuous"``), ``"integers"``, or two values
        (``"bits"``).
    error_kind
        Where its errors come from: ``"theory"`` or ``"posterior"`` if simulation has shown that its
        own intervals hold, else ``"blocks"``, the scatter over disjoint blocks of points.
    block_error_range
        Smallest and largest ratio of the blocks' error to the true scatter in simulation; None
        where this was not simulated.
    cheap_in_blocks
        False where an estimate may cost much however few the points are. Blocks are then measured
        only on request, and where a decimation measures them anyway.
    """

    name: ClassVar[str]
    title: ClassVar[str] = ""
    family: ClassVar[Family] = "intrinsic"
    error_kind: ClassVar[ErrorKind] = "blocks"
    block_error_range: ClassVar[tuple[float, float] | None] = None
    cheap_in_blocks: ClassVar[bool] = True
    needs: ClassVar[Literal["graph", "spectrum"]]
    data: ClassVar[Literal["continuous", "integers", "bits"]] = "continuous"

    def __post_init__(self) -> None:
        """Refuse parameters of the wrong type.

        Raises
        ------
        InputTypeError
            If a parameter is not of the type of its field.
        """
        self._check_types(self.get_params())

    def _check_types(self, parameters: Mapping[str, Any]) -> None:
        types = {f.name: f.type for f in dataclasses.fields(self)}  # type: ignore[arg-type]
        check_types(parameters, types, type(self).__module__)

    @abstractmethod
    def estimate(self, known: Any, /) -> DimensionEstimate:
        """The dimension, from the graph or the spectrum of the points."""

    @renamed_parameters(device="search_device")
    def fit(
        self,
        x: Any,
        y: Any = None,  # noqa: ARG002 - scikit-learn passes y
        *,
        n_jobs: int | None = None,
        search_device: str | None = None,
    ) -> Self:
        """Estimate the dimension of ``x`` and keep it in ``dimension_`` and ``estimate_``.

        The estimate and its error are those of `dimscope.estimate`.

        Parameters
        ----------
        x
            Shape (n_samples, n_features): array, tensor, data frame or array on disk; or a
            `NeighborGraph`.
        y
            Ignored.
        n_jobs, search_device
            As in `NeighborGraph.from_points`.

        Raises
        ------
        InputError
            If ``x`` cannot be used, or `estimate` raises it.
        """
        engine = LocalEngine(Resources(n_jobs, search_device))
        representation = Representation.of(x, engine=engine)
        found = measure(representation, {self.name: self}).or_error()
        self.estimate_ = found.estimates[self.name]
        self.dimension_ = self.estimate_.value
        self.n_features_in_ = representation.n_features
        return self

    @property
    def setting(self) -> str:
        """The parameters that are not at their defaults, such as ``"n_neighbors=20"``."""
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        changed = [f for f in fields if getattr(self, f.name) != f.default]
        return ", ".join(f"{f.name}={getattr(self, f.name)}" for f in changed)

    @property
    def quantity(self) -> Quantity:
        """What it measures, with which setting."""
        return Quantity.of(self.name, self.family, title=self.title, setting=self.setting)

    def ceiling(self, n_samples: int) -> Ceiling | None:
        """The largest value that this many points resolve; None where that was not simulated."""
        return shipped_ceiling(self.quantity.key, n_samples)

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 - scikit-learn's
        """The parameters by name, as scikit-learn's ``clone`` and searches ask for them."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]

    def set_params(self, **parameters: Any) -> Self:
        """Change parameters by name.

        Raises
        ------
        InputError
            If a name is not a parameter of this estimator, or a value has the wrong type.
        """
        known = self.get_params()
        for name in parameters:
            if name not in known:
                raise InputError(
                    f"{type(self).__name__} has no parameter {name!r}: it has "
                    f"{', '.join(known) or 'none'}"
                )
        self._check_types(parameters)
        for name, value in parameters.items():
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self) -> Any:
        """scikit-learn's description of an estimator; only scikit-learn calls this."""
        from sklearn.utils import InputTags, Tags, TargetTags  # noqa: PLC0415

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            input_tags=InputTags(sparse=True),
        )


class NeighborEstimator(Estimator):
    """Base of the estimators that see a representation only through its nearest neighbours.

    Subclasses, those of other packages too, build their results with three protected methods:
    `_check` refuses a graph with too few neighbours, `_answer` makes the estimate, and
    `_local_answer` that of a dimension for every point.
    """

    needs: ClassVar[Literal["graph", "spectrum"]] = "graph"

    @property
    @abstractmethod
    def n_neighbors_needed(self) -> int:
        """Neighbours that `estimate` uses of each point."""

    @abstractmethod
    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The dimension of the points of ``graph``.

        Raises
        ------
        InputError
            If the graph has too few neighbours or points for it.
        """

    def _answer(  # noqa: PLR0913 - the parts of an estimate
        self,
        graph: NeighborGraph,
        *,
        value: float | None,
        stderr: float | None,
        interval: tuple[float, float] | None = None,
        scale: float | None,
        n_samples: int,
        notes: tuple[Note, ...],
        ranks: tuple[int, int],
    ) -> DimensionEstimate:
        """Build the estimate from its value and what all neighbour estimators report.

        Without an ``interval`` it is the normal one of ``stderr``. ``ranks`` are the first and the
        last neighbour used, n1 and n2. Warnings are added to ``notes`` if distances up to n2 look
        discrete, if the points are evenly spaced, or if the interval lies above the features.

        Raises
        ------
        InputError
            If evenly spaced points rule all ranks used, or the value is above twice the features.
        """
        estimate = DimensionEstimate(
            value=value,
            stderr=stderr,
            interval=interval or normal_interval(value, stderr),
            scale=scale,
            n_samples=n_samples,
            n_duplicates=graph.n_duplicates,
            n_near_copies=graph.n_near_copies,
            n_groups=graph.n_groups,
            notes=notes
            + discrete_notes(graph, ranks[1])
            + (() if isinstance(self, VectorStatistic) else spacing_notes(graph, ranks[1]))
            + dependence_notes(graph, stderr),
            error_kind=None if stderr is None else self.error_kind,
            method=self.name,
            parameters=self.get_params() | {"n1": ranks[0], "n2": ranks[1]},
        )
        return checked_against_features(estimate, graph.n_features)

    def _local_answer(self, values: Float64[np.ndarray, " n_samples"]) -> LocalEstimate:
        """Build the estimate of a dimension for every point, nan where there is none."""
        return LocalEstimate(
            values=values,
            n_neighbors=self.n_neighbors_needed,
            method=self.name,
            parameters=self.get_params(),
            title=self.title or None,
        )

    def _check(self, graph: NeighborGraph) -> None:
        """Raise an `InputError` if the graph has fewer than `n_neighbors_needed` neighbours."""
        if graph.n_neighbors < self.n_neighbors_needed:
            raise InputError(
                f"{self.name} needs {self.n_neighbors_needed} neighbours of each point, the graph "
                f"has {graph.n_neighbors}: build it with n_neighbors={self.n_neighbors_needed}"
            )


class KNeighborEstimator(NeighborEstimator):
    """Base of those that use ``n_neighbors`` neighbours of each point, a parameter of theirs."""

    n_neighbors: int

    @property
    @final
    def n_neighbors_needed(self) -> int:
        """Neighbours that `estimate` uses of each point: ``n_neighbors``."""
        return self.n_neighbors


class SpectrumEstimator(Estimator):
    """Base of the linear estimators, which see only the eigenvalues of the covariance.

    Subclasses, those of other packages too, make their estimate with the protected `_answer`.
    """

    family: ClassVar[Family] = "linear"
    needs: ClassVar[Literal["graph", "spectrum"]] = "spectrum"

    @abstractmethod
    def estimate(self, spectrum: Spectrum) -> DimensionEstimate:
        """The linear dimension of the points of ``spectrum``.

        Raises
        ------
        InputError
            If the representation is constant or has too few samples.
        """

    def _answer(
        self,
        spectrum: Spectrum,
        *,
        value: float | None,
        stderr: float | None = None,
        notes: tuple[Note, ...] = (),
    ) -> DimensionEstimate:
        """Build the estimate from its value and what all linear estimators report.

        Without ``stderr`` it has no error; with it, the interval is the normal one. Rows that alone
        move the value are named in a note, with the value that the others give.
        """
        notes = (
            rounding_notes(math.sqrt(2 * spectrum.trace), spectrum.rounding)
            + notes
            + above_features_notes(value, spectrum)
            + outlier_notes(value, spectrum, self.estimate)
            + index_notes(spectrum.points)
        )
        return DimensionEstimate(
            value=value,
            stderr=stderr,
            interval=normal_interval(value, stderr),
            scale=None,
            n_samples=spectrum.n_samples,
            n_duplicates=0,
            notes=notes,
            error_kind=None if stderr is None else self.error_kind,
            method=self.name,
            parameters=self.get_params(),
        )


def apply_estimator(estimator: Estimator, statistic: Known) -> DimensionEstimate:
    """Run ``estimator`` on the graph or spectrum that it needs.

    Raises
    ------
    InputError
        If it needs the other of the two, or the estimator itself raises it.
    """
    if isinstance(estimator, NeighborEstimator) and isinstance(statistic, NeighborGraph):
        return estimator.estimate(statistic)
    if isinstance(estimator, SpectrumEstimator) and isinstance(statistic, Spectrum):
        return estimator.estimate(statistic)
    raise InputError(f"{estimator.name} cannot be estimated from a {type(statistic).__name__}")
