"""All rules on all networks of some tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

import pandas as pd

from dimscope.results import Tables, Verdict, table_of
from dimscope.verdicts.estimator import judge_calibrated, judge_inflation, judge_resolution
from dimscope.verdicts.moves import judge_fall, judge_rise
from dimscope.verdicts.runs import Run, runs_in
from dimscope.verdicts.tangents import judge_tangents

T = TypeVar("T", bound=Tables)

#: The rules in the order in which their verdicts are shown. A rule is given its name and what one
#: method reads of one network.
RULES: Mapping[str, Callable[[str, Run], Iterator[Verdict]]] = {
    "rise_beyond_controls": judge_rise,
    "fall_beyond_controls": judge_fall,
    "calibrated_rise": judge_calibrated,
    "resolution": judge_resolution,
    "tangent_directions": judge_tangents,
    "inflation": judge_inflation,
}


def verdicts_of(tables: Tables) -> tuple[Verdict, ...]:
    """Judge every network of the tables at its last step.

    Parameters
    ----------
    tables
        What was measured, such as a profile.

    Returns
    -------
    tuple of Verdict
        Each with its evidence. They do not depend on the order of the rows.
    """
    return tuple(
        verdict
        for run in runs_in(tables)
        for rule, judge in RULES.items()
        for verdict in judge(rule, run)
    )


def judged(tables: T) -> T:
    """Return the tables with their verdicts by these rules in place of older ones.

    Verdicts follow from the other tables: once those are joined with controls, say, they are out of
    date. Verdicts by other rules stay.
    """
    own = table_of(Verdict, verdicts_of(tables))
    others = without_verdicts(tables).verdicts
    return replace(tables, verdicts=pd.concat([others, own], ignore_index=True))


def without_verdicts(tables: T) -> T:
    """Return the tables without the verdicts by these rules."""
    others = ~tables.verdicts["rule"].isin(list(RULES))
    return replace(tables, verdicts=tables.verdicts[others])
