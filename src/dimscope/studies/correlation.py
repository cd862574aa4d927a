"""Correlations over networks, with intervals that lean on no law.

Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapters 13 and 14.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.stats
from jaxtyping import Float64
from numpy.typing import ArrayLike

from dimscope._format import counted
from dimscope._rng import Rng
from dimscope.errors import InputError
from dimscope.studies.network_table import Interval, Kind, NetworkTable, checked_column

__all__ = [
    "Correlation",
    "Interval",
    "Kind",
    "LeaveOneOut",
    "correlation",
    "correlation_within",
    "leave_one_out",
    "partial_correlation",
]


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """A correlation over networks. Unknown is None, never 0.

    Attributes
    ----------
    r
        The coefficient, from -1 to 1.
    low, high
        95 % bootstrap interval; None where more than a tenth of the bootstrap samples have no
        correlation, as their values are all equal, and where BCa needs one that does not exist.
    p_value
        Two-sided, of no correlation.
    n
        Networks that entered.
    kind
        What was correlated: ``"pearson"`` or ``"spearman"``, and what was taken out first.
    """

    r: float
    low: float | None
    high: float | None
    p_value: float
    n: int
    kind: str

    def __str__(self) -> str:
        known = self.low is not None and self.high is not None
        interval = f"{self.low:.3f} to {self.high:.3f}" if known else "interval unknown"
        return f"{self.kind} r = {self.r:.3f} ({interval}; p = {self.p_value:.2g}, n = {self.n})"


@dataclass(frozen=True, kw_only=True)
class LeaveOneOut:
    """The correlations without each network in turn.

    Attributes
    ----------
    r
        With all.
    without
        Without each network, in their order.
    """

    r: float
    without: tuple[float, ...]

    @property
    def low(self) -> float:
        """The smallest of them."""
        return min(self.without)

    @property
    def high(self) -> float:
        """The largest of them."""
        return max(self.without)

    @property
    def most(self) -> int:
        """The network, from 0, whose absence moves the correlation most."""
        return int(np.argmax(np.abs(np.array(self.without) - self.r)))


def correlation(
    x: ArrayLike, y: ArrayLike, *, kind: Kind = "pearson", interval: Interval = "bca", rng: Rng
) -> Correlation:
    """Correlate two quantities over networks.

    The interval is from resampled networks. Of 300 samples of normal laws it held the true
    coefficient in 90 to 99 % at 14 networks and in 92 to 96 % at 24. p is that of Student's t; for
    one without a normal law, take `correlation_within` with one family.

    Parameters
    ----------
    x, y
        Shape (n,): a number for each network.
    kind, interval
        Of values or ranks; which bootstrap interval.
    rng
        Seed or generator of the bootstrap.

    Raises
    ------
    InputError
        If the shapes differ, a number is not finite, there are fewer than four networks, or all
        values of a quantity are equal.

    Examples
    --------
    >>> found = correlation([1, 2, 3, 4, 5, 6], [1.1, 1.9, 3.2, 3.8, 5.1, 6.3], rng=0)
    >>> round(found.r, 3), found.low < found.r < found.high
    (0.996, True)
    """
    table = NetworkTable.of(x, y, kind)
    drawn = table.drawn(np.random.default_rng(rng))
    return _result(table, drawn, interval, kind, table.t_test())


def leave_one_out(x: ArrayLike, y: ArrayLike, *, kind: Kind = "pearson") -> LeaveOneOut:
    """Correlate without each network in turn, to see whether one of them decides.

    Parameters
    ----------
    x, y, kind
        As in `correlation`.

    Raises
    ------
    InputError
        As `correlation` does, or if all other values are equal without some network.

    Examples
    --------
    >>> found = leave_one_out([1, 2, 3, 4, 20], [2, 1, 3, 2, 20])
    >>> found.most, round(found.r, 2), round(found.low, 2)
    (4, 0.99, 0.32)
    """
    table = NetworkTable.of(x, y, kind)
    without = table.r(table.each_left_out())
    if not np.isfinite(without).all():
        raise InputError(
            f"without network {int(np.argmin(np.isfinite(without)))} all others are equal in one "
            "quantity: the correlation rests on that network alone"
        )
    return LeaveOneOut(r=table.r_of_all, without=tuple(without.tolist()))


def correlation_within(  # noqa: PLR0913 - the data, and how to resample them
    x: ArrayLike,
    y: ArrayLike,
    families: ArrayLike,
    *,
    kind: Kind = "pearson",
    interval: Interval = "bca",
    rng: Rng,
) -> Correlation:
    """Correlate within families: pooled, after the mean of each family is taken from its networks.

    Ranks are those within a family. Bootstrap samples draw within families, and p is the share of
    20,000 random orders of ``y`` within families that correlate as strongly. Networks that are
    alone in their family say nothing and do not count.

    Parameters
    ----------
    x, y, kind, interval, rng
        As in `correlation`.
    families
        Shape (n,): a label for each network.

    Raises
    ------
    InputError
        As `correlation` does, or if fewer than four networks are left beyond one for each further
        family, or a quantity varies between families only.
    """
    labels = np.unique(np.asarray(families), return_inverse=True)[1].ravel()
    x, y = checked_column(x, "x"), checked_column(y, "y")
    if not len(x) == len(y) == len(labels):
        raise InputError(
            f"numbers of networks differ ({len(x)} of x, {len(y)} of y, {len(labels)} of "
            "families): give one of each for each"
        )
    several = np.bincount(labels)[labels] > 1
    if not several.any():
        raise InputError(
            f"all {len(x)} networks are alone in their families: give coarser families, or use "
            "correlation"
        )
    codes = np.unique(labels[several], return_inverse=True)[1]
    x, y = x[several], y[several]
    if kind == "spearman":  # an offset for each family, which its mean takes away again
        x, y = (scipy.stats.rankdata(v, "dense") + len(v) * codes for v in (x, y))
    member = (codes[:, None] == np.arange(1, codes.max() + 1)).astype(np.float64)
    table = NetworkTable.of(x, y, kind, member)
    generator = np.random.default_rng(rng)
    drawn = table.drawn(generator, codes)
    p_value = table.order_test(codes, generator)
    return _result(table, drawn, interval, f"{kind}, within families", p_value)


def partial_correlation(  # noqa: PLR0913 - the data, and how to resample them
    x: ArrayLike,
    y: ArrayLike,
    covariates: ArrayLike,
    *,
    kind: Kind = "pearson",
    interval: Interval = "bca",
    rng: Rng,
) -> Correlation:
    """Correlate what a linear fit on covariates leaves of two quantities, or of their ranks.

    p is that of Student's t with n - 2 - k degrees of freedom, for k independent covariates.

    Parameters
    ----------
    x, y, kind, interval, rng
        As in `correlation`.
    covariates
        Shape (n,) or (n, k): what is held fixed, such as the training accuracy.

    Raises
    ------
    InputError
        As `correlation` does, or if fewer than four networks are left beyond one for each
        covariate, or the covariates explain a quantity wholly.

    Examples
    --------
    >>> z = np.arange(8.0)
    >>> x, y = z + [1, 0, 0, 1, 0, 1, 1, 0], z + [1, 0, 1, 1, 0, 0, 1, 0]
    >>> round(correlation(x, y, rng=0).r, 2), round(partial_correlation(x, y, z, rng=0).r, 2)
    (0.98, 0.53)
    """
    given = np.asarray(covariates)
    columns = given[:, None] if given.ndim == 1 else given
    table = NetworkTable.of(x, y, kind, columns)
    drawn = table.drawn(np.random.default_rng(rng))
    said = f"{kind}, given {counted(columns.shape[1], 'covariate')}"
    return _result(table, drawn, interval, said, table.t_test())


def _result(
    table: NetworkTable,
    drawn: Float64[np.ndarray, " m"],
    interval: Interval,
    kind: str,
    p_value: float,
) -> Correlation:
    low, high = table.interval(drawn, interval)
    return Correlation(r=table.r_of_all, low=low, high=high, p_value=p_value, n=table.n, kind=kind)
