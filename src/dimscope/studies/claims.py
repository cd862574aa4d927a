"""Signs and orders that a theory predicts, judged over seeds by paired t-tests."""

from __future__ import annotations

import math
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
    """One prediction and what the runs say of it.

    Attributes
    ----------
    statement
        The prediction, in words.
    p_value
        Of the opposite.
    n_seeds
        Seeds that it rests on.
    shown
        The means that were compared.
    """

    statement: str
    p_value: float
    n_seeds: int
    shown: tuple[float, ...]

    @property
    def holds(self) -> bool:
        """Whether it is significant at 1 %."""
        return self.p_value < LEVEL

    def __str__(self) -> str:
        means = " > ".join(f"{mean:.3g}" for mean in self.shown)
        return (
            f"{'holds' if self.holds else 'NOT shown'}: {self.statement} "
            f"({means}; p = {self.p_value:.1g}, {self.n_seeds} seeds)"
        )


def decreases(statement: str, values: Float64[np.ndarray, "seeds levels"]) -> Claim:
    """The quantity falls from each level to the next, in the order given.

    The p-value is the largest of one-sided paired t-tests of neighbouring levels: that all steps
    hold is rejected if any of them is (intersection-union test, so no correction is due).

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
    p = max(_p_positive(above - below) for above, below in zip(table.T, table.T[1:], strict=False))
    return Claim(
        statement=statement,
        p_value=p,
        n_seeds=len(table),
        shown=tuple(float(m) for m in table.mean(axis=0)),
    )


def vanishes(
    statement: str,
    effect: Float64[np.ndarray, " seeds"],
    control: Float64[np.ndarray, " seeds"],
) -> Claim:
    """The control has less than a tenth of the effect, by a one-sided paired t-test.

    That a control is not significant would show nothing; this is a test of equivalence.

    Raises
    ------
    InputError
        If there are fewer than three seeds.
    """
    limit = _NEGLIGIBLE * np.asarray(effect, dtype=np.float64)
    claim = decreases(statement, np.stack([limit, np.asarray(control)], axis=1))
    return Claim(
        statement=f"{statement}: less than a tenth",
        p_value=claim.p_value,
        n_seeds=claim.n_seeds,
        shown=claim.shown,
    )


def _p_positive(differences: Any) -> float:
    """One-sided p-value of a positive mean; 0 or 1 where the differences do not scatter."""
    if np.ptp(differences) == 0:
        return float(differences[0] <= 0)
    p = float(stats.ttest_1samp(differences, 0.0, alternative="greater").pvalue)
    return 1.0 if math.isnan(p) else p
