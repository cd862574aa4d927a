"""Figures of the recipe on the hunchback: our curves beside those of figures 3 and 5."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from dimscope.studies.published import published_figure
from dimscope.studies.recipes.ansuini.by_layer import by_layer, classes_of, nets_in, of_layers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dimscope.plots import StudyCurve


def figures(frame: pd.DataFrame) -> Mapping[str, Callable[[], Axes]]:
    """All trained networks by relative depth, and each beside its untrained twin."""
    nets = nets_in(frame)
    drawn: dict[str, Callable[[], Axes]] = {}
    if nets:
        drawn["hunchback"] = partial(_draw_all, frame, nets)
    for net in nets:
        drawn[f"hunchback_{net.replace(':', '_')}"] = partial(_draw_net, frame, net)
    return drawn


def _draw_all(frame: pd.DataFrame, nets: list[str]) -> Axes:
    from dimscope.plots import StudyCurve, plot_study_curves  # noqa: PLC0415 - matplotlib

    curves = [_our_curve(frame, net, net, trained=True) for net in nets]
    depths = published_figure("hunchbacks_B")["values"]["vgg16"]["relative_depth"]
    vgg16 = published_figure("hunchbacks_A")["values"]["vgg16"]
    theirs = StudyCurve("VGG-16, published", depths, vgg16["id"], vgg16["err"], is_published=True)
    return plot_study_curves(
        [*curves, theirs],
        title="Networks trained on ImageNet: TwoNN by depth, mean and deviation over classes",
        x_label="relative depth",
        y_label="dimension (TwoNN)",
    )


def _draw_net(frame: pd.DataFrame, net: str) -> Axes:
    from dimscope.plots import StudyCurve, plot_study_curves  # noqa: PLC0415 - matplotlib

    panel = published_figure("curvature_C")
    depths = [depth / panel["depth"][-1] for depth in panel["depth"]]
    curves = []
    for name in ("trained", "untrained"):
        curves.append(_our_curve(frame, net, f"{net}, {name}", trained=name == "trained"))
        curves.append(
            StudyCurve(
                f"VGG-16, {name}, published", depths, panel[f"id_{name}"],
                panel[f"id_{name}_err"], is_published=True,
            )
        )  # fmt: skip
    return plot_study_curves(
        curves,
        title=f"{net} beside VGG-16: mean and deviation over classes",
        x_label="relative depth",
        y_label="dimension (TwoNN)",
    )


def _our_curve(frame: pd.DataFrame, net: str, label: str, *, trained: bool) -> StudyCurve:
    from dimscope.plots import StudyCurve  # noqa: PLC0415 - matplotlib

    curves = by_layer(frame, net, trained=trained)
    classes = curves if len(curves) == 1 else classes_of(curves)
    depths = of_layers(frame, net, "depth")
    return StudyCurve(label, list(depths), list(classes.mean()), list(classes.std(ddof=0)))
