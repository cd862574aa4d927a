"""Signs of correlations over networks, as verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from dimscope.errors import InputError
from dimscope.studies.claims import LEVEL, Claim, judged
from dimscope.studies.correlation import (
    Correlation,
    Kind,
    correlation,
    correlation_within,
    leave_one_out,
    partial_correlation,
)

_KINDS: tuple[Kind, ...] = ("pearson", "spearman")


class Pair(NamedTuple):
    """Two quantities and the sign that their correlation is claimed to have.

    Attributes
    ----------
    x, y
        Columns of a table with a row for each network.
    sign
        1 or -1.
    """

    x: str
    y: str
    sign: int = 1


def sign_claim(statement: str, nets: pd.DataFrame, pair: Pair, *, within: str = "") -> Claim:
    """Test the sign of a correlation over networks.

    The networks show it if Pearson's and Spearman's r both have it at the 1 % level, by random
    orders of the networks, and they do not if either has the other one at that level.

    Parameters
    ----------
    statement
        What is claimed.
    nets
        A row for each network; those without a value are left out.
    pair
        The quantities and the sign.
    within
        The column of the families whose means are taken out first, and within which the orders are
        random; empty for none.
    """
    known = nets.dropna(subset=[pair.x, pair.y])
    x, y = known[pair.x], known[pair.y]
    families = known[within] if within else np.zeros(len(known))
    try:
        both = [correlation_within(x, y, families, kind=kind, rng=0) for kind in _KINDS]
        more = _each(known, pair, within) if within else _leaving_one_out(known, pair)
    except InputError as error:
        return _unknown(statement, known, error)
    return _verdict(statement, both, pair.sign, more)


def partial_claim(statement: str, nets: pd.DataFrame, pair: Pair, given: Sequence[str]) -> Claim:
    """Test the sign of a correlation at equal values of other columns, and within data sets.

    As `sign_claim`, but by Student's t.

    Parameters
    ----------
    statement, nets, pair
        As in `sign_claim`.
    given
        Columns that are held fixed.
    """
    known = nets.dropna(subset=[pair.x, pair.y, *given])
    data_sets = pd.get_dummies(known["data"], drop_first=True, dtype=float)
    fixed = known[list(given)].join(data_sets).to_numpy()
    try:
        both = [
            partial_correlation(known[pair.x], known[pair.y], fixed, kind=kind, rng=0)
            for kind in _KINDS
        ]
    except InputError as error:
        return _unknown(statement, known, error)
    return _verdict(statement, both, pair.sign, "")


def high_claim(statement: str, nets: pd.DataFrame, pair: Pair, least: float) -> Claim:
    """Test that Pearson's r is above a bound, by its bootstrap interval."""
    known = nets.dropna(subset=[pair.x, pair.y])
    try:
        found = correlation(known[pair.x], known[pair.y], rng=0)
    except InputError as error:
        return _unknown(statement, known, error)
    holds, why = None, "its interval is unknown"
    if found.low is not None and found.high is not None:
        is_across = found.low < least <= found.high
        holds = None if is_across else found.low >= least
        why = "its interval lies across the bound" if is_across else ""
    return judged(statement, holds, ours=_said("pearson", found), n_seeds=found.n, why=why)


def _verdict(statement: str, both: Sequence[Correlation], sign: int, more: str) -> Claim:
    signed = [(sign * found.r > 0, found.p_value < LEVEL) for found in both]
    holds = None
    if all(right and significant for right, significant in signed):
        holds = True
    elif any(significant and not right for right, significant in signed):
        holds = False
    said = [_said(kind, found) for kind, found in zip(_KINDS, both, strict=True)]
    return judged(
        statement,
        holds,
        ours="; ".join([*said, *([more] if more else [])]),
        n_seeds=both[0].n,
        why=f"not both significant at {LEVEL:g}" if holds is None else "",
        p_value=max(found.p_value for found in both),
    )


def _leaving_one_out(nets: pd.DataFrame, pair: Pair) -> str:
    found = leave_one_out(nets[pair.x], nets[pair.y])
    return f"leaving one out, pearson {found.low:.2f} to {found.high:.2f}"


def _each(nets: pd.DataFrame, pair: Pair, within: str) -> str:
    """The ranks' correlation in each family that has enough networks."""
    parts = []
    for name, own in nets.groupby(within, sort=False):
        try:
            found = correlation(own[pair.x], own[pair.y], kind="spearman", rng=0)
        except InputError:
            continue
        parts.append(f"{name} {found.r:.2f}")
    return f"spearman of each: {', '.join(parts)}" if parts else ""


def _said(kind: str, found: Correlation) -> str:
    if found.low is None or found.high is None:
        return f"{kind} r = {found.r:.2f} (interval unknown)"
    return f"{kind} r = {found.r:.2f} ({found.low:.2f} .. {found.high:.2f})"


def _unknown(statement: str, nets: pd.DataFrame, error: InputError) -> Claim:
    return judged(statement, None, ours="", n_seeds=len(nets), why=str(error))
