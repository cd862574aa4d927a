"""A table with a row for each network: its correlations, and those of resampled rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.special
import scipy.stats
from jaxtyping import Float64, Int64
from numpy.typing import ArrayLike

from dimscope._format import counted
from dimscope.errors import InputError
from dimscope.studies.permutation import RANDOM_DRAWS

#: Of the values (Pearson), or of their ranks (Spearman).
Kind = Literal["pearson", "spearman"]
#: The bootstrap interval: bias-corrected and accelerated, or the plain percentiles.
Interval = Literal["bca", "percentile"]

#: Bootstrap samples behind an interval.
N_DRAWS = 2_000
_LEAST = 4  # networks, beyond one for each covariate: three points always lie near some line
_VALID = 0.9  # share of bootstrap samples that must have a correlation
_NOTHING = 1e-18  # squares of standardised numbers below this are rounding
_TAILS = np.array([0.025, 0.975])


@dataclass(frozen=True, eq=False)
class NetworkTable:
    """Two quantities of every network, and what is held fixed.

    Attributes
    ----------
    columns
        Standardised: x, y, then covariates.
    ranked
        Whether the ranks are correlated; they are taken anew in every sample of rows.
    """

    columns: Float64[np.ndarray, "n 2+k"]
    ranked: bool

    @classmethod
    def of(cls, x: ArrayLike, y: ArrayLike, kind: Kind, covariates: Any = None) -> NetworkTable:
        """Check all columns, and that enough networks and something of both quantities is left.

        Raises
        ------
        InputError
            If not; the message says which column and what to do.
        """
        if kind not in ("pearson", "spearman"):
            raise InputError(f"kind={kind!r} is not known: choose pearson or spearman")
        given = [] if covariates is None else list(np.asarray(covariates).T)
        named = {"x": x, "y": y} | {f"covariate {j}": column for j, column in enumerate(given)}
        columns = {name: checked_column(column, name) for name, column in named.items()}
        if len({len(column) for column in columns.values()}) > 1:
            shown = ", ".join(f"{len(column)} of {name}" for name, column in columns.items())
            raise InputError(f"numbers of networks differ ({shown}): give one of each for each")
        n, n_least = len(columns["x"]), _LEAST + len(given)
        if n < n_least:
            said = f" with {counted(len(given), 'further family or covariate')}" if given else ""
            raise InputError(f"{n} networks{said}: a correlation needs at least {n_least}")
        for name, column in columns.items():
            if np.ptp(column) == 0:
                raise InputError(
                    f"{name} is {column[0]:g} for all {n} networks: nothing varies, so there is no "
                    "correlation to measure"
                )
        table = cls(
            scipy.stats.zscore(np.stack(list(columns.values()), axis=1)), kind == "spearman"
        )
        if not math.isfinite(table.r_of_all):
            raise InputError(
                "the covariates or families explain one of the two quantities wholly: nothing is "
                "left to correlate"
            )
        return table

    @property
    def n(self) -> int:
        """Number of networks."""
        return len(self.columns)

    @property
    def r_of_all(self) -> float:
        """The correlation of all rows."""
        return float(self.r(np.arange(self.n)[None])[0])

    def r(self, rows: Int64[np.ndarray, "m n"]) -> Float64[np.ndarray, " m"]:
        """The correlation of each sample of rows; nan where one quantity does not vary."""
        x, y = self._left(rows)
        xx, yy, xy = (np.einsum("mn,mn->m", a, b) for a, b in ((x, x), (y, y), (x, y)))
        varies = np.minimum(xx, yy) > _NOTHING * self.n
        r = np.divide(xy, np.sqrt(xx * yy), out=np.full(len(rows), np.nan), where=varies)
        return np.asarray(np.clip(r, -1.0, 1.0))

    def each_left_out(self) -> Int64[np.ndarray, "n less"]:
        """All rows but one, for each in turn."""
        return np.array([np.delete(np.arange(self.n), i) for i in range(self.n)])

    def drawn(
        self, rng: np.random.Generator, codes: Int64[np.ndarray, " n"] | None = None
    ) -> Float64[np.ndarray, " m"]:
        """The correlations of bootstrap samples; with codes, rows come from each row's family."""
        codes = np.zeros(self.n, dtype=np.int64) if codes is None else codes
        rows = np.empty((N_DRAWS, self.n), dtype=np.int64)
        for code in range(int(codes.max()) + 1):
            own = np.flatnonzero(codes == code)
            rows[:, own] = own[rng.integers(0, len(own), size=(N_DRAWS, len(own)))]
        return self.r(rows)

    def t_test(self) -> float:
        """The p-value of Student's t, with a degree of freedom less for each covariate."""
        r, given = self.r_of_all, self.columns[:, 2:]
        freedom = self.n - 2 - (int(np.linalg.matrix_rank(given)) if given.size else 0)
        if abs(r) == 1.0:
            return 0.0
        return float(2 * scipy.special.stdtr(freedom, -abs(r) * math.sqrt(freedom / (1 - r**2))))

    def order_test(self, codes: Int64[np.ndarray, " n"], rng: np.random.Generator) -> float:
        """The share of random orders of y within families that correlate as strongly."""
        x, y = (left[0] for left in self._left(np.arange(self.n)[None]))
        sums = np.zeros(RANDOM_DRAWS)
        for code in range(int(codes.max()) + 1):
            own = np.tile(y[codes == code], (RANDOM_DRAWS, 1))
            sums += rng.permuted(own, axis=1) @ x[codes == code]
        reached = int((np.abs(sums) >= abs(float(x @ y)) * (1 - 1e-12)).sum())
        return (reached + 1) / (RANDOM_DRAWS + 1)

    def interval(
        self, drawn: Float64[np.ndarray, " m"], interval: Interval
    ) -> tuple[float | None, float | None]:
        """The 95 % bounds from the correlations of bootstrap samples.

        None where more than a tenth of the samples have none, or where BCa would need one that does
        not exist: without some row, or on both sides of that of all rows.
        """
        if interval not in ("bca", "percentile"):
            raise InputError(f"interval={interval!r} is not known: choose bca or percentile")
        known = drawn[np.isfinite(drawn)]
        if len(known) < _VALID * len(drawn):
            return None, None
        tails = _TAILS
        if interval == "bca" and np.ptp(known) > 0:
            below = ((known < self.r_of_all).mean() + (known <= self.r_of_all).mean()) / 2
            left_out = self.r(self.each_left_out())
            if not (0 < below < 1 and np.isfinite(left_out).all()):
                return None, None
            tails = _bca_tails(float(scipy.special.ndtri(below)), left_out)
        low, high = np.quantile(known, tails).tolist()
        return low, high

    def _left(self, rows: Int64[np.ndarray, "m n"]) -> Any:
        """What the covariates leave of x and y, shape (m, n) each, for each sample of rows."""
        taken = self.columns[rows]
        if self.ranked:
            taken = scipy.stats.rankdata(taken, axis=1) / rows.shape[1]
        taken = taken - taken.mean(axis=1, keepdims=True)
        both, given = taken[:, :, :2], taken[:, :, 2:]
        if given.shape[2]:
            both = both - given @ (np.linalg.pinv(given, rcond=1e-9) @ both)
        return both[:, :, 0], both[:, :, 1]


def _bca_tails(bias: float, left_out: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " 2"]:
    """The quantiles that BCa takes (Efron and Tibshirani, eq. 14.10 and 14.15)."""
    from_mean = left_out.mean() - left_out
    squares = float((from_mean**2).sum())
    bend = float((from_mean**3).sum()) / (6 * squares**1.5) if squares > 0 else 0.0
    normal = bias + scipy.special.ndtri(_TAILS)
    return np.asarray(scipy.special.ndtr(bias + normal / (1 - bend * normal)))


def checked_column(values: ArrayLike, name: str) -> Float64[np.ndarray, " n"]:
    """One finite number for each network.

    Raises
    ------
    InputError
        If they are not.
    """
    try:
        column = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name} has what is no number: give one number for each network"
        ) from error
    if column.ndim != 1:
        raise InputError(f"{name} has the shape {column.shape}: give one number for each network")
    if not np.isfinite(column).all():
        where = np.flatnonzero(~np.isfinite(column)).tolist()
        raise InputError(
            f"{name} is unknown or infinite for networks {where}: leave these networks out"
        )
    return column
