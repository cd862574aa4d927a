"""The colour of a model, of a method and of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

import numpy as np

from dimscope.plots.names import Run

#: The colours of Okabe and Ito, which colour-blind readers can tell apart. Black and yellow are
#: left out: they vanish on dark and on light ground.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C8C8C")
#: Of controls, which lie behind the data.
_GREYS = ("#6B7280", "#9CA3AF", "#B9BEC7")
_TINT = 0.4
#: From the first to the last layer: blue to amber, ever lighter, readable on any ground.
_DEPTH_RAMP = ("#2B5FA8", "#8364B0", "#CF5A6B", "#E8A02C")


def run_colors(runs: Sequence[Run]) -> dict[Run, str]:
    """Choose a colour for each model; earlier steps of one model are paler."""
    models = dict(zip(dict.fromkeys(model for model, _ in runs), cycle(PALETTE), strict=False))
    colors: dict[Run, str] = {}
    for model, color in models.items():
        own = sorted((run for run in runs if run[0] == model), key=lambda run: run[1] or 0)
        for place, run in enumerate(own, start=1):
            colors[run] = _blend("#D5D9E0", color, place / len(own))
    return colors


def control_colors(samples: Sequence[str]) -> dict[str, str]:
    """Choose a grey for each control, by its name.

    Examples
    --------
    >>> control_colors(["affine_d8", "smooth_d4"])
    {'affine_d8': '#6B7280', 'smooth_d4': '#9CA3AF'}
    """
    return dict(zip(dict.fromkeys(samples), cycle(_GREYS), strict=False))


def tinted(grey: str, tint: str | None) -> str:
    """Mix some of a colour into a grey; None leaves it as it is.

    Examples
    --------
    >>> tinted("#6B7280", "#0072B2"), tinted("#6B7280", None)
    ('#407294', '#6B7280')
    """
    return grey if tint is None else _blend(grey, tint, _TINT)


def layer_colors(n_layers: int) -> list[str]:
    """Choose a colour for each layer, running evenly from the first to the last.

    Examples
    --------
    >>> layer_colors(2)
    ['#2B5FA8', '#E8A02C']
    """
    spans = len(_DEPTH_RAMP) - 1
    colors = []
    for place in np.linspace(0, spans, n_layers):
        start = min(int(place), spans - 1)
        colors.append(_blend(_DEPTH_RAMP[start], _DEPTH_RAMP[start + 1], place - start))
    return colors


def _blend(first: str, second: str, share: float) -> str:
    """Mix two hexadecimal colours; ``share`` is that of the second."""
    channels = zip(bytes.fromhex(first[1:]), bytes.fromhex(second[1:]), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in channels)
