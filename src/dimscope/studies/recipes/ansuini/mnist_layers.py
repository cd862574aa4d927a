"""The layers of the MNIST figure of Ansuini et al. (2019), and what it shows of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from dimscope.plots import StudyCurve, plot_study_curves
from dimscope.studies.claims import LEAST_SEEDS, LEVEL, Claim, judged
from dimscope.studies.intervals import prediction_interval
from dimscope.studies.published import published_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Units of each layer, from the input on, for images of 1 x 28 x 28.
N_UNITS: Mapping[str, int] = {
    "input": 784, "conv1": 21632, "pool1": 5408, "conv2": 7744, "pool2": 1600, "d1": 128,
    "output": 10,
}  # fmt: skip
LAYERS: tuple[str, ...] = tuple(N_UNITS)
#: The paper draws parts of its sample: how many, and which share.
N_DRAWS, SHARE = 50, 0.9
#: The sample of all 10,000 test images, in records.
ALL_IMAGES = "all test"
#: Bars over 50 draws scatter by a tenth; such a factor between two tells other numbers of images.
BAR_FACTOR = 1.5


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


def all_images_claim(
    of_sample: pd.DataFrame, of_all: pd.DataFrame, published: PublishedLayers, *, why: str = ""
) -> Claim:
    """Judge whether the published conv1 is of all 10,000 test images, and not of 2,000.

    Its value has to be that of one more network, or near ours by both bars, and its bar ours to a
    factor of 1.5.

    Parameters
    ----------
    of_sample, of_all
        ``two_nn`` and ``bar`` of conv1 in each network, for 2,000 and for all test images.
    published
        The curve.
    why
        Why these networks cannot tell; empty if they can.
    """
    at = LAYERS.index("conv1")
    value, bar = published.values[at], published.bars[at]

    def fits(nets: pd.DataFrame) -> bool:
        ours, values = float(nets["bar"].mean()), nets["two_nn"]
        is_near = bool(abs(values.mean() - value) <= ours + bar)
        if len(values) >= LEAST_SEEDS:
            low, high = prediction_interval(values, level=LEVEL)
            is_near |= bool(low <= value <= high)
        return is_near and 1 / BAR_FACTOR <= ours / bar <= BAR_FACTOR

    claim = judged(
        "the published conv1 and its bar are those of all 10,000 test images, not of 2,000",
        None if why else fits(of_all) and not fits(of_sample),
        ours=f"{_with_scatter(of_all)} of 10,000, {_with_scatter(of_sample)} of 2,000",
        n_seeds=len(of_all),
        why=why,
    )
    return replace(claim, published=f"{value:.2f}, bar {bar:.3f}")


def _with_scatter(nets: pd.DataFrame) -> str:
    values = nets["two_nn"]
    over = f" ± {values.std():.2f} over {len(values)} nets" if len(values) > 1 else ""
    return f"{values.mean():.2f}{over}, bar {nets['bar'].mean():.3f},"


def layer_curve(label: str, two_nn: pd.Series, bar: pd.Series | None = None) -> StudyCurve:
    """Return a curve through the layers, of values that are named by them."""
    layers = list(LAYERS)
    bars = None if bar is None else list(bar[layers])
    return StudyCurve(label, range(len(layers)), list(two_nn[layers]), bars)


def plot_layers(curves: Sequence[StudyCurve], title: str) -> Axes:
    """Draw curves through the layers."""
    return plot_study_curves(
        curves, title=title, x_label="layer",
        y_label=f"ID (TwoNN, {N_DRAWS} draws of {SHARE:.0%} of 2,000)", x_names=LAYERS,
    )  # fmt: skip
