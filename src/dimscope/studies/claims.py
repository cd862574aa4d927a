"""Claims: what a paper or a theory says, and what the runs say about it.

Signs and orders over seeds are judged by paired tests (`decreases`, `vanishes`), values by
intervals (`agrees`), and all else by the recipe that measures it (`judged`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Float64
from scipy import stats

from dimscope.errors import InputError

LEVEL = 0.01
LEAST_SEEDS = 3
_NEGLIGIBLE = 0.1

#: "cannot tell" is about the evidence, "not judged" about a budget too small to ask.
Outcome = Literal["reproduced", "not reproduced", "cannot tell", "not judged"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A statement, and what the runs say about it.

    Attributes
    ----------
    statement
        What is claimed or predicted, in words.
    outcome
        Whether our runs show the same.
    number
        Which of the claims in ``docs/reproduction.md`` it belongs to; None if to none.
    published
        What the paper reports, in words and with its figure; empty if it reports no value.
    ours
        What we measured, with its interval.
    why
        Why it cannot be told or is not judged; empty otherwise.
    p_value
        p-value of the null hypothesis that the statement is false; None if there is no test, or a
        value is unknown.
    n_seeds
        Number of seeds, networks or draws that the outcome rests on.
    shown
        The means that were compared, in the order of the statement.
    any_budget
        Whether a quick run may judge it: nothing in it depends on how long a network is trained.
    """

    statement: str
    outcome: Outcome
    number: int | None = None
    published: str = ""
    ours: str = ""
    why: str = ""
    p_value: float | None = None
    n_seeds: int
    shown: tuple[float, ...] = ()
    any_budget: bool = False

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise InputError(f"outcome={self.outcome!r}: choose from {', '.join(OUTCOMES)}")

    @property
    def holds(self) -> bool:
        """Whether the runs show what is claimed."""
        return self.outcome == "reproduced"

    def of(self, number: int, *, published: str = "") -> Claim:
        """Return this claim as one of the list, beside what the paper reports."""
        return replace(self, number=number, published=published)

    def at_budget(self, budget: str) -> Claim:
        """Return this claim, not judged if the budget is "quick" and it needs trained networks."""
        if budget != "quick" or self.any_budget:
            return self
        return replace(self, outcome="not judged", why=f"not judged at the budget {budget}")

    def __str__(self) -> str:
        said = [self.ours or ", ".join(f"{mean:.3g}" for mean in self.shown)]
        if self.p_value is not None:
            said.append(f"p = {self.p_value:.1g}")
        said.append(f"n = {self.n_seeds}")
        if self.published:
            said.append(f"published: {self.published}")
        if self.why:
            said.append(self.why)
        return f"{self.outcome}: {self.statement} ({'; '.join(part for part in said if part)})"


def judged(  # noqa: PLR0913 - the parts of a claim
    statement: str,
    holds: bool | None,
    *,
    ours: str,
    n_seeds: int,
    why: str = "",
    p_value: float | None = None,
    any_budget: bool = False,
) -> Claim:
    """Make a claim of what a recipe found by its own rule; None stands for "cannot tell".

    Raises
    ------
    InputError
        If it cannot be told and ``why`` is empty.

    Examples
    --------
    >>> print(judged("the input is flat", True, ours="13.2 (13.0 .. 13.4)", n_seeds=1))
    reproduced: the input is flat (13.2 (13.0 .. 13.4); n = 1)
    """
    if holds is None and not why:
        raise InputError(f"{statement!r} cannot be told: say why")
    outcomes: dict[bool | None, Outcome] = {
        True: "reproduced", False: "not reproduced", None: "cannot tell"
    }  # fmt: skip
    return Claim(
        statement=statement,
        outcome=outcomes[holds],
        ours=ours,
        why=why,
        p_value=p_value,
        n_seeds=n_seeds,
        any_budget=any_budget,
    )


def all_of(statement: str, claims: Sequence[Claim], *, ours: str = "") -> Claim:
    """Join claims into one that holds if all do (intersection-union), and fails if one fails.

    Examples
    --------
    >>> rises = judged("rises", True, ours="x 2", n_seeds=3)
    >>> falls = judged("falls", False, ours="x 1.1", n_seeds=3)
    >>> print(all_of("rises, then falls", [rises, falls], ours="x 2, x 1.1"))
    not reproduced: rises, then falls (x 2, x 1.1; n = 3)
    """
    outcomes = {claim.outcome for claim in claims}
    holds = True if outcomes == {"reproduced"} else False if "not reproduced" in outcomes else None
    unknown = dict.fromkeys(claim.why for claim in claims if claim.why)
    known = [claim.p_value for claim in claims if claim.p_value is not None]
    return judged(
        statement,
        holds,
        ours=ours,
        n_seeds=min(claim.n_seeds for claim in claims),
        why="; ".join(unknown) if holds is None else "",
        p_value=max(known) if holds and len(known) == len(claims) else None,
    )


