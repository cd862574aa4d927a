"""Figures of the recipe on curvature: ours beside the three panels of figure 5."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dimscope.studies.published import published_figure
from dimscope.studies.recipes.ansuini.by_layer import by_layer, classes_of, nets_in, of_layers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dimscope.plots import StudyCurve


def nets_with_gaussians(last: pd.DataFrame) -> list[str]:
    """The networks whose last hidden layer was measured."""
    return list(dict.fromkeys(last[last["draw"].notna()]["net"])) if "draw" in last else []


def blocks_of(last: pd.DataFrame, net: str) -> pd.DataFrame:
    """Values of a network: a row for each N and block, a column for each draw."""
    own = last[(last["net"] == net) & last["draw"].notna()]
    return own.pivot_table(index=["n", "block"], columns="draw", values="value", sort=False)


def figures(frame: pd.DataFrame) -> Mapping[str, Callable[[], Axes]]:
    """Of each network the layers, the spectrum, and the last hidden layer against N."""
    layers, last = frame[frame["part"] == "layers"], frame[frame["part"] == "last hidden"]
    drawn: dict[str, Callable[[], Axes]] = {}
    for net in nets_in(layers):
        drawn[f"pc_id_{net.replace(':', '_')}"] = partial(_draw_layers, layers, net)
    for net in nets_with_gaussians(last):
        drawn[f"surrogate_{net.replace(':', '_')}"] = partial(_draw_surrogate, last, net)
        drawn[f"spectrum_{net.replace(':', '_')}"] = partial(_draw_spectrum, last, net)
    return drawn


def _draw_layers(frame: pd.DataFrame, net: str) -> Axes:
    from dimscope.plots import StudyCurve, plot_study_curves  # noqa: PLC0415 - matplotlib

    panel = published_figure("curvature_C")
    depths = list(np.divide(panel["depth"], panel["depth"][-1]))
    curves: list[StudyCurve] = []
    for name, what, key in (("PC-ID", "pc_count", "pc_id"), ("dimension", "mean", "id")):
        for state in ("trained", "untrained"):
            table = classes_of(by_layer(frame, net, trained=state == "trained", what=what))
            own = list(of_layers(frame, net, "depth"))
            label = f"{name}, {state}"
            curves.append(StudyCurve(label, own, list(table.mean()), list(table.std(ddof=0))))
            theirs = list(np.asarray(panel[f"{key}_{state}"]) + (what == "pc_count"))
            curves.append(
                StudyCurve(f"{label}, VGG-16 published", depths, theirs, is_published=True)
            )
    return plot_study_curves(
        curves,
        title=f"{net}: components for 90 % of the variance, and dimension",
        x_label="relative depth",
        y_label="PC-ID (a count) and TwoNN",
        logarithmic="y",
    )


def _draw_surrogate(last: pd.DataFrame, net: str) -> Axes:
    from dimscope.plots import StudyCurve, plot_study_curves  # noqa: PLC0415 - matplotlib

    published = np.array(published_figure("curvature_B")["values"]).T
    table = blocks_of(last, net)
    curves = []
    for draw, label in (
        ("data", "data"), ("as published", "Gaussian as published"), ("right", "Gaussian, right"),
        ("right, standardised", "Gaussian of standardised data, right"),
    ):  # fmt: skip
        means = table[draw].groupby("n").mean()
        curves.append(StudyCurve(label, list(means.index), list(means)))
        if draw in {"data", "as published"}:
            theirs = published[1 if draw == "data" else 2]
            curves.append(
                StudyCurve(
                    f"{label.partition(' as')[0]}, VGG-16 published", list(published[0]),
                    list(theirs), is_published=True,
                )
            )  # fmt: skip
    return plot_study_curves(
        curves,
        title=f"{net}: last hidden layer and Gaussians with its covariance",
        x_label="images",
        y_label="dimension (TwoNN)",
        logarithmic="xy",
    )


def _draw_spectrum(last: pd.DataFrame, net: str) -> Axes:
    from dimscope.plots import StudyCurve, plot_study_curves  # noqa: PLC0415 - matplotlib

    panel = published_figure("curvature_A")
    own = last[(last["net"] == net) & last["rank"].notna()]
    theirs = panel["values"]["vgg16"]
    curves = [
        StudyCurve(net, list(own["rank"]), list(own["singular"])),
        StudyCurve("VGG-16 (4,096 units), published", panel["ranks"], theirs, is_published=True),
    ]
    return plot_study_curves(
        curves,
        title="Singular values of the standardised last hidden layer",
        x_label="rank",
        y_label="singular value",
        logarithmic="xy",
    )
