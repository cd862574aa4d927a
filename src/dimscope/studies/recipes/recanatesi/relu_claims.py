"""Verdicts and figure on random ReLU features, beside their closed form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64
from numpy.typing import ArrayLike
from scipy import stats

from dimscope.studies.claims import Claim, agrees, decreases
from dimscope.studies.intervals import mean_interval, ratio_said
from dimscope.studies.recipes.recanatesi.relu_features import LIMIT, expected_factor

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ALLOWED = 0.01  # of the factor


@dataclass(frozen=True, kw_only=True, eq=False)
class _Draws:
    """A column of the rows, a row for each draw.

    Attributes
    ----------
    dimensions
        Of the Gaussian of each draw.
    widths
        Numbers of features, increasing.
    values
        One for each draw and width.
    """

    dimensions: Int64[np.ndarray, " draws"]
    widths: Int64[np.ndarray, " widths"]
    values: Float64[np.ndarray, "draws widths"]

    @classmethod
    def of(cls, frame: pd.DataFrame, column: str) -> _Draws:
        table = frame.pivot_table(
            index=["dimension", "seed"], columns="width", values=column, dropna=False
        )
        return cls(
            dimensions=table.index.get_level_values("dimension").to_numpy(dtype=np.int64),
            widths=table.columns.to_numpy(dtype=np.int64),
            values=table.to_numpy(dtype=np.float64),
        )


def relu_claims(frame: pd.DataFrame) -> list[Claim]:
    """The factor of the participation ratio against its closed form, and that of TwoNN."""
    corrected, of_width = _Draws.of(frame, "factor"), _Draws.of(frame, "factor_of_width")
    dimensions, n = corrected.dimensions, len(corrected.dimensions)
    widest = corrected.values[:, -1]
    expected = np.array([expected_factor(int(d)) for d in dimensions])
    # the closed form is 1.859 (1 - 3 / pi^2 (d + 2)) up to higher orders
    line = stats.linregress(1 / (dimensions + 2), widest)
    half = float(line.intercept_stderr * stats.t.ppf(0.975, n - 2))
    finite = [[expected_factor(int(d), int(w)) for w in of_width.widths] for d in dimensions]
    reach = f"d = {dimensions.min()} to {dimensions.max()}"
    return [
        agrees(
            f"random ReLU features multiply the linear dimension (PR) by the closed form, {reach}: "
            "measured over expected",
            *_mean_and_half(widest / expected), 1.0, _ALLOWED, n_seeds=n, any_budget=True,
        ).of(9),
        agrees(
            f"for d without bound the factor is 4 (1 - 1/pi)^2 = {LIMIT:.4g}",
            float(line.intercept), half, LIMIT, _ALLOWED * LIMIT, n_seeds=n, any_budget=True,
        ).of(9),
        agrees(
            f"of {of_width.widths[0]} to {of_width.widths[-1]} features, it is less by the closed "
            "form: measured over expected",
            *_mean_and_half((of_width.values / finite).mean(axis=1)), 1.0, _ALLOWED,
            n_seeds=n, any_budget=True,
        ).of(9),
        _local_claim(frame, widest),
    ]  # fmt: skip


def _mean_and_half(values: ArrayLike) -> tuple[float, float]:
    mean, _, high = mean_interval(values)
    return mean, high - mean


def _local_claim(frame: pd.DataFrame, linear: Float64[np.ndarray, " draws"]) -> Claim:
    before, after = (_Draws.of(frame, f"two_nn_{when}") for when in ("before", "after"))
    local = np.log(after.values[:, -1] / before.values[:, -1])
    by_dimension = ", ".join(
        f"{ratio_said(local[before.dimensions == d])} at d = {d}"
        for d in np.unique(before.dimensions)
    )
    claim = decreases(
        "random ReLU features multiply the local dimension (TwoNN) by less than the linear one",
        np.stack([np.log(linear), local], axis=1),
    )
    return replace(claim, ours=by_dimension, any_budget=True).of(9)


def draw_relu(frame: pd.DataFrame) -> Axes:
    """Draw the factor against the dimension, for each width and corrected for it."""
    from dimscope.plots import StudyCurve, plot_study_curves  # noqa: PLC0415 - loads when needed

    of_width, corrected = _Draws.of(frame, "factor_of_width"), _Draws.of(frame, "factor")
    dimensions = [int(d) for d in np.unique(of_width.dimensions)]
    shown = [
        (f"{width} features", of_width.values[:, i], int(width))
        for i, width in enumerate(of_width.widths)
    ]
    curves = []
    for label, values, width in (
        *shown,
        ("corrected for the width", corrected.values[:, -1], None),
    ):
        groups = [values[of_width.dimensions == d] for d in dimensions]
        curves += [
            StudyCurve(
                label,
                dimensions,
                [float(group.mean()) for group in groups],
                [float(group.std()) for group in groups],
            ),
            StudyCurve(
                "its closed form",
                dimensions,
                [expected_factor(d, width) for d in dimensions],
                is_published=True,
            ),
        ]
    return plot_study_curves(
        curves,
        title="Random ReLU features: participation ratio over that of the Gaussian",
        x_label="dimension of the Gaussian",
        y_label="factor",
        logarithmic="x",
    )
