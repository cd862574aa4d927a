"""Measurements of checkpoints as tables: subsets of images by layers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float64

from dimscope.studies.recipes.ansuini.imagenet import MIXED


def nets_in(frame: pd.DataFrame) -> list[str]:
    """The networks that were measured."""
    return list(dict.fromkeys(_measured(frame).get("net", [])))


def left_out(frame: pd.DataFrame) -> str:
    """Which networks could not be had; empty if none. Their rows say why."""
    if "problem" not in frame:
        return ""
    nets = dict.fromkeys(frame[frame["problem"].notna()]["net"])
    return f"left out, as the record explains: {', '.join(nets)}" if nets else ""


def by_layer(frame: pd.DataFrame, net: str, *, trained: bool, what: str = "mean") -> pd.DataFrame:
    """A quantity of a network: a row for each subset, a column for each checkpoint in order."""
    of = _measured(frame)
    own = of[(of["net"] == net) & (of["trained"] == trained)]
    layers = list(dict.fromkeys(own["layer"]))
    return own.pivot_table(index="subset", columns="layer", values=what, sort=False)[layers]


def of_layers(frame: pd.DataFrame, net: str, what: str) -> Float64[np.ndarray, " layers"]:
    """What is the same for every subset, such as the depth, of each checkpoint in order."""
    own = _measured(frame)
    own = own[own["net"] == net].drop_duplicates("layer")
    return np.asarray(own[what], dtype=np.float64)


def classes_of(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of single classes."""
    return table.drop(index=MIXED)


def peak_of(table: pd.DataFrame) -> str:
    """The highest checkpoint inside, found in the mixed images so that classes can test it."""
    return str(table.loc[MIXED].iloc[1:-1].idxmax())


def mean_and_deviation(values: pd.Series[float]) -> str:
    """Mean and standard deviation over classes, in words; empty without classes."""
    return f"{values.mean():.1f} ± {values.std(ddof=0):.1f}" if len(values) else ""


def _measured(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["layer"].notna()] if "layer" in frame else frame.iloc[:0]
