"""What a record of `ansuini/luminance` holds: perturbed inputs, and networks trained on them."""

from __future__ import annotations

import numpy as np
import pandas as pd

#: Strengths: the paper's, the default of the published script, and those near the published ID.
STATED, SCRIPT, FOUND = 100.0, 300.0, 1000.0
#: Those at which networks are measured.
TRAINED = (FOUND, SCRIPT, STATED)
#: The strength of the example images of the published figure, whose digits span 85 or 86 of 255
#: grey levels: a third of the range.
PICTURED = 2.0
#: Points of the sample, and the perturbation, of the paper.
N_POINTS = 2000
AS_DESCRIBED = "as described"
CONV1_OF_ALL = "conv1 of all test images"


def scan_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Inputs as described: mean and standard deviation over draws for each strength."""
    part = frame[(frame["part"] == "input") & (frame["n_points"] == N_POINTS)]
    of_strength = part[part["reading"] == AS_DESCRIBED].groupby("strength")
    return of_strength.agg(
        mean=("two_nn", "mean"), sd=("two_nn", "std"), n=("two_nn", "size"), bar=("bar", "mean")
    )


def strength_that_reads(scan: pd.DataFrame, value: float) -> float:
    """The strength at which the input reads ``value``, between those measured."""
    means, strengths = scan["mean"].to_numpy()[::-1], scan.index.to_numpy(dtype=np.float64)[::-1]
    return float(np.exp(np.interp(value, means, np.log(strengths))))


def other_readings(frame: pd.DataFrame) -> pd.DataFrame:
    """Inputs at the stated strengths that were perturbed otherwise, or are fewer: their means."""
    part = frame[(frame["part"] == "input") & (frame["strength"] != FOUND)]
    part = part[(part["reading"] != AS_DESCRIBED) | (part["n_points"] != N_POINTS)]
    keys = ["strength", "reading", "n_points"]
    means: pd.DataFrame = part.groupby(keys, sort=False)[["two_nn", "bar"]].mean()
    return means.reset_index()


def nets_in(frame: pd.DataFrame) -> pd.DataFrame:
    """All rows of networks; none in a record of inputs only."""
    known = frame if "epoch" in frame else frame.assign(epoch=np.nan)
    return known.loc[known["part"] == "net"]


def last_nets(frame: pd.DataFrame, strength: float) -> pd.DataFrame:
    """Networks at the end of training: how they fit, and their layers."""
    nets = nets_in(frame)
    nets = nets.loc[nets["strength"] == strength]
    last: pd.DataFrame = nets.loc[nets["epoch"] == nets["epoch"].max()]
    return last
