"""Verdicts of `critique/known_dimension`: the theorem, the artefact, and what the data show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from dimscope.studies.claims import LEVEL, Claim, judged
from dimscope.studies.recipes.critique.known_networks import RULES


def claims(frame: pd.DataFrame) -> list[Claim]:
    """Judge the objection: the theorem, the artefact, and what is left of each recipe's finding."""
    found = [_rank_never_rises(frame), _estimates_of_controls_rise(frame)]
    for name, rows in frame.groupby("subject", sort=False):
        for rule in RULES:
            verdicts = rows[rows["is_trained"] & (rows["rule"] == rule)]
            found.append(_beyond(str(name), rule, verdicts))
    return [claim.of(16) for claim in found]


def _rank_never_rises(frame: pd.DataFrame) -> Claim:
    """The rank of the derivative along a control is its true local dimension."""
    ranks = frame[frame["method"] == "tangent_rank"]
    rises, n_runs, lowest = 0, 0, 1.0
    for _, rows in ranks.groupby(["subject", "is_trained", "seed", "sample"]):
        values = rows.sort_values("place")["value"].to_numpy(float)
        rises += int((np.diff(values) > 0).any())
        lowest = min(lowest, float(values[-1] / values[0]))
        n_runs += 1
    ours = (
        f"it rises in {rises} of {n_runs} inputs through networks; at the least {lowest:.2g} of it"
    )
    return judged(
        "the true local dimension of an input (the rank of the derivative) rises in no layer",
        None if n_runs == 0 else rises == 0,
        ours=f"{ours} is left at the output",
        n_seeds=n_runs,
        why="no derivative was taken" if n_runs == 0 else "",
        any_budget=True,
    )


def _estimates_of_controls_rise(frame: pd.DataFrame) -> Claim:
    """Whether TwoNN of an input of constant dimension is higher in some layer than at the input.

    The p-value of the largest rise is corrected for all layers, inputs and networks (Bonferroni).
    """
    rises = [rise for rise in _rises(frame) if rise.sample != "data"]
    if not rises:
        return judged(
            _ARTEFACT, None, ours="", n_seeds=0, why="no control was read", any_budget=True
        )
    largest = max(rises, key=lambda rise: rise.z)
    p_value = min(1.0, float(stats.norm.sf(largest.z)) * sum(rise.n_layers for rise in rises))
    factors = {
        name: max(r.factor for r in rises if r.subject == name)
        for name in dict.fromkeys(r.subject for r in rises)
    }
    said = ", ".join(f"{name} x {factor:.2f}" for name, factor in factors.items())
    return judged(
        _ARTEFACT,
        True if p_value < LEVEL else None,
        ours=f"largest rise of a control in each kind of network: {said}",
        n_seeds=len(rises),
        why="" if p_value < LEVEL else f"not significant at {LEVEL:g}",
        p_value=p_value,
        any_budget=True,
    )


_ARTEFACT = "estimates of inputs whose dimension is constant or falls rise with depth"


@dataclass(frozen=True, kw_only=True)
class _Rise:
    subject: str
    sample: str
    factor: float
    z: float
    n_layers: int


def _rises(frame: pd.DataFrame) -> Iterator[_Rise]:
    """The largest reading of every input in every network, over the reading at the input."""
    readings = frame[(frame["method"] == "two_nn") & frame["value"].notna()]
    for key, rows in readings.groupby(["subject", "is_trained", "seed", "sample"], sort=False):
        ordered = rows.sort_values("place")
        values = np.log(ordered["value"].to_numpy(float))
        errors = ordered["stderr"].to_numpy(float) / ordered["value"].to_numpy(float)
        if len(values) < 2 or not np.isfinite(errors).all():
            continue
        z = (values[1:] - values[0]) / np.hypot(errors[1:], errors[0])
        yield _Rise(
            subject=str(key[0]), sample=str(key[3]), n_layers=len(z), z=float(z.max()),
            factor=float(np.exp(values[1:].max() - values[0])),
        )  # fmt: skip


def _beyond(name: str, rule: str, verdicts: pd.DataFrame) -> Claim:
    """Whether what the data do in a trained network is within what the controls do."""
    verb = "rise" if rule == "rise_beyond_controls" else "fall"
    answers = [None if pd.isna(held) else bool(held) for held in verdicts["holds"]]
    within = answers.count(False)
    holds = {len(answers): True, 0: False}.get(within) if answers else None
    unclear = answers.count(None)
    if holds is False and unclear:
        holds = None
    ours = f"within the controls in {within} of {len(answers)} runs, cannot tell in {unclear}"
    first = f"; seed 0: {verdicts['statement'].iloc[0]}" if answers else ""
    return judged(
        f"{name}: the data {verb} by no more than inputs of known dimension do",
        holds,
        ours=ours + first,
        n_seeds=len(answers),
        why="" if holds is not None else "the seeds disagree, or the errors do not decide",
    )