def agrees(  # noqa: PLR0913 - two values with their errors
    statement: str,
    value: float,
    error: float,
    target: float,
    allowed: float,
    *,
    n_seeds: int,
    any_budget: bool = False,
) -> Claim:
    """Test that a value lies within what is allowed of a target.

    It does if the whole interval ``value ± error`` lies within ``target ± allowed``, and it does
    not if the two have nothing in common. Otherwise it cannot be told.

    Examples
    --------
    >>> agrees("is 3", 3.1, 0.1, 3.0, 0.3, n_seeds=5).outcome
    'reproduced'
    >>> agrees("is 3", 3.3, 0.1, 3.0, 0.3, n_seeds=5).outcome
    'cannot tell'
    """
    ours = f"{value:.3g} ± {error:.2g}; asked for {target:.3g} ± {allowed:.2g}"
    distance = abs(value - target)
    holds = True if distance + error <= allowed else None if distance - error <= allowed else False
    why = "the interval lies across the limit" if holds is None else ""
    if not math.isfinite(value) or not math.isfinite(error):
        holds, why = None, "the value or its error is unknown"
    return judged(statement, holds, ours=ours, n_seeds=n_seeds, why=why, any_budget=any_budget)


def decreases(statement: str, values: Float64[np.ndarray, "seeds levels"]) -> Claim:
    """Test that a quantity falls from each level to the next, in the order given.

    The p-value is the largest of one-sided paired t-tests of neighbouring levels. The claim needs
    every step to be significant, so several tests need no correction (intersection-union test). It
    is not reproduced if a step goes the other way, significantly.

    Parameters
    ----------
    statement
        The prediction, in words.
    values
        The quantity, a row for each seed and a column for each level. With fewer than three seeds
        the claim is not judged.

    Raises
    ------
    InputError
        If there are no seeds or fewer than two levels.

    Examples
    --------
    >>> rows = np.array([[3.0, 2.0, 1.0], [3.1, 2.2, 1.1], [2.9, 2.0, 0.8]])
    >>> claim = decreases("falls", rows)
    >>> claim.outcome, claim.n_seeds
    ('reproduced', 3)
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or len(table) < 1 or table.shape[1] < 2:
        raise InputError(
            f"values of shape {table.shape}: give seeds (rows) and at least two levels"
        )
    steps = table[:, :-1] - table[:, 1:]
    return _claim(statement, table, steps, against=[-column for column in steps.T])


def vanishes(
    statement: str,
    effect: Float64[np.ndarray, " seeds"],
    control: Float64[np.ndarray, " seeds"],
) -> Claim:
    """Test that the effect is positive and the control within a tenth of it on either side of 0.

    A control that is not significant would show nothing. So this is a test of equivalence: two
    one-sided paired t-tests, of which the larger p-value counts. The claim is not reproduced if the
    control is larger than a tenth, or the effect negative, significantly.

    Parameters
    ----------
    statement
        What vanishes, in words.
    effect, control
        The quantity with and without what is claimed to cause it, for each seed. With fewer than
        three seeds the claim is not judged.

    Raises
    ------
    InputError
        If there are no seeds.

    Examples
    --------
    >>> effect, control = np.array([1.0, 1.1, 0.9]), np.array([0.01, -0.01, 0.0])
    >>> vanishes("the effect vanishes", effect, control).holds
    True
    """
    table = np.stack([np.asarray(effect), np.asarray(control)], axis=1).astype(np.float64)
    if len(table) < 1:
        raise InputError("no seeds: give a value of effect and control for each")
    limit = _NEGLIGIBLE * table[:, 0]
    within = np.stack([limit - table[:, 1], limit + table[:, 1]], axis=1)
    against = [-within[:, 0], -within[:, 1]]
    return _claim(f"{statement}: less than a tenth is left", table, within, against=against)


def _claim(statement: str, table: Any, positive: Any, *, against: list[Any]) -> Claim:
    """The claim that every column of ``positive`` has a positive mean.

    A positive mean of any column of ``against`` contradicts it.
    """
    p_value, outcome, why = None, "cannot tell", ""
    if len(table) < LEAST_SEEDS:
        outcome, why = "not judged", f"at least {LEAST_SEEDS} seeds are needed"
    elif not np.isfinite(positive).all():
        why = "a value is unknown"
    else:
        p_value = max(_p_positive(column) for column in positive.T)
        if p_value < LEVEL:
            outcome = "reproduced"
        elif min(_p_positive(column) for column in against) < LEVEL / len(against):
            outcome = "not reproduced"
        else:
            why = f"not significant at {LEVEL:g}"
    return Claim(
        statement=statement,
        outcome=outcome,  # type: ignore[arg-type] # one of three literals above
        why=why,
        p_value=p_value,
        n_seeds=len(table),
        shown=tuple(float(mean) for mean in table.mean(axis=0)),
    )


def _p_positive(differences: Any) -> float:
    """One-sided p-value of a positive mean; 0 or 1 if all differences are equal."""
    if np.ptp(differences) == 0:
        return float(differences[0] <= 0)
    return float(stats.ttest_1samp(differences, 0.0, alternative="greater").pvalue)
