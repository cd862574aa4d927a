"""The last moment of every run, for verdicts and for the summary table."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float64

from dimscope.errors import InputError
from dimscope.studies.recipes.recanatesi.noise.conditions import Condition


def last_moments(frame: pd.DataFrame) -> pd.DataFrame:
    """The last row of every run; a run is a condition and a seed."""
    return frame.loc[frame.groupby(["name", "seed"])["time"].idxmax()]


def summary(frame: pd.DataFrame, quantities: Sequence[str]) -> pd.DataFrame:
    """Quantities at the end of runs, and their predictions: mean ± standard error over seeds."""
    ends = last_moments(frame)
    shown = [*quantities, *(c for c in map(str, frame.columns) if c.startswith("predicted_"))]
    groups = ends.groupby("name", sort=False)[shown].agg(["mean", "sem"])
    cells = {
        quantity: [_mean(*row) for row in groups[quantity].itertuples(index=False)]
        for quantity in shown
    }
    index = pd.Index(groups.index, name=f"condition, {ends['seed'].nunique()} seeds")
    return pd.DataFrame(cells, index=index)


def _mean(mean: float, stderr: float) -> str:
    return "-" if math.isnan(mean) else f"{mean:.4g} ± {stderr:.1g}"


class LastMoments:
    """The last moment of every run, by condition and seed.

    Parameters
    ----------
    frame
        Has the columns ``name`` (`Condition.name`), ``seed``, ``time`` and quantities.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        ends = last_moments(frame).groupby("name")
        self._ends = {str(name): runs.set_index("seed") for name, runs in ends}

    def last(self, quantity: str, *of: Condition) -> Float64[np.ndarray, "seeds conditions"]:
        """A quantity at the end of the runs of these conditions, sorted by seed; nan if unknown.

        Raises
        ------
        InputError
            If a condition has no runs.
        """
        missing = [c.name for c in of if c.name not in self._ends]
        if missing:
            raise InputError(f"no run of {'; '.join(missing)}: give all conditions")
        columns = [self._ends[c.name][quantity].sort_index() for c in of]
        return np.asarray(pd.DataFrame(dict(enumerate(columns))), dtype=np.float64)

    def compression(self, *of: Condition) -> Float64[np.ndarray, "seeds conditions"]:
        """-ln of the orthogonal ratio."""
        return np.asarray(-np.log(self.last("orthogonal_ratio", *of)))
