"""Linear dimensions: how many directions the variance fills."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeVar, final

import numpy as np

from dimscope.errors import InputError
from dimscope.estimators._shared.base import SpectrumEstimator, require_variance, rounding_notes
from dimscope.estimators._shared.errors import normal_interval
from dimscope.results import DimensionEstimate, ErrorKind
from dimscope.spectra import Spectrum

_ROUNDING = 1e-10  # unbiased sums below this share of the naive ones are rounding errors

_Sum = TypeVar("_Sum", float, np.ndarray)


def linear_estimate(
    estimator: SpectrumEstimator,
    spectrum: Spectrum,
    value: float | None,
    *notes: str,
    stderr: float | None = None,
) -> DimensionEstimate:
    """The estimate with what all linear estimators report; without an error by default."""
    return DimensionEstimate(
        value=value,
        stderr=stderr,
        interval=normal_interval(value, stderr),
        scale=None,
        n_samples=spectrum.n_samples,
        n_duplicates=0,
        notes=rounding_notes(math.sqrt(2 * spectrum.trace), spectrum.rounding) + notes,
        method=estimator.name,
        parameters=estimator.get_params(),
        error_kind=None if stderr is None else estimator.error_kind,
    )


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
    directions differ; up to 1.5 times as large where all are equal, as then single rows say nothing
    and pairs all; and up to 20 % too small for tails as heavy as Student's t with 5 degrees of
    freedom. The other forms have none: without the correction the bias is most of the error, and
    the same formula up to 2.5 times the scatter; and features that are a sample scatter too.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(50, 100))
    >>> naive = ParticipationRatio(correction="none").fit(x).dimension_
    >>> round(naive), round(ParticipationRatio().fit(x).dimension_ / 100, 1)
    (33, 1.0)
    """

    name: ClassVar[str] = "participation_ratio"
    error_kind: ClassVar[ErrorKind] = "theory"
    correction: Literal["rows", "rows_and_columns", "none"] = "rows"

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
            return linear_estimate(self, spectrum, value)
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
            return linear_estimate(
                self,
                spectrum,
                None,
                f"{spectrum.n_samples} samples are too few to bound the participation ratio.",
            )
        value = numerator / denominator
        stderr = _participation_stderr(spectrum, value) if self.correction == "rows" else None
        return linear_estimate(self, spectrum, value, stderr=stderr)


def _participation_stderr(spectrum: Spectrum, value: float) -> float:
    """By the infinitesimal jackknife: what each row adds to both sums, relative to their means."""
    squares, products = spectrum.row_sums()
    alike = np.maximum(products - np.square(squares), 0.0)  # without the row's product with itself
    influence = 2 * value * (squares / squares.mean() - alike / alike.mean())
    return float(influence.std(ddof=1)) / math.sqrt(spectrum.n_samples)


def distinct_averages(
    n: int, diagonal: _Sum, diagonal_square: _Sum, square: _Sum
) -> tuple[_Sum, _Sum]:
    """Unbiased tr(C)^2 and tr(C^2) from a Gram matrix G whose rows sum to zero.

    With a sum over distinct indices written <...>: tr(C^2) = <g_ij^2> - 2 <g_ij g_ik> + <g_ij g_kl>
    and tr(C)^2 = <g_ii g_jj> - 2 <g_ii g_jk> + <g_ij g_kl>; each sum follows from the trace of G,
    the sum of its squared diagonal and the sum of its squared entries.
    """
    pairs = n * (n - 1)
    triples = pairs * (n - 2)
    quadruples = triples * (n - 3)
    disjoint = (diagonal**2 - 6 * diagonal_square + 2 * square) / quadruples
    chained = (2 * diagonal_square - square) / triples
    mixed = (2 * diagonal_square - diagonal**2) / triples
    return (
        (diagonal**2 - diagonal_square) / pairs - 2 * mixed + disjoint,
        (square - diagonal_square) / pairs - 2 * chained + disjoint,
    )


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


@final
@dataclass(kw_only=True)
class PCADimension(SpectrumEstimator):
    """The number of principal components that hold a given share of the variance.

    A count, so one more than the index that Ansuini et al. (2019) report. Grows with N up to the
    rank of the covariance, and counts directions: curvature and noise raise it. Cost: a cumulative
    sum.

    Parameters
    ----------
    variance_fraction
        Share of the variance to hold, in (0, 1].
    """

    name: ClassVar[str] = "pca_dimension"
    variance_fraction: float = 0.9

    def estimate(self, spectrum: Spectrum) -> DimensionEstimate:
        """The number of components that the points of ``spectrum`` need.

        Raises
        ------
        InputError
            If ``variance_fraction`` is outside (0, 1] or the representation is constant.
        """
        if not 0 < self.variance_fraction <= 1:
            raise InputError(f"variance_fraction={self.variance_fraction} must lie in (0, 1]")
        require_variance(spectrum)
        held = np.cumsum(spectrum.eigenvalues) / spectrum.trace
        # the last sum can fall short of 1 by rounding
        count = int((held < self.variance_fraction * (1 - 1e-12)).sum()) + 1
        notes = []
        if count > 0.5 * (spectrum.n_samples - 1):
            notes.append(
                f"More than half of the {spectrum.n_samples - 1} components that "
                f"{spectrum.n_samples} samples allow: more samples would raise it."
            )
        return linear_estimate(self, spectrum, float(count), *notes)


@final
@dataclass(kw_only=True)
class EffectiveRank(SpectrumEstimator):
    """exp of the entropy of the normalised eigenvalues (Roy and Vetterli, EUSIPCO 2007).

    Between 1 and the rank; weighs weak directions more than the participation ratio does, so it
    depends more on the sample and on noise. Assumes no curvature, which fills further directions.
    Cost: a sum over the eigenvalues.
    """

    name: ClassVar[str] = "effective_rank"

    def estimate(self, spectrum: Spectrum) -> DimensionEstimate:
        """The effective rank of the points of ``spectrum``.

        Raises
        ------
        InputError
            If the representation is constant.
        """
        require_variance(spectrum)
        share = spectrum.eigenvalues[spectrum.eigenvalues > 0] / spectrum.trace
        return linear_estimate(self, spectrum, math.exp(-float(share @ np.log(share))))


@final
@dataclass(kw_only=True)
class StableRank(SpectrumEstimator):
    """(sum of eigenvalues) / (largest eigenvalue) of the covariance.

    The squared Frobenius norm of the centred data over their squared spectral norm, the numerical
    rank of Rudelson and Vershynin (J. ACM 54, 2007). Never above the uncorrected
    `ParticipationRatio`, which is never above `EffectiveRank`; one strong direction alone decides
    it, so that it hardly sees weak ones and noise. The largest eigenvalue of a sample is too
    large: N samples of white noise in D directions have D / (1 + sqrt(D / N))^2 in place of D.
    Cost: nothing after the eigenvalues.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.diag([2.0, 1.0, 1.0])
    >>> round(StableRank().fit(np.concatenate([x, -x])).dimension_, 6)
    1.5
    """

    name: ClassVar[str] = "stable_rank"
    block_error_range: ClassVar[tuple[float, float] | None] = (0.8, 1.1)

    def estimate(self, spectrum: Spectrum) -> DimensionEstimate:
        """The stable rank of the points of ``spectrum``.

        Raises
        ------
        InputError
            If the representation is constant.
        """
        require_variance(spectrum)
        return linear_estimate(self, spectrum, spectrum.trace / float(spectrum.eigenvalues[0]))
