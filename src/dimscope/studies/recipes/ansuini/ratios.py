"""Ratios over the classes of images: paired, with an interval, tested on logarithms."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy import stats

from dimscope.studies.claims import LEAST_SEEDS, LEVEL, Claim, judged

Positive = Float[np.ndarray, " n"] | pd.Series


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A ratio of two quantities that were measured on the same classes.

    Attributes
    ----------
    value
        Geometric mean over the classes.
    low, high
        Its 95 % interval, by Student's t on logarithms.
    p_above, p_below
        One-sided p-values of a mean above, and below, the limit that was asked for.
    n
        Number of classes.
    """

    value: float
    low: float
    high: float
    p_above: float
    p_below: float
    n: int

    def __str__(self) -> str:
        return f"x {self.value:.3g} ({self.low:.3g} .. {self.high:.3g})"

    @property
    def is_above(self) -> bool | None:
        """Whether the ratio lies above the limit, at the level of 1 %; None if undecided."""
        return True if self.p_above < LEVEL else False if self.p_below < LEVEL else None


def paired_ratio(above: Positive, below: Positive, limit: float = 1.0) -> Ratio:
    """Compare two quantities class by class; with fewer than three classes nothing is decided.

    Parameters
    ----------
    above, below
        Positive values for each class.
    limit
        What the ratio is compared with.

    Examples
    --------
    >>> print(paired_ratio(np.array([4.0, 4.2, 3.9]), np.array([2.0, 2.0, 2.0])))
    x 2.02 (1.84 .. 2.21)
    """
    logs = np.log(np.asarray(above, dtype=np.float64)) - np.log(np.asarray(below, np.float64))
    n, mean = len(logs), float(np.mean(logs))
    if n < LEAST_SEEDS:
        return Ratio(value=math.exp(mean), low=0.0, high=math.inf, p_above=1, p_below=1, n=n)
    error = float(np.std(logs, ddof=1)) / math.sqrt(n)
    reach = float(stats.t.ppf(0.975, n - 1)) * error
    distance = mean - math.log(limit)
    t = distance / error if error > 0 else math.copysign(math.inf, distance) if distance else 0.0
    return Ratio(
        value=math.exp(mean),
        low=math.exp(mean - reach),
        high=math.exp(mean + reach),
        p_above=float(stats.t.sf(t, n - 1)),
        p_below=float(stats.t.cdf(t, n - 1)),
        n=n,
    )


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one network says about a statement.

    Attributes
    ----------
    holds
        None if undecided.
    p_value
        Of the null hypothesis that the statement is false.
    said
        The numbers, in words.
    """

    holds: bool | None
    p_value: float
    said: str


def over_nets(
    statement: str, findings: Mapping[str, Finding], *, n: int, left_out: str = ""
) -> Claim:
    """Judge a statement on several networks: it is reproduced if it holds in each.

    If networks disagree, or one leaves it open, it cannot be told, and the claim says which.

    Parameters
    ----------
    statement
        About every network.
    findings
        By network.
    n
        Classes or draws that each finding rests on.
    left_out
        What to say of networks that could not be had.
    """
    by_outcome = {
        outcome: [net for net, finding in findings.items() if finding.holds is outcome]
        for outcome in (True, False, None)
    }
    whole = [outcome for outcome, nets in by_outcome.items() if nets and len(nets) == len(findings)]
    words = {True: "it holds in", False: "not in", None: "open in"}
    parts = [f"{words[o]} {', '.join(nets)}" for o, nets in by_outcome.items() if nets]
    holds = whole[0] if whole else None
    why = "; ".join(parts) or "no network was measured"
    said = [*(f"{net}: {finding.said}" for net, finding in findings.items()), left_out]
    p_value = max((finding.p_value for finding in findings.values()), default=None)
    return judged(
        statement,
        holds,
        ours="; ".join(part for part in said if part),
        n_seeds=n,
        why=why if holds is None else "",
        p_value=p_value,
    )
