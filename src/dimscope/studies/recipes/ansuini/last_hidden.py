"""The dimension of the last hidden layer against test accuracy (Ansuini et al. 2019, figure 4).

The paper correlates it with the top-5 error of 14 networks trained on ImageNet. Here networks of
two families are trained on CIFAR-10 and Fashion-MNIST: some differ in architecture only, as the
paper's do, others in how long or with how much weight decay they are trained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from dimscope.errors import InputError
from dimscope.studies.claims import Claim
from dimscope.studies.correlation import correlation
from dimscope.studies.jobs import Job
from dimscope.studies.recipe import DEVICE, Option, Recipe, seeds_option
from dimscope.studies.recipes.ansuini.last_hidden_claims import (
    alike,
    id_claims,
    networks,
    other_claims,
    published_claims,
    published_table,
)
from dimscope.studies.recipes.ansuini.last_hidden_nets import BATCH, DATA, NETS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_N_TRAIN, _N_TEST, _LEAST_SAMPLES = 50_000, 10_000, 100
_ID_LABEL = "ID of the last hidden layer (TwoNN)"
_QUANTITIES = {
    "id": "TwoNN", "mst_dimension": "MST dimension", "participation_ratio": "participation ratio",
    "rankme": "RankMe", "alpha_req": "alpha-ReQ",
    "output_participation_ratio": "participation ratio of the output",
    "n_parameters": "number of parameters", "training_accuracy": "training accuracy",
}  # fmt: skip


def jobs(  # noqa: PLR0913 - the options
    *, n_seeds: int, nets: str, data: str, n_train: int, n_samples: int, device: str
) -> list[Job]:
    """A run for each data set, network and seed; no two networks have the same seed.

    Raises
    ------
    InputError
        If there are no such networks or data sets, or a number is out of range.
    """
    if nets not in NETS:
        raise InputError(f"nets={nets!r}: choose {' or '.join(NETS)}")
    if data not in (*DATA, "both"):
        raise InputError(f"data={data!r}: choose both or {' or '.join(DATA)}")
    if (
        n_seeds < 1
        or not BATCH <= n_train <= _N_TRAIN
        or not _LEAST_SAMPLES <= n_samples <= _N_TEST
    ):
        raise InputError(
            f"n_seeds={n_seeds} must be at least 1, n_train={n_train} within {BATCH} and "
            f"{_N_TRAIN:,}, and n_samples={n_samples} within {_LEAST_SAMPLES} and {_N_TEST:,}"
        )
    sizes = {"n_train": n_train, "n_samples": n_samples, "device": device}
    chosen = DATA if data == "both" else (data,)
    return [
        {
            "data": name,
            **net.arguments,
            "seed": 1000 * DATA.index(name) + 10_000 * replicate + i,
            **sizes,
        }
        for name in chosen
        for replicate in range(n_seeds)
        for i, net in enumerate(NETS[nets])
    ]


def claims(frame: pd.DataFrame) -> list[Claim]:
    """Judge our networks, the paper's table, and what others found of other quantities."""
    nets = networks(frame)
    return [*id_claims(nets), *published_claims(), *other_claims(nets)]


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """Spearman's r of each quantity with the test error, and its 95 % interval."""
    nets = networks(frame)
    columns = {}
    for data, own in nets.groupby("data", sort=False):
        columns[f"{data}, trained alike"] = _column(alike(own, "architecture"))
        columns[f"{data}, all"] = _column(own)
    return pd.DataFrame(columns).rename_axis("Spearman's r with the test error")


def _column(nets: pd.DataFrame) -> dict[str, str]:
    error = nets["test_error"]
    about = {"networks": str(len(nets)), "test error, %": f"{error.min():.1f} to {error.max():.1f}"}
    return about | {words: _cell(nets, name) for name, words in _QUANTITIES.items()}


