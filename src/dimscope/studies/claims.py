"""Claims: signs and orders that a theory predicts, judged over seeds by paired t-tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy import stats

from dimscope.errors import InputError

LEVEL = 0.01
_NEGLIGIBLE = 0.1


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A prediction, and what the runs say about it.

    Attributes
    ----------
    statement
        The prediction, in words.
    p_value
        p-value of the null hypothesis that the prediction is false; None if a value is unknown.
    n_seeds
        Number of seeds.
    shown
        The means that were compared, in the order of the statement.
    """

    statement: str
    p_value: float | None
    n_seeds: int
    shown: tuple[float, ...]

    @property
    def holds(self) -> bool:
        """Whether the prediction is significant at 1 %."""
        return self.p_value is not None and self.p_value < LEVEL

    def __str__(self) -> str:
        means = ", ".join(f"{mean:.3g}" for mean in self.shown)
        p = "a value is unknown" if self.p_value is None else f"p = {self.p_value:.1g}"
        return (
            f"{'holds' if self.holds else 'NOT shown'}: {self.statement} "
            f"({means}; {p}, {self.n_seeds} seeds)"
        )


def decreases(statement: str, values: Float64[np.ndarray, "seeds levels"]) -> Claim:
    """Test that a quantity falls from each level to the next, in the order given.

    The p-value is the largest of one-sided paired t-tests of neighbouring levels. The claim needs
    every step to be significant, so several tests need no correction (intersection-union test).

    Parameters
    ----------
    statement
        The prediction, in words.
    values
        The quantity, a row for each seed and a column for each level.

    Raises
    ------
    InputError
        If there are fewer than three seeds or two levels.

    Examples
    --------
    >>> rows = np.array([[3.0, 2.0, 1.0], [3.1, 2.2, 1.1], [2.9, 2.0, 0.8]])
    >>> claim = decreases("falls", rows)
    >>> claim.holds, claim.n_seeds
    (True, 3)
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or len(table) < 3 or table.shape[1] < 2:
        raise InputError(
            f"values of shape {table.shape}: give at least three seeds (rows) and two levels"
        )
    return _claim(statement, table, table[:, :-1] - table[:, 1:])


def vanishes(
    statement: str,
    effect: Float64[np.ndarray, " seeds"],
    control: Float64[np.ndarray, " seeds"],
) -> Claim:
    """Test that the effect is positive and the control within a tenth of it on either side of 0.

    A control that is not significant would show nothing. So this is a test of equivalence: two
    one-sided paired t-tests, of which the larger p-value counts.

    Parameters
    ----------
    statement
        What vanishes, in words.
    effect, control
        The quantity with and without what is claimed to cause it, for each seed.

    Raises
    ------
    InputError
        If there are fewer than three seeds.

    Examples
    --------
    >>> effect, control = np.array([1.0, 1.1, 0.9]), np.array([0.01, -0.01, 0.0])
    >>> vanishes("the effect vanishes", effect, control).holds
    True
    """
    table = np.stack([np.asarray(effect), np.asarray(control)], axis=1).astype(np.float64)
    if len(table) < 3:
        raise InputError(f"{len(table)} seeds: give at least three")
    limit = _NEGLIGIBLE * table[:, 0]
    within = np.stack([limit - table[:, 1], limit + table[:, 1]], axis=1)
    return _claim(f"{statement}: less than a tenth is left", table, within)


def _claim(statement: str, table: Any, positive: Any) -> Claim:
    """The claim that every column of ``positive`` has a positive mean."""
    is_known = bool(np.isfinite(positive).all())
    return Claim(
        statement=statement,
        p_value=max(_p_positive(column) for column in positive.T) if is_known else None,
        n_seeds=len(table),
        shown=tuple(float(mean) for mean in table.mean(axis=0)),
    )


def _p_positive(differences: Any) -> float:
    """One-sided p-value of a positive mean; 0 or 1 if all differences are equal."""
    if np.ptp(differences) == 0:
        return float(differences[0] <= 0)
    return float(stats.ttest_1samp(differences, 0.0, alternative="greater").pvalue)
