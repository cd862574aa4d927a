"""The figures of a recipe on the noise of SGD: sweep, conditions and course of each quantity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from dimscope.studies.recipes.recanatesi.noise.runs import Groups

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def figures(
    frame: pd.DataFrame, quantities: Sequence[str], groups: Groups
) -> dict[str, Callable[[], Axes]]:
    """Return functions that draw each quantity over a sweep, over conditions, and through time.

    The sweep is the group ``"sweep"``; the conditions are those of all other groups. The keys are
    the names of the files, such as ``sweep-two_nn``.
    """
    from dimscope.plots import (  # noqa: PLC0415 - a recipe loads without matplotlib
        plot_study_conditions,
        plot_study_course,
        plot_study_sweep,
    )

    swept = frame[frame["name"].isin({c.name for c in groups["sweep"]})]
    others = [c.name for part, group in groups.items() if part != "sweep" for c in group]
    names = list(dict.fromkeys(others))
    drawn: dict[str, Callable[[], Axes]] = {}
    for quantity in quantities:
        drawn[f"sweep-{quantity}"] = partial(plot_study_sweep, swept, quantity)
        drawn[f"conditions-{quantity}"] = partial(plot_study_conditions, frame, quantity, names)
        drawn[f"course-{quantity}"] = partial(plot_study_course, frame, quantity, names)
    return drawn
