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
from jaxtyping import Float64
from scipy import stats

from dimscope.studies.claims import LEAST_SEEDS, LEVEL, Claim
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
from dimscope.studies.recipes.ansuini.ratios import Finding, Ratio, over_nets, paired_ratio

if TYPE_CHECKING:
    from dimscope.results import Note

N_DRAWS = 5
_KEPT = 450 / 512
_ORDERS = 10.0  # an order of magnitude
_N_BOOTSTRAP = 2000
_N_PERMUTATIONS = 20_000


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
                    "mean": float(f"{found.mean:.6g}"),
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
            {net: _below_units(trained[net], of_layers(frame, net, "units")) for net in nets},
            n=n, left_out=missing,
        ).of(1, published="VGG-16: 31.7 of 150,528 pixels, 119 of 200,704 units, 15.7 of 1,000"),
        over_nets(
            "the dimension rises to a peak inside and falls from it to the last checkpoint",
            {net: _hunchback(curves) for net, curves in trained.items()},
            n=n, left_out=missing,
        ).of(
            2,
            published=f"VGG-16: x {highest / published[0]:.2f} up, x {highest / published[-1]:.2f} "
            "down",
        ),
        over_nets(
            "checkpoints have the order of the published VGGs and ResNets at the same relative "
            "depth",
            {net: _order(trained[net], of_layers(frame, net, "depth")) for net in nets},
            n=n, left_out=missing,
        ).of(2, published="figure 3B, mean of 13 networks"),
        over_nets(
            "untrained, the rise is less than half of the trained one, in logarithms",
            {net: _flatness(trained[net], untrained[net]) for net in nets},
            n=n, left_out=missing,
        ).of(
            2, published=f"VGG-16: x {rises[1]:.2f} untrained, x {rises[0]:.2f} trained"
        ),
    ]  # fmt: skip


def _below_units(curves: pd.DataFrame, units: np.ndarray) -> Finding:
    ratios = [
        paired_ratio(np.full(len(values), n_units), values, _ORDERS)
        for n_units, values in zip(units, classes_of(curves).to_numpy().T, strict=True)
    ]
    least = min(ratios, key=lambda ratio: ratio.value)
    middle = float(np.median([ratio.value for ratio in ratios]))
    layer = short(curves.columns[ratios.index(least)])
    p_value = max(ratio.p_above for ratio in ratios)
    outcomes = {ratio.is_above for ratio in ratios}
    holds = False if False in outcomes else None if None in outcomes else True
    return Finding(
        holds=holds,
        p_value=p_value,
        said=f"units over dimension {least} at {layer}, the least; x {middle:,.0f} is the median",
    )


def _hunchback(curves: pd.DataFrame) -> Finding:
    peak, classes = peak_of(curves), classes_of(curves)
    rise = paired_ratio(classes[peak], classes.iloc[:, 0])
    fall = paired_ratio(classes[peak], classes.iloc[:, -1])
    outcomes = {rise.is_above, fall.is_above}
    holds = False if False in outcomes else None if None in outcomes else True
    return Finding(
        holds=holds,
        p_value=max(rise.p_above, fall.p_above),
        said=f"up {rise} to {short(peak)}, down {fall}",
    )


def _order(curves: pd.DataFrame, depths: np.ndarray) -> Finding:
    """Spearman's correlation with the published curve, tested by permuting checkpoints."""
    values, published = classes_of(curves).to_numpy(), _published_at(depths)
    if len(values) < LEAST_SEEDS:
        return Finding(holds=None, p_value=1.0, said=f"{len(values)} classes are too few")

    rng = np.random.default_rng(0)
    drawn = rng.integers(len(values), size=(_N_BOOTSTRAP, len(values)))
    low, high = np.quantile(_spearman(values[drawn].mean(axis=1), published), [0.025, 0.975])
    found = float(_spearman(values.mean(axis=0), published))
    permuted = rng.permuted(np.tile(published, (_N_PERMUTATIONS, 1)), axis=1)
    as_high = _spearman(permuted, values.mean(axis=0)) >= found - 1e-12
    p_value = float(1 + as_high.sum()) / (1 + _N_PERMUTATIONS)
    return Finding(
        holds=True if p_value < LEVEL else False if high < 0 else None,
        p_value=p_value,
        said=f"Spearman {found:.2f} ({low:.2f} .. {high:.2f}), {len(depths)} checkpoints",
    )


def _spearman(rows: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Correlations of each row, along the last axis, with one other."""
    centre = (len(other) + 1) / 2
    ranks, others = stats.rankdata(rows, axis=-1) - centre, stats.rankdata(other) - centre
    norms = np.sqrt((ranks**2).sum(axis=-1) * (others**2).sum())
    return np.asarray((ranks * others).sum(axis=-1) / norms)


def _published_at(depths: np.ndarray) -> np.ndarray:
    """Mean of the published curves of VGGs and ResNets at these relative depths."""
    curves = [
        np.interp(depths, curve["relative_depth"], curve["id"])
        for net, curve in published_figure("hunchbacks_B")["values"].items()
        if net.startswith(("vgg", "resnet"))
    ]
    mean: np.ndarray = np.stack(curves).mean(axis=0)
    return mean


def _rises(curves: pd.DataFrame) -> Float64[np.ndarray, " classes"]:
    """The highest checkpoint of the mixed images over the input, class by class."""
    classes = classes_of(curves)
    highest = str(curves.loc[MIXED].idxmax())
    return np.asarray(classes[highest] / classes.iloc[:, 0], dtype=np.float64)


def _flatness(trained: pd.DataFrame, untrained: pd.DataFrame) -> Finding:
    """Compare the rises: that of the trained network against the square of the other."""
    if untrained.empty:
        return Finding(holds=None, p_value=1.0, said="no untrained network")
    compared = paired_ratio(_rises(trained), _rises(untrained) ** 2)
    return Finding(
        holds=compared.is_above,
        p_value=compared.p_above,
        said=f"{_over_one(untrained)} untrained, {_over_one(trained)} trained",
    )


def _over_one(curves: pd.DataFrame) -> Ratio:
    rises = _rises(curves)
    return paired_ratio(rises, np.ones_like(rises))


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """Input, peak and last checkpoint of every network: mean and deviation over classes.

    The hub is the largest share of images that have the same nearest neighbour.
    """
    rows = {}
    for net in nets_in(frame):
        for trained in (True, False):
            curves = by_layer(frame, net, trained=trained)
            hubs = by_layer(frame, net, trained=trained, what="hub")
            peak, classes = peak_of(curves), classes_of(curves)
            cells = {"input": curves.columns[0], "peak": peak, "last": curves.columns[-1]}
            rows[f"{net}{'' if trained else ', untrained'}"] = {
                **{what: mean_and_deviation(classes[layer]) for what, layer in cells.items()},
                "peak at": short(peak),
                "mixed, peak": f"{float(curves[peak][MIXED]):.1f}",
                "hub at peak": _percent(classes_of(hubs)[peak]),
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
