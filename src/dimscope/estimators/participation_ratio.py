"""Participation ratio: how many directions the variance fills evenly, corrected for the sample.

Chun et al., arXiv 2509.26560 (2026).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, final

import numpy as np

from dimscope.errors import InputError
from dimscope.estimators._shared.base import SpectrumEstimator
from dimscope.estimators._shared.checks import require_variance
from dimscope.estimators._shared.notes import few_samples_notes
from dimscope.results import DimensionEstimate, ErrorKind, Note
from dimscope.spectra import Spectrum, distinct_averages

_ROUNDING = 1e-10  # unbiased sums below this share of the naive ones are rounding errors


@final
@dataclass(kw_only=True)
class ParticipationRatio(SpectrumEstimator):
    """(sum of eigenvalues)^2 / (sum of squared eigenvalues) of the covariance.

    The naive ratio is biased by the sample: E[1/PR] is about 1/P + 1/PR for P samples, and 1/Q
    more where the Q features are themselves a sample of a population. The corrected ratio divides
    unbiased estimates of numerator and denominator, averages over *distinct* rows (and distinct
    columns), after Chun et al., arXiv 2509.26560 (2026). In terms of the centred Gram matrix these
    averages need only its trace, its squared norm and the squares of its diagonal.

    Blind to curvature: a curved line can fill many directions. Cost: a pass over the rows after the
    spectrum, for the error, or over the Gram matrix where that is what the spectrum holds.

    Parameters
    ----------
    correction
        ``"rows"`` (default) for a finite sample of rows, ``"rows_and_columns"`` where the features
        are a sample of a larger population too (neurons recorded out of many), ``"none"``.

    Notes
    -----
    The standard error of ``"rows"`` is that of the infinitesimal jackknife, by what each row adds
    to numerator and denominator. It is the scatter of samples to 20 % where the variances of the
    directions differ; up to 1.5 times as large where all are equal, as then only pairs of rows tell
    anything; and up to 20 % too small for tails as heavy as Student's t with 5 degrees of freedom.
    The other forms have none: without the correction most of the error is bias, and the same
    formula gives up to 2.5 times the scatter; where the features are a sample, they scatter too.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(50, 100))
    >>> naive = ParticipationRatio(correction="none").fit(x).dimension_
    >>> round(naive), round(ParticipationRatio().fit(x).dimension_ / 100, 1)
    (33, 1.0)
    """

    name: ClassVar[str] = "participation_ratio"
    title: ClassVar[str] = "Participation ratio"
    correction: Literal["rows", "rows_and_columns", "none"] = "rows"

    @property
    def error_kind(self) -> ErrorKind:  # type: ignore[override]  # it depends on the correction
        """``"theory"`` for ``"rows"``; the other forms have no error of their own."""
        return "theory" if self.correction == "rows" else "blocks"

    def estimate(self, spectrum: Spectrum) -> DimensionEstimate:
        """The participation ratio of the points of ``spectrum``.

        The value is None, and a note says so, where an unbiased sum is not positive: the sample
        is then too small to bound the dimension, as where all but one of its rows are equal.

        Raises
        ------
        InputError
            If the representation is constant, ``correction`` is unknown, fewer than 4 samples are
            given to a corrected form, or column sums are missing.
        """
        require_variance(spectrum)
        if self.correction == "none":
            value = spectrum.trace**2 / spectrum.square_trace
            return self._answer(spectrum, value=value, notes=few_samples_notes(value, spectrum))
        if spectrum.n_samples < 4:
            raise InputError(
                f"the corrected participation ratio needs at least 4 samples, got "
                f"{spectrum.n_samples}: use correction='none'"
            )
        numerator, denominator = _row_averages(spectrum)
        if self.correction == "rows_and_columns":
            diagonal = _column_average(spectrum)
            numerator, denominator = numerator - diagonal, denominator - diagonal
        elif self.correction != "rows":
            raise InputError(
                f"correction={self.correction!r} is not known: choose rows, rows_and_columns or "
                "none"
            )
        if (
            numerator <= _ROUNDING * spectrum.trace**2
            or denominator <= _ROUNDING * spectrum.square_trace
        ):
            said = f"{spectrum.n_samples} samples are too few to bound the participation ratio."
            return self._answer(spectrum, value=None, notes=(Note("undetermined", said),))
        value = numerator / denominator
        stderr = _participation_stderr(spectrum, value) if self.correction == "rows" else None
        return self._answer(spectrum, value=value, stderr=stderr)


def _participation_stderr(spectrum: Spectrum, value: float) -> float:
    """By the infinitesimal jackknife: what each row adds to both sums, relative to their means."""
    squares, products = spectrum.row_sums()
    n = spectrum.n_samples
    # Without the row's product with itself. Centring makes the mean of the others -|x_i|^2 / (n-1),
    # which would hide how they differ where the samples are fewer than the dimension.
    alike = np.maximum(products - np.square(squares) * n / (n - 1), 0.0)
    influence = 2 * value * (squares / squares.mean() - alike / alike.mean())
    return float(influence.std(ddof=1)) / math.sqrt(n)


def _row_averages(spectrum: Spectrum) -> tuple[float, float]:
    freedom = spectrum.n_samples - 1
    return distinct_averages(
        spectrum.n_samples,
        freedom * spectrum.trace,
        spectrum.row_square_sum,
        freedom**2 * spectrum.square_trace,
    )


def _column_average(spectrum: Spectrum) -> float:
    """Sum over columns of the unbiased square of a column's variance."""
    if spectrum.column_square_sum is None or spectrum.column_fourth_sum is None:
        raise InputError(
            "correction='rows_and_columns' needs column sums, which a subset of a Gram matrix does "
            "not have: use Spectrum.from_points on the rows"
        )
    n = spectrum.n_samples
    pairs = n * (n - 1)
    square, fourth = spectrum.column_square_sum, spectrum.column_fourth_sum
    return (
        (square - fourth) / pairs
        - 2 * (2 * fourth - square) / (pairs * (n - 2))
        + (3 * square - 6 * fourth) / (pairs * (n - 2) * (n - 3))
    )
