"""The layers of the MNIST figure of Ansuini et al. (2019), and what it shows of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from dimscope.studies.published import published_figure

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


def published_layers(curve: str) -> PublishedLayers:
    """Return ``"mnist"``, ``"mnist_luminance"`` or ``"mnist_shuffled_labels"`` of the figure."""
    found = published_figure("mnist_B")["values"][curve]
    return PublishedLayers(values=tuple(found["id"]), bars=tuple(found["err"]))
