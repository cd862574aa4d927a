"""Dimension against scale by several methods, and the plateau on which they settle, if any."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from dimscope._format import in_groups, number, with_error
from dimscope.results.curves import ScaleCurve
from dimscope.results.documents import plain

#: A plateau spans at least so many values. Between values the rank doubles: a factor of 8 in all.
LEAST_VALUES = 4
#: The share by which the dimension may change along a plateau.
TOLERANCE = 0.1

_COLUMNS = ("method", "n1", "n2", "n_points", "scale", "value", "stderr", "on_plateau")


@dataclass(frozen=True, kw_only=True)
class Plateau:
    """A range of scales over which the dimension does not change.

    Attributes
    ----------
    value
        Mean of the dimensions on it. Their errors do not weight the mean: they are smallest at the
        upper end, where curvature and edges begin.
    stderr
        Mean of their standard errors, an upper bound: neighbouring scales share their points, so
        averaging over scales is not assumed to reduce the error. On flat tori of 2 dimensions with
        600 points it is three times the scatter of ``value``.
    lowest, highest
        The extreme dimensions on it.
    scales
        Its ends, in the units of the input.
    ranks
        The outer neighbour ranks n2 of its ends.
    others
        Mean dimension between the same two scales by each other method.
    """

    value: float
    stderr: float
    lowest: float
    highest: float
    scales: tuple[float, float]
    ranks: tuple[int, int]
    others: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        low, high = map(number, self.scales)
        also = "".join(f"; {method} {number(value)}" for method, value in self.others.items())
        return (
            f"{with_error(self.value, self.stderr)} on the plateau from scale {low} to {high} "
            f"(n2 = {self.ranks[0]} to {self.ranks[1]}){also}"
        )


@dataclass(frozen=True, kw_only=True)
class ScaleCurves:
    """Dimension against scale by several methods, and the plateau if there is one.

    Attributes
    ----------
    curves
        One curve for each method; the plateau is sought on the first.
    plateau
        The longest range of scales on which the dimension of the first curve does not change by
        more than ``tolerance``; None where there is none.
    verdict
        The plateau, or why there is none, in words.
    tolerance
        The share by which the dimension may change along a plateau.
    n_samples, n_duplicates, n_near_copies
        As in `DimensionEstimate`.
    notes
        What a careful reader must know, in sentences.
    n_groups
        Groups of rows that depend on each other; None where rows are taken as independent.
    """

    curves: tuple[ScaleCurve, ...]
    plateau: Plateau | None
    verdict: str
    tolerance: float
    n_samples: int
    n_duplicates: int
    notes: tuple[str, ...] = ()
    n_near_copies: int | None = None
    n_groups: int | None = None

    def to_frame(self) -> pd.DataFrame:
        """A row for each method and scale; unknown values are missing."""
        parts = [
            pd.DataFrame(
                {
                    "method": curve.method,
                    "n1": curve.n1,
                    "n2": curve.n2,
                    "n_points": curve.sizes,
                    "scale": curve.scales,
                    "value": curve.values,
                    "stderr": curve.stderrs,
                    "on_plateau": self.plateau is not None and within(curve, self.plateau.scales),
                }
            )
            for curve in self.curves
        ]
        return pd.concat(parts, ignore_index=True)[list(_COLUMNS)]

    def to_dict(self) -> dict[str, Any]:
        """Every field, ready for JSON; the curves as a list of rows."""
        fields = {name: plain(getattr(self, name)) for name in self.__dataclass_fields__}
        plateau = self.plateau
        fields["plateau"] = None if plateau is None else plain(vars(plateau))
        fields["curves"] = [plain(row) for row in self.to_frame().to_dict("records")]
        return fields

    def __str__(self) -> str:
        return f"{self.verdict} (N = {in_groups(self.n_samples, self.n_groups)})"


def within(curve: ScaleCurve, scales: tuple[float, float]) -> Bool[np.ndarray, " n_scales"]:
    """Whether each scale of a curve lies between two scales, these included."""
    return np.asarray((curve.scales >= scales[0]) & (curve.scales <= scales[1]))


def find_plateau(curve: ScaleCurve, tolerance: float = TOLERANCE) -> Plateau | None:
    """Find the longest range of scales, in ln r, over which the dimension does not change.

    A range of `LEAST_VALUES` or more values qualifies if every two of them differ by at most
    ``tolerance`` times their mean, or by at most two standard errors of their difference, and if
    the error of each is at most half of the tolerance, so that a drift would be seen. A value whose
    error is unknown takes the last known one (see `known_errors`).

    The criterion is agreement, not a significance test of the slope: as N grows, the small bias of
    curvature becomes significant, and a test would then find no plateau; the tolerance says how
    flat a plateau must be. Length is measured in ln r, not in ranks: where noise fills 10
    dimensions below the scale of a surface, eight times the neighbours reach 1.2 times as far in
    the noise and 2.8 times as far on the surface.
    """
    errors = known_errors(curve)
    ranges = [
        slice(first, last + 1)
        for first, last in itertools.combinations(range(len(curve.values)), 2)
        if last - first + 1 >= LEAST_VALUES
        and _is_flat(curve.values[first : last + 1], errors[first : last + 1], tolerance)
    ]
    if not ranges:
        return None
    best = max(ranges, key=lambda part: curve.scales[part][-1] / curve.scales[part][0])
    values = curve.values[best]
    return Plateau(
        value=float(values.mean()),
        stderr=float(errors[best].mean()),
        lowest=float(values.min()),
        highest=float(values.max()),
        scales=(float(curve.scales[best][0]), float(curve.scales[best][-1])),
        ranks=(int(curve.n2[best][0]), int(curve.n2[best][-1])),
    )


def known_errors(curve: ScaleCurve) -> Float[np.ndarray, " n_scales"]:
    """The standard errors of a curve; an unknown one takes the last known one before it.

    Gride gives none beyond n2 = 128. On flat tori of 1 to 10 dimensions with 1,000 points its
    values scatter by 0.3 % to 0.5 % at n2 = 256 and by 0.2 % to 0.3 % at n2 = 512, no more than
    the 0.5 % that it states at 128. Where no earlier error is known, the error is infinite.
    """
    errors = np.where(np.isfinite(curve.stderrs), curve.stderrs, np.inf)
    for i in range(1, len(errors)):
        if not np.isfinite(curve.stderrs[i]):
            errors[i] = errors[i - 1]
    return np.asarray(errors)


def why_no_plateau(curve: ScaleCurve, tolerance: float = TOLERANCE) -> str:
    """Say what a curve without a plateau does instead."""
    values = curve.values[np.isfinite(curve.values)]
    if len(values) < LEAST_VALUES:
        return (
            f"no plateau: {len(values)} scales are too few to tell, at least {LEAST_VALUES} are "
            "needed"
        )
    sure = known_errors(curve) <= tolerance / 2 * np.abs(curve.values)
    if sure.sum() < LEAST_VALUES:
        return (
            f"no plateau: only {int(sure.sum())} of {len(values)} values are known to "
            f"{tolerance / 2:.0%}, too few to tell; take more points"
        )
    return f"no plateau: the dimension {_course(values, known_errors(curve))} over the scales seen"


def _course(values: Float[np.ndarray, " n"], errors: Float[np.ndarray, " m"]) -> str:
    """Describe values from end to end, by way of an extreme that noise does not explain."""
    first, last = float(values[0]), float(values[-1])
    verbs = "falls", "rises"
    for extreme, (away, back) in (
        (float(values.min()), verbs),
        (float(values.max()), verbs[::-1]),
    ):
        if min(abs(extreme - first), abs(extreme - last)) > 2 * math.sqrt(2) * float(errors.max()):
            return (
                f"{away} from {number(first)} to {number(extreme)}, then {back} to {number(last)},"
            )
    return f"{verbs[last > first]} from {number(first)} to {number(last)}"


def mean_within(curve: ScaleCurve, scales: tuple[float, float]) -> float | None:
    """The mean value of a curve between two scales, these included; None without any value."""
    values = curve.values[within(curve, scales) & np.isfinite(curve.values)]
    return float(values.mean()) if len(values) else None


def _is_flat(
    values: Float[np.ndarray, " n"], errors: Float[np.ndarray, " n"], tolerance: float
) -> bool:
    mean = float(values.mean())
    if not (math.isfinite(mean) and (errors <= tolerance / 2 * mean).all()):
        return False
    differences = np.abs(values[:, None] - values)
    allowed = np.maximum(tolerance * mean, 2 * np.hypot(errors[:, None], errors))
    return bool((differences <= allowed).all())