def _cell(nets: pd.DataFrame, quantity: str) -> str:
    known = nets.dropna(subset=[quantity])
    try:
        r = correlation(known[quantity], known["test_error"], kind="spearman", rng=0)
    except InputError:
        return "unknown"
    known_interval = r.low is not None and r.high is not None
    return f"{r.r:.2f} ({r.low:.2f} .. {r.high:.2f})" if known_interval else f"{r.r:.2f}"


def figures(frame: pd.DataFrame) -> Mapping[str, Callable[[], Axes]]:
    """ID against error beside the published networks, and what training length does."""
    nets = networks(frame)
    return {
        "last-hidden": partial(_draw_error, nets),
        "training-length": partial(_draw_length, nets),
    }


def _draw_error(nets: pd.DataFrame) -> Axes:
    from dimscope.plots import plot_study_points  # noqa: PLC0415 - loads when needed

    axes = plot_study_points(
        published_table(), "test_error", "id", "kin", error="id_std",
        title="published: ImageNet", x_label="top-5 error, %", y_label=_ID_LABEL,
    )  # fmt: skip
    panels = list(nets.groupby("data", sort=False))
    figure: Any = axes.figure
    grid = figure.add_gridspec(1, 1 + len(panels))
    figure.set_size_inches(5.2 * (1 + len(panels)), 4.6)
    axes.set_subplotspec(grid[0])
    for place, (data, own) in enumerate(panels, start=1):
        varied = own["varied"].map({"epochs": "training length", "weight_decay": "weight decay"})
        group = own["family"] + ", " + varied.fillna("architecture")
        plot_study_points(
            own.assign(group=group), "test_error", "id", "group", error="id_std",
            title=f"ours: {data}", x_label="test error, %", y_label=_ID_LABEL,
            ax=figure.add_subplot(grid[place]),
        )  # fmt: skip
    return axes


def _draw_length(nets: pd.DataFrame) -> Axes:
    from dimscope.plots import StudyCurve, plot_study_curves  # noqa: PLC0415 - loads when needed

    curves = []
    for kin, own in alike(nets, "epochs").groupby("kin", sort=False):
        course = own.sort_values("epochs")
        epochs = ", ".join(str(n) for n in course["epochs"])
        curves.append(
            StudyCurve(
                f"{kin} ({epochs} epochs)", course["test_error"].tolist(), course["id"].tolist(),
                course["id_std"].tolist(),
            )
        )  # fmt: skip
    return plot_study_curves(
        curves, title="One network, trained longer and longer (epochs in the legend)",
        x_label="test error, %", y_label=_ID_LABEL,
    )  # fmt: skip


RECIPE = Recipe(
    name="ansuini/last_hidden",
    paper="Ansuini et al. (2019), arXiv:1905.12784",
    title="The last hidden layer's dimension against test accuracy, over networks",
    differs=(
        "Small VGG- and ResNet-style networks trained here for a few epochs on CIFAR-10 and "
        "Fashion-MNIST, and the test error, instead of 14 published networks trained on ImageNet "
        "and the top-5 error. Some of ours differ in training length or weight decay, which the "
        "paper's do not. The ID is from 20 resamplings of 1,800 of the first 2,000 test images, "
        "instead of 5 draws of 20 each."
    ),
    options=(
        seeds_option(1),
        Option(
            name="nets", kind=str, default="standard",
            help="Which networks: few, standard or large.",
        ),
        Option(
            name="data", kind=str, default="both",
            help="The data: cifar10, fashion_mnist or both.",
        ),
        Option(name="n_train", kind=int, default=_N_TRAIN, help="Training images."),
        Option(name="n_samples", kind=int, default=2000, help="Test images that are measured."),
        DEVICE,
    ),
    budgets={
        "quick": {"nets": "few", "data": "fashion_mnist", "n_train": 2560, "n_samples": 500},
        "full": {"nets": "large", "n_seeds": 5},
    },
    jobs=jobs,
    work="dimscope.studies.recipes.ansuini.last_hidden_nets:train_and_measure",
    keeps_state=True,
    summary=summary,
    claims=claims,
    figures=figures,
)  # fmt: skip
