"""The layers of the MNIST figure of Ansuini et al. (2019), and what it shows of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from dimscope.plots import StudyCurve, plot_study_curves
from dimscope.studies.published import published_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Units of each layer, from the input on, for images of 1 x 28 x 28.
N_UNITS: Mapping[str, int] = {
    "input": 784, "conv1": 21632, "pool1": 5408, "conv2": 7744, "pool2": 1600, "d1": 128,
    "output": 10,
}  # fmt: skip
LAYERS: tuple[str, ...] = tuple(N_UNITS)


class PublishedLayers(NamedTuple):
    """A curve of the figure.

    Attributes
    ----------
    values
        ID of each layer.
    bars
        Standard deviations over 50 draws of 90 % of the sample, which are no sampling errors.
    """

    values: tuple[float, ...]
    bars: tuple[float, ...]

    def curve(self, label: str = "published") -> StudyCurve:
        """Return it as it is drawn, after the curve of ours that it stands beside."""
        return StudyCurve(label, range(len(LAYERS)), self.values, self.bars, is_published=True)


def published_layers(curve: str) -> PublishedLayers:
    """Return ``"mnist"``, ``"mnist_luminance"`` or ``"mnist_shuffled_labels"`` of the figure."""
    found = published_figure("mnist_B")["values"][curve]
    return PublishedLayers(values=tuple(found["id"]), bars=tuple(found["err"]))


def layer_curve(label: str, two_nn: pd.Series, bar: pd.Series | None = None) -> StudyCurve:
    """Return a curve through the layers, of values that are named by them."""
    layers = list(LAYERS)
    bars = None if bar is None else list(bar[layers])
    return StudyCurve(label, range(len(layers)), list(two_nn[layers]), bars)


def plot_layers(curves: Sequence[StudyCurve], title: str) -> Axes:
    """Draw curves through the layers."""
    return plot_study_curves(
        curves, title=title, x_label="layer",
        y_label="ID (TwoNN, 50 draws of 90 % of 2,000)", x_names=LAYERS,
    )  # fmt: skip
