"""The dimension rises and falls with depth, in networks trained on ImageNet.

Figure 3 of Ansuini et al. (2019): TwoNN at every checkpoint, 450 of 512 images a draw, five draws,
mean and standard deviation over seven categories; here also over all classes mixed, and in
untrained networks, which the paper shows in figure 5.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dimscope.studies.claims import Claim
from dimscope.studies.intervals import significant
from dimscope.studies.jobs import Job, Rows
from dimscope.studies.published import published_figure
from dimscope.studies.recipe import Option, Recipe
from dimscope.studies.recipes.ansuini.by_layer import (
    by_layer,
    classes_of,
    left_out,
    mean_and_deviation,
    nets_in,
    of_layers,
    peak_of,
)
from dimscope.studies.recipes.ansuini.hunchback_figures import figures
from dimscope.studies.recipes.ansuini.hunchback_findings import (
    below_units,
    flatness,
    order,
    rise_and_fall,
    scatter_with_hubs,
)
from dimscope.studies.recipes.ansuini.imagenet import (
    MIXED,
    PACKAGED,
    TORCHVISION,
    activations,
    nets_of,
    reason_to_leave_out,
    short,
    subsets_of,
)
from dimscope.studies.recipes.ansuini.ratios import over_nets

if TYPE_CHECKING:
    from dimscope.results import Note

N_DRAWS = 5
_KEPT = 450 / 512


def jobs(*, nets: str, n_classes: int, n_images: int, pixels: int | None) -> list[Job]:
    """A run for each network, trained and untrained, and each subset of the images.

    Raises
    ------
    InputError
        If networks or numbers are not allowed.
    """
    return [
        {"net": net, "trained": trained, "subset": subset, "n_images": n_images, "pixels": pixels}
        for net in nets_of(nets)
        for trained in (True, False)
        for subset in subsets_of(n_classes)
    ]


def n_kept_of(n_images: int) -> int:
    """Images of each draw: 450 of 512."""
    return round(_KEPT * n_images)


def measure(*, net: str, trained: bool, subset: str, n_images: int, pixels: int | None) -> Rows:
    """Measure all checkpoints in one pass: a row for each, or one with the reason why not.

    ``hub`` is the largest share of images that have the same nearest neighbour.
    """
    from dimscope.studies.recipes.ansuini.resampling import (  # noqa: PLC0415 - torch loads late
        graph_of,
        resampled,
    )

    problem = reason_to_leave_out(net, trained=trained)
    if problem is not None:
        return [{"problem": problem}]
    n_kept = n_kept_of(n_images)
    rows: Rows = []
    with activations(
        net, trained=trained, subset=subset, n_images=n_images, pixels=pixels
    ) as layers:
        for point, values in layers:
            graph = graph_of(values)
            found = resampled(graph, n_kept=n_kept, n_draws=N_DRAWS, rng=0)
            rows.append(
                {
                    "layer": point.layer,
                    "depth": round(point.relative_depth, 4),
                    "units": values.shape[1],
                    "mean": significant(found.mean),
                    "std": float(f"{found.std:.3g}"),
                    "n": n_kept,
                    "hub": round(
                        float(np.bincount(graph.indices[:, 0]).max()) / graph.n_samples, 3
                    ),
                }
                | _notes(found.notes)
            )
    return rows


def _notes(notes: Iterable[Note]) -> dict[str, str]:
    codes = sorted({note.code for note in notes})
    return {"notes": " ".join(codes)} if codes else {}


def claims(frame: pd.DataFrame) -> list[Claim]:
    """Judge each statement on every network: class by class, and by the order of layers.

    The peak is found in the mixed images and tested in the classes.
    """
    nets = nets_in(frame)
    trained = {net: by_layer(frame, net, trained=True) for net in nets}
    untrained = {net: by_layer(frame, net, trained=False) for net in nets}
    n = min((len(classes_of(curves)) for curves in trained.values()), default=0)
    missing = left_out(frame)
    published = published_figure("hunchbacks_B")["values"]["vgg16"]["id"]
    panel = published_figure("curvature_C")
    rises = [max(panel[f"id_{name}"]) / panel[f"id_{name}"][0] for name in ("trained", "untrained")]
    highest = max(published)
    return [
        over_nets(
            "the dimension is at least an order of magnitude below the number of units, at every "
            "checkpoint",
            {net: below_units(trained[net], of_layers(frame, net, "units")) for net in nets},
            n=n, left_out=missing,
        ).of(1, published="VGG-16: 31.7 of 150,528 pixels, 119 of 200,704 units, 15.7 of 1,000"),
        over_nets(
            "the dimension rises to a peak inside and falls from it to the last checkpoint",
            {net: rise_and_fall(curves) for net, curves in trained.items()},
            n=n, left_out=missing,
        ).of(
            2,
            published=f"VGG-16: x {highest / published[0]:.2f} up, x {highest / published[-1]:.2f} "
            "down",
        ),
        over_nets(
            "checkpoints have the order of the published VGGs and ResNets at the same relative "
            "depth",
            {net: order(trained[net], of_layers(frame, net, "depth")) for net in nets},
            n=n, left_out=missing,
        ).of(2, published="figure 3B, mean of 13 networks"),
        over_nets(
            "untrained, the rise is less than half of the trained one, in logarithms",
            {net: flatness(trained[net], untrained[net]) for net in nets},
            n=n, left_out=missing,
        ).of(
            2, published=f"VGG-16: x {rises[1]:.2f} untrained, x {rises[0]:.2f} trained"
        ),
        over_nets(
            "draws scatter more at checkpoints where one image is the nearest neighbour of more "
            "of the others",
            {net: scatter_with_hubs(*_of_draws(frame, net)) for net in nets},
            n=n, left_out=missing,
        ),
    ]  # fmt: skip


def _of_draws(frame: pd.DataFrame, net: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Mean and deviation over draws, and the hub, of a trained network."""
    mean, std, hub = (
        by_layer(frame, net, trained=True, what=what) for what in ("mean", "std", "hub")
    )
    return mean, std, hub


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """Input, peak of mixed images and last checkpoint: mean and deviation over classes.

    The hub is the largest share of images that have the same nearest neighbour.
    """
    rows = {}
    for net in nets_in(frame):
        for trained in (True, False):
            curves = by_layer(frame, net, trained=trained)
            hubs = by_layer(frame, net, trained=trained, what="hub")
            peak, classes = peak_of(curves), classes_of(curves)
            ends = curves.columns[[0, -1]]
            cells = {"input": ends[0], "at mixed peak": peak, "last": ends[1]}
            rows[f"{net}{'' if trained else ', untrained'}"] = {
                **{what: mean_and_deviation(classes[layer]) for what, layer in cells.items()},
                "mixed peak": short(peak),
                "mixed there": f"{float(curves[peak][MIXED]):.1f}",
                "hub there": _percent(classes_of(hubs)[peak]),
            }
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table.rename_axis("network; classes: mean ± sd")


