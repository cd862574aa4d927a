"""Linear estimates miss the dimension, and a Gaussian of the same covariance has a higher one.

Figure 5 of Ansuini et al. (2019): the spectrum of the last hidden layer, PC-ID (components for 90 %
of the variance of standardised units) beside the dimension of every layer, trained and untrained,
and the last hidden layer beside its Gaussian surrogate against the number of images. The surrogate
is drawn right and as their code draws it (see `dimscope.surrogate`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Self

import numpy as np
import pandas as pd

from dimscope.studies.claims import LEAST_SEEDS, Claim, agrees
from dimscope.studies.jobs import Job
from dimscope.studies.published import published_figure
from dimscope.studies.recipe import Option, Recipe
from dimscope.studies.recipes.ansuini.by_layer import (
    by_layer,
    classes_of,
    left_out,
    mean_and_deviation,
    nets_in,
    peak_of,
)
from dimscope.studies.recipes.ansuini.curvature_figures import (
    blocks_of,
    figures,
    nets_with_gaussians,
)
from dimscope.studies.recipes.ansuini.imagenet import PACKAGED, nets_of, subsets_of
from dimscope.studies.recipes.ansuini.ratios import Finding, Ratio, over_nets, paired_ratio

_SEVERAL = 3.0
_ALIKE = 2.0
_HIDDEN = -2  # the last hidden layer, among checkpoints that end with the output
_AT = 2000
_ALLOWED = 0.1


def jobs(
    *, nets: str, n_classes: int, n_images: int, n_last_hidden: int, pixels: int | None
) -> list[Job]:
    """A run for each network, trained and untrained, and subset; two on Gaussians.

    Raises
    ------
    InputError
        If networks or numbers are not allowed.
    """
    names = nets_of(nets)
    return [
        {"part": "published", "net": "VGG-16, published", "n_images": 0},
        *(
            {
                "part": "layers", "net": net, "trained": trained, "subset": subset,
                "n_images": n_images, "pixels": pixels,
            }
            for net in names
            for trained in (True, False)
            for subset in subsets_of(n_classes)
        ),
        *(
            {"part": "last hidden", "net": net, "n_images": n_last_hidden, "pixels": pixels}
            for net in names
        ),
    ]  # fmt: skip


def claims(frame: pd.DataFrame) -> list[Claim]:
    """Judge PC-ID class by class, and Gaussians block by block.

    The peak is found in the mixed images and tested in the classes.
    """
    layers = frame[frame["part"] == "layers"]
    tables = {net: _Tables.of(layers, net) for net in nets_in(layers)}
    n = min((len(classes_of(found.trained)) for found in tables.values()), default=0)
    last = frame[frame["part"] == "last hidden"]
    blocks = {net: blocks_of(last, net) for net in nets_with_gaussians(last)}
    n_blocks = min((len(_at(table, "data", _AT)) for table in blocks.values()), default=0)
    panel, curve = published_figure("curvature_C"), published_figure("curvature_B")["values"]
    pc, theirs = panel["pc_id_trained"], panel["id_trained"]
    ratios = {n_images: gaussian / data for n_images, data, gaussian in curve}
    gaussians = {n_images: gaussian for n_images, _, gaussian in curve}
    return [
        over_nets(
            "the PC-ID of the last hidden layer is several (more than 3) times its dimension",
            {net: _several_times(found) for net, found in tables.items()},
            n=n, left_out=left_out(layers),
        ).of(4, published=f"VGG-16: PC-ID {pc[_HIDDEN]:.0f}, dimension {theirs[_HIDDEN]:.0f}"),
        over_nets(
            "between trained and untrained, the PC-ID of the layers inside differs by less than "
            "half as much as the dimension, in logarithms",
            {net: _alike(found) for net, found in tables.items()},
            n=n, left_out=left_out(layers),
        ).of(4, published=f"VGG-16: {_published_alike(panel)}"),
        over_nets(
            "a Gaussian with the covariance of the last hidden layer has a higher dimension",
            {net: _higher(table) for net, table in blocks.items()},
            n=n_blocks, left_out=left_out(last),
        ).of(5, published=f"VGG-16: x {ratios[_AT]:.1f} at {_AT:,} images, drawn too wide"),
        over_nets(
            "its dimension over that of the layer grows with the number of images",
            {net: _growing(table) for net, table in blocks.items()},
            n=n_blocks, left_out=left_out(last),
        ).of(
            5, published=f"VGG-16: x {ratios[500]:.1f} at 500 images, x {ratios[9500]:.1f} at 9,500"
        ),
        over_nets(
            "drawn as in the paper's code, with the roots of singular values, it reads too high",
            {net: _too_high(table) for net, table in blocks.items()},
            n=n_blocks, left_out=left_out(last),
        ),
        _published_explained(frame[frame["part"] == "published"], gaussians[_AT]),
    ]  # fmt: skip


class _Tables(NamedTuple):
    """Dimension and PC-ID of one network, trained and untrained, by subset and layer."""

    trained: pd.DataFrame
    untrained: pd.DataFrame
    pc_trained: pd.DataFrame
    pc_untrained: pd.DataFrame

    @classmethod
    def of(cls, frame: pd.DataFrame, net: str) -> Self:
        return cls(
            *(
                by_layer(frame, net, trained=trained, what=what)
                for what in ("mean", "pc_count")
                for trained in (True, False)
            )
        )


def _several_times(found: _Tables) -> Finding:
    own, linear = classes_of(found.trained), classes_of(found.pc_trained)
    ratio = paired_ratio(linear.iloc[:, _HIDDEN], own.iloc[:, _HIDDEN], _SEVERAL)
    by_checkpoint = linear.mean() / own.mean()
    said = (
        f"{ratio}, {linear.iloc[:, _HIDDEN].mean():.0f} components (as the paper's index "
        f"{linear.iloc[:, _HIDDEN].mean() - 1:.0f}) for {own.iloc[:, _HIDDEN].mean():.1f}; over "
        f"all checkpoints x {by_checkpoint.min():.1f} to x {by_checkpoint.max():.1f}"
    )
    return Finding(holds=ratio.is_above, p_value=ratio.p_above, said=said)


def _alike(found: _Tables) -> Finding:
    own = _mean_difference(found.trained, found.untrained)
    linear = _mean_difference(found.pc_trained, found.pc_untrained)
    compared = paired_ratio(own, linear, _ALIKE)
    peak = peak_of(found.trained)
    at_peak = [
        paired_ratio(classes_of(ours)[peak], classes_of(theirs)[peak])
        for ours, theirs in (
            (found.pc_trained, found.pc_untrained), (found.trained, found.untrained)
        )
    ]  # fmt: skip
    return Finding(
        holds=compared.is_above,
        p_value=compared.p_above,
        said=f"by factors of {_factor(linear)} and {_factor(own)}; where the trained network "
        f"peaks, trained over untrained, PC-ID {at_peak[0]}, dimension {at_peak[1]}",
    )


def _mean_difference(trained: pd.DataFrame, untrained: pd.DataFrame) -> np.ndarray:
    """Mean of |ln(trained / untrained)| over the checkpoints inside, class by class."""
    logs = np.log(classes_of(trained).to_numpy() / classes_of(untrained).to_numpy())
    return np.asarray(np.abs(logs[:, 1:-1]).mean(axis=1))


def _factor(logs: np.ndarray) -> str:
    return f"{np.exp(logs.mean()):.2f}"


def _published_alike(panel: Mapping[str, list[float]]) -> str:
    factors = [
        _factor(
            np.abs(np.log(np.divide(panel[f"{what}_trained"], panel[f"{what}_untrained"])[1:-1]))
        )
        for what in ("pc_id", "id")
    ]
    return f"by factors of {' and '.join(factors)}"


def _at(table: pd.DataFrame, draw: str, n: int) -> np.ndarray:
    """The values of all blocks of n images; none if there are none."""
    return np.asarray(table.loc[table.index.get_level_values("n") == n, draw], dtype=np.float64)


def _compared(table: pd.DataFrame, above: str, below: str, n: int = _AT) -> Ratio | None:
    values = _at(table, above, n), _at(table, below, n)
    return paired_ratio(*values) if len(values[0]) >= LEAST_SEEDS else None


_TOO_FEW = Finding(holds=None, p_value=1.0, said=f"fewer than {LEAST_SEEDS} blocks of {_AT:,}")


def _higher(table: pd.DataFrame) -> Finding:
    ratio = _compared(table, "right", "data")
    if ratio is None:
        return _TOO_FEW
    wide = _compared(table, "as published", "data")
    most = int(table.index.get_level_values("n").max())
    gaussian, data = (float(_at(table, draw, most).mean()) for draw in ("right", "data"))
    return Finding(
        holds=ratio.is_above,
        p_value=ratio.p_above,
        said=f"{ratio} at {_AT:,} images, {wide} as published; at {most:,} "
        f"{gaussian:.1f} over {data:.1f}, x {gaussian / data:.2f}",
    )


def _growing(table: pd.DataFrame) -> Finding:
    """Parts of 500 images of each block beside the whole block."""
    sizes = [int(n) for n in table.index.unique("n") if n < _AT]
    ratios = {n: _at(table, "right", n) / _at(table, "data", n) for n in (*sizes[:1], _AT)}
    if not sizes or len(ratios[_AT]) < LEAST_SEEDS:
        return _TOO_FEW
    grown = paired_ratio(ratios[_AT], ratios[sizes[0]])
    course = table["right"].groupby("n").mean() / table["data"].groupby("n").mean()
    said = ", ".join(f"{value:.2f}" for value in course)
    images = ", ".join(f"{n:,.0f}" for n in course.index)
    return Finding(
        holds=grown.is_above,
        p_value=grown.p_above,
        said=f"{grown} from {sizes[0]} to {_AT:,}; {said} at {images} images",
    )


def _too_high(table: pd.DataFrame) -> Finding:
    ratio = _compared(table, "as published", "right")
    if ratio is None:
        return _TOO_FEW
    return Finding(holds=ratio.is_above, p_value=ratio.p_above, said=f"{ratio} at {_AT:,} images")


def _published_explained(frame: pd.DataFrame, target: float) -> Claim:
    """Whether the published value is what the fault makes of the published spectrum."""
    wide, right = (
        frame[frame["draw"] == draw]["value"].to_numpy() for draw in ("as published", "right")
    )
    claim = agrees(
        f"a Gaussian drawn from VGG-16's published spectrum as in the paper's code reads the "
        f"published {target:.0f} (drawn right, {right.mean():.0f} ± {right.std(ddof=1):.0f})",
        float(wide.mean()),
        2 * float(wide.std(ddof=1)),
        target,
        _ALLOWED * target,
        n_seeds=len(wide),
        any_budget=True,
    )
    return claim.of(5, published=f"{target:.1f} at {_AT:,} images")


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """PC-ID and dimension of the input, the peak and the last two checkpoints."""
    layers, rows = frame[frame["part"] == "layers"], {}
    for net in nets_in(layers):
        found = _Tables.of(layers, net)
        peak = peak_of(found.trained)
        shown = [found.trained.columns[0], peak, *found.trained.columns[_HIDDEN:]]
        for name, table in (
            ("dimension", found.trained), ("PC-ID", found.pc_trained),
            ("dimension, untrained", found.untrained), ("PC-ID, untrained", found.pc_untrained),
        ):  # fmt: skip
            cells = [mean_and_deviation(classes_of(table)[layer]) for layer in shown]
            names = ("input", "peak", "last hidden", "last")
            rows[f"{net}, {name}"] = dict(zip(names, cells, strict=True))
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table.rename_axis("classes: mean ± sd; PC-ID is a count")


RECIPE = Recipe(
    name="ansuini/curvature",
    paper="Ansuini et al. (2019), arXiv:1905.12784",
    title="PC-ID and Gaussian surrogates beside the dimension of layers",
    differs=(
        "EfficientNet-Lite0 on CIFAR-10's images stands for VGG-16 on ImageNet's. The Gaussian is "
        "drawn right, with the layer's covariance, and as the paper's code draws it, with the "
        "roots of singular values as standard deviations. PC-ID is a count here; the paper's is "
        "an index, one less."
    ),
    options=(
        Option(
            name="nets", kind=str, default=PACKAGED[0], is_fixed=False,
            help="Networks, with commas between them. Those whose weights are not at hand are "
            "left out, which the record keeps.",
        ),
        Option(
            name="n_classes", kind=int, default=4, is_fixed=False,
            help="Classes measured by themselves, of 7.",
        ),
        Option(name="n_images", kind=int, default=512, help="Images of each class."),
        Option(
            name="n_last_hidden", kind=int, default=9500,
            help="Images for the last hidden layer and its Gaussians.",
        ),
        Option(
            name="pixels", kind=int, default=None,
            help="Side of the images of packaged networks; "
            "by default that of each network.",
        ),
    ),
    budgets={
        "quick": {"n_classes": 3, "n_images": 48, "n_last_hidden": 300, "pixels": 128},
        "full": {"nets": ",".join(["torchvision:vgg16", *PACKAGED]), "n_classes": 7},
    },
    jobs=jobs,
    work="dimscope.studies.recipes.ansuini.curvature_runs:run",
    summary=summary,
    claims=claims,
    figures=figures,
    published={name: published_figure(f"curvature_{name}") for name in "ABC"},
)  # fmt: skip
