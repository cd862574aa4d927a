"""What tangent spectra say of every layer, as numbers and as rows of tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy import stats

from dimscope.controls.derivatives import How
from dimscope.results import Layer, Note, Quantity, Subject, Tables, Value

#: What is said of a spectrum: registry names with titles.
TANGENT_METHODS: Mapping[str, str] = {
    "tangent_rank": "Tangent rank",
    "tangent_participation_ratio": "Tangent participation ratio",
    "tangent_log_volume": "Log-volume of tangents",
    "tangent_largest_stretch": "Largest stretch",
    "tangent_smallest_stretch": "Smallest stretch",
}
#: What is said beside, where second derivatives were taken.
BEND_METHODS: Mapping[str, str] = {
    "tangent_curvature": "Normal curvature",
    "tangent_turning": "Turning of tangents",
}
_OF_POSITIVE = ("tangent_log_volume", "tangent_smallest_stretch")
_NEAR = 3.0  # a singular value within this factor of the threshold makes the rank uncertain


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerTangents:
    """The tangent spectra of one layer at some points.

    Attributes
    ----------
    layer, index, relative_depth, n_features, pooling
        The layer, its order of execution and its depth; the width of its representation, and what
        made that of its activation.
    singular_values
        Of the derivative of the representation by the coordinates, the largest first; nan at points
        where a derivative is not finite.
    rank_threshold
        At each point the share of the largest singular value that others must exceed to count: what
        rounding leaves of a value that is zero.
    curvatures, turnings
        The normal curvature of the layer's image along random directions, in units of one over
        those of the layer, and the angle by which it turns per unit of the coordinates; nan where
        the layer does not change.
    notes
        What a reader must know of this layer.
    kinks
        What a reader must know of second derivatives.
    """

    layer: str
    index: int
    relative_depth: float | None
    n_features: int
    pooling: str
    singular_values: Float[np.ndarray, "n_points n_directions"]
    rank_threshold: Float[np.ndarray, " n_points"]
    curvatures: Float[np.ndarray, "n_points n_bends"]
    turnings: Float[np.ndarray, "n_points n_bends"]
    notes: tuple[Note, ...] = ()
    kinks: tuple[Note, ...] = ()

    @property
    def rank(self) -> Float[np.ndarray, " n_points"]:
        """How many singular values count: the true local dimension; nan where unknown."""
        counts = self._counted.sum(1).astype(float)
        return np.where(self._known, counts, np.nan)

    @property
    def participation_ratio(self) -> Float[np.ndarray, " n_points"]:
        """How many directions act, (sum s^2)^2 / sum s^4; nan where none does."""
        with np.errstate(invalid="ignore"):
            squares = (self.singular_values / self.singular_values[:, :1]) ** 2
        ratio: np.ndarray = squares.sum(1) ** 2 / (squares**2).sum(1)
        return ratio

    @property
    def largest_stretch(self) -> Float[np.ndarray, " n_points"]:
        """The largest singular value, in units of the layer per unit of the coordinates."""
        values: np.ndarray = self.singular_values[:, 0]
        return values

    @property
    def smallest_stretch(self) -> Float[np.ndarray, " n_points"]:
        """The smallest of the singular values that count; nan where none does."""
        values = np.where(self._counted, self.singular_values, np.inf).min(1)
        return np.where(np.isfinite(values), values, np.nan)

    @property
    def log_volume(self) -> Float[np.ndarray, " n_points"]:
        """The sum of ln s over the singular values that count; nan where none does."""
        logs = np.log(np.where(self._counted, self.singular_values, 1.0)).sum(1)
        return np.where(self._counted.any(1), logs, np.nan)

    @property
    def curvature(self) -> Float[np.ndarray, " n_points"]:
        """The mean normal curvature over the directions; nan where it is unknown along one."""
        mean: np.ndarray = self.curvatures.mean(1)
        return mean

    @property
    def turning(self) -> Float[np.ndarray, " n_points"]:
        """The mean turning over the directions; nan where it is unknown along one."""
        mean: np.ndarray = self.turnings.mean(1)
        return mean

    @property
    def methods(self) -> Mapping[str, str]:
        """What can be said, with titles."""
        return {**TANGENT_METHODS, **(BEND_METHODS if self.curvatures.shape[1] else {})}

    def of(self, method: str) -> Float[np.ndarray, " n_points"]:
        """What one of the methods says at each point."""
        values: np.ndarray = getattr(self, method.removeprefix("tangent_"))
        return values

    @property
    def _known(self) -> np.ndarray:
        known: np.ndarray = np.isfinite(self.singular_values).all(1)
        return known

    @cached_property
    def _counted(self) -> np.ndarray:
        values = self.singular_values
        counted: np.ndarray = values > self.rank_threshold[:, None] * values[:, :1]
        return counted

    def notes_on(self, method: str) -> Iterator[Note]:
        """What a reader must know of what a method says."""
        yield from self.notes
        if method in BEND_METHODS:
            yield from (note for note in self.kinks if note not in self.notes)
        n_points, n_directions = self.singular_values.shape
        n_unknown = n_points - int(self._known.sum())
        if n_unknown:
            yield Note(
                "left_out", f"Derivatives are not finite at {n_unknown} of {n_points} points."
            )
        fewer = self._known & (self._counted.sum(1) < n_directions)
        if method in _OF_POSITIVE and fewer.any():
            yield Note(
                "fewer_directions",
                f"At {int(fewer.sum())} of {n_points} points fewer than {n_directions} directions "
                "act; the others, of stretch zero, are not included.",
            )
        near = self._near_threshold()
        if near and method in ("tangent_rank", *_OF_POSITIVE):
            yield Note(
                "limit",
                f"At {near} of {n_points} points a singular value lies within a factor of "
                f"{_NEAR:g} of what rounding leaves of zero ({number_of(self.rank_threshold)} of "
                'the largest), so that the rank is uncertain: try dtype="float64".',
            )

    def _near_threshold(self) -> int:
        """At how many points a singular value lies near the threshold."""
        limits = self.rank_threshold[:, None] * self.singular_values[:, :1]
        values = self.singular_values
        near = (values < _NEAR * limits) & (_NEAR * values > limits)
        return int(near.any(1).sum())


def number_of(values: np.ndarray) -> str:
    """The median of some small numbers."""
    return f"{np.nanmedian(values):.1g}"


@dataclass(frozen=True, kw_only=True, eq=False)
class TangentSpectra:
    """What a network does to the tangent space of a family of inputs, layer by layer.

    Attributes
    ----------
    family
        Name of the family, or of the first of several.
    points
        The coordinates at which derivatives were taken.
    n_families
        How many families the points are of, with equally many points each, one after the other.
    layers
        The layers in order of execution.
    dtype
        The floating-point type in which the network ran.
    how
        ``"forward mode"`` or ``"finite differences"``.
    notes
        What a reader must know of all layers.
    left_out
        What the choice of layers stands for but cannot be measured, with the reasons.
    """

    family: str
    points: Float[np.ndarray, "n_points n_directions"]
    n_families: int
    layers: tuple[LayerTangents, ...]
    dtype: str
    how: How
    notes: tuple[Note, ...]
    left_out: Mapping[str, str]

    @property
    def dimension(self) -> int:
        """How many directions the family has."""
        return int(self.points.shape[1])

    @property
    def n_points(self) -> int:
        """At how many points derivatives were taken."""
        return len(self.points)

    def values(self, subject: Subject) -> tuple[Value, ...]:
        """What every layer's spectra say, with their mean over points and its error.

        Parameters
        ----------
        subject
            The model, the step and the sample; layer and pooling follow.

        Returns
        -------
        tuple
            For each layer a row for each of its methods. The error is the standard error of
            the mean over points (over families, where there are several), the interval that of
            Student's distribution; the error kind is None, as neither is the error of an estimate:
            at each point the values are exact.
        """
        return tuple(
            self._value(own, method, subject) for own in self.layers for method in own.methods
        )

    def _value(self, own: LayerTangents, method: str, subject: Subject) -> Value:
        values = own.of(method)
        known = values[np.isfinite(values)]
        notes = tuple(own.notes_on(method))
        quantity = Quantity.of(
            method,
            "other",
            title=own.methods[method],
            setting="dtype=float64" if self.dtype == "float64" else "",
        )
        stderr, low, high = self._error(values)
        return Value(
            subject=replace(subject, layer=own.layer, pooling=own.pooling),
            quantity=quantity,
            value=float(known.mean()) if len(known) else None,
            stderr=stderr,
            low=low,
            high=high,
            n_samples=len(known) or self.n_points,
            n_groups=self.n_families if self.n_families > 1 else None,
            notes=notes,
            problem=None if len(known) else "No direction acts at any point.",
        )

    def _error(self, values: np.ndarray) -> tuple[float | None, float | None, float | None]:
        """The standard error of the mean over points or families, and its 95 % interval."""
        if self.n_families > 1:
            own = values.reshape(self.n_families, -1)
            values = np.array(
                [row[np.isfinite(row)].mean() for row in own if np.isfinite(row).any()]
            )
        values = values[np.isfinite(values)]
        if len(values) < 2:
            return None, None, None
        stderr = float(values.std(ddof=1) / len(values) ** 0.5)
        mean, reach = float(values.mean()), stderr * float(stats.t.ppf(0.975, len(values) - 1))
        return stderr, mean - reach, mean + reach

    def tables(self, subject: Subject) -> Tables:
        """The rows of `values` with their layers, as tables that can be plotted."""
        place = {name: getattr(subject, name) for name in ("model", "step", "data")}
        layers = [
            Layer(
                **place,
                layer=own.layer,
                pooling=own.pooling,
                index=own.index,
                relative_depth=own.relative_depth,
                n_features=own.n_features,
            )
            for own in self.layers
        ]
        return Tables.of({"layers": layers, "values": self.values(subject)})

    def to_frame(self) -> pd.DataFrame:
        """One row for each layer: means and standard deviations over points."""
        return pd.DataFrame([self._row(own) for own in self.layers])

    def _row(self, own: LayerTangents) -> dict[str, Any]:
        row: dict[str, Any] = {
            "layer": own.layer,
            "layer_index": own.index,
            "relative_depth": own.relative_depth,
            "n_features": own.n_features,
            "n_points": self.n_points,
            "rank_threshold": float(np.nanmedian(own.rank_threshold)),
        }
        for method in own.methods:
            values = own.of(method)
            known = values[np.isfinite(values)]
            name = method.removeprefix("tangent_")
            row[name] = float(known.mean()) if len(known) else np.nan
            row[f"{name}_sd"] = float(known.std(ddof=1)) if len(known) > 1 else np.nan
        return row
