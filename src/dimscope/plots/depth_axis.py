"""The horizontal axis of layers: their positions and names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from dimscope.plots.names import shorten


@dataclass(frozen=True, kw_only=True)
class DepthAxis:
    """The position of each layer on the horizontal axis.

    Attributes
    ----------
    label
        Title of the axis.
    positions
        The position of each layer, by model and layer.
    ticks
        Position and name of the layers to mark; empty if the axis shows numbers.
    """

    label: str
    positions: Mapping[tuple[str, str], float]
    ticks: tuple[tuple[float, str], ...]

    def place(self, frame: pd.DataFrame) -> list[float]:
        """Look up the position of each row of ``frame``."""
        keys = zip(frame["model"], frame["layer"], strict=True)
        return [self.positions[key] for key in keys]


def depth_axis(frame: pd.DataFrame, *, max_ticks: int = 30) -> DepthAxis:
    """Place layers one by one if all models share them, else at their relative depth."""
    layers = frame.drop_duplicates(["model", "layer"]).sort_values("layer_index", kind="stable")
    by_model = {str(model): rows for model, rows in layers.groupby("model", sort=False)}
    names = [rows["layer"].tolist() for rows in by_model.values()]
    if all(other == names[0] for other in names):
        positions = {
            (model, layer): float(i) for model in by_model for i, layer in enumerate(names[0])
        }
        step = -(-len(names[0]) // max_ticks)
        ticks = tuple((float(i), shorten(name)) for i, name in enumerate(names[0]))[::step]
        return DepthAxis(label="layer", positions=positions, ticks=ticks)
    positions = {
        (model, layer): float(x)
        for model, rows in by_model.items()
        for layer, x in zip(rows["layer"], spread(rows["relative_depth"].to_numpy()), strict=True)
    }
    return DepthAxis(label="relative depth", positions=positions, ticks=())


def spread(depths: Float[np.ndarray, " n_layers"]) -> Float[np.ndarray, " n_layers"]:
    """Set equal depths side by side, evenly up to the next depth, so that no two coincide.

    Examples
    --------
    >>> spread(np.array([0.0, 0.5, 0.5, 1.0])).tolist()
    [0.0, 0.5, 0.75, 1.0]
    """
    distinct, group, counts = np.unique(depths, return_inverse=True, return_counts=True)
    gaps = np.diff(distinct)
    gaps = np.append(gaps, gaps[-1] if gaps.size else 1.0)
    place = pd.Series(depths).groupby(group).cumcount().to_numpy()
    shifted: np.ndarray = depths + gaps[group] * place / counts[group]
    return shifted