def _percent(shares: pd.Series[float]) -> str:
    return f"{shares.min():.0%} .. {shares.max():.0%}" if len(shares) else ""


RECIPE = Recipe(
    name="ansuini/hunchback",
    paper="Ansuini et al. (2019), arXiv:1905.12784",
    title="The dimension by depth in networks trained on ImageNet, and in untrained ones",
    differs=(
        "ImageNet's categories cannot be had, so seven classes of CIFAR-10, enlarged, stand for "
        "them: shape and order are judged, values are not. The networks are those whose weights "
        "packages ship; vgg16_trunk (the convolutions of VGG-16, at 96 pixels) was trained from "
        "ImageNet's weights to find edges. That a rise is no evidence about the images, since "
        "random maps of constant dimension rise as far in the trained network, is in "
        "docs/belief.md."
    ),
    options=(
        Option(
            name="nets", kind=str, default=",".join(PACKAGED), is_fixed=False,
            help="Networks, with commas between them, such as torchvision:vgg16. Those whose "
            "weights are not at hand are left out, which the record keeps.",
        ),
        Option(
            name="n_classes", kind=int, default=7,
            help="Classes measured by themselves, of 7.", is_fixed=False,
        ),
        Option(name="n_images", kind=int, default=512, help="Images of each class."),
        Option(
            name="pixels", kind=int, default=None,
            help="Side of the images of packaged networks; "
            "by default that of each network, but 96 for vgg16_trunk.",
        ),
    ),
    budgets={
        "quick": {"nets": PACKAGED[0], "n_classes": 3, "n_images": 48, "pixels": 128},
        "full": {"nets": ",".join([*TORCHVISION, *PACKAGED])},
    },
    jobs=jobs,
    work="dimscope.studies.recipes.ansuini.hunchback:measure",
    summary=summary,
    claims=claims,
    figures=figures,
    published=published_figure("hunchbacks_B"),
)  # fmt: skip
