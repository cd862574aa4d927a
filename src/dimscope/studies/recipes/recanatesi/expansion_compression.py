"""Two phases through depth: expansion in early layers, compression in late ones.

Recanatesi et al. (2019) say so of a seven-layer network and a residual network, by local and global
estimators on Fashion-MNIST and CIFAR-10. No setting and no value could be recovered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Float64

from dimscope.errors import InputError
from dimscope.studies.claims import Claim
from dimscope.studies.jobs import Job
from dimscope.studies.recipe import Option, Recipe, seeds_option
from dimscope.studies.recipes.recanatesi.depth_profiles import (
    LAYERS,
    METHODS,
    NETWORKS,
    TITLES,
    logs_of,
    phase_claims,
    relu_of_network_claim,
)
from dimscope.studies.recipes.recanatesi.relu_claims import draw_relu, relu_claims

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Dimensions of the Gaussians that go through random ReLU features.
DIMENSIONS = (5, 10, 20, 40, 80, 160)
_N_IMAGES = 10_000


def jobs(  # noqa: PLR0913 - the options
    *, n_seeds: int, dense_epochs: int, resnet_epochs: int, n_train: int, n_samples: int,
    n_draws: int,
) -> list[Job]:  # fmt: skip
    """A run for each network and seed, and for each Gaussian.

    Raises
    ------
    InputError
        If a number is out of range.
    """
    if min(n_seeds, dense_epochs, resnet_epochs, n_draws) < 1:
        raise InputError(
            f"n_seeds={n_seeds}, dense_epochs={dense_epochs}, resnet_epochs={resnet_epochs} and "
            f"n_draws={n_draws} must be at least 1"
        )
    if not 100 <= n_samples <= min(n_train, _N_IMAGES) or n_train > 5 * _N_IMAGES:
        raise InputError(
            f"n_samples={n_samples} must be within 100 and {_N_IMAGES:,}, and n_train={n_train} "
            f"within n_samples and {5 * _N_IMAGES:,}"
        )
    epochs = {"dense_net": dense_epochs, "resnet": resnet_epochs}
    return [
        *(
            {
                "part": "network", "network": network, "seed": seed, "epochs": epochs[network],
                "n_train": n_train, "n_samples": n_samples,
            }
            for network in NETWORKS
            for seed in range(n_seeds)
        ),
        *(
            {"part": "relu", "dimension": d, "seed": seed, "n_samples": n_samples}
            for d in DIMENSIONS
            for seed in range(n_draws)
        ),
    ]  # fmt: skip


def claims(frame: pd.DataFrame) -> list[Claim]:
    """Judge the two phases, and what a ReLU does."""
    networks, gaussians = frame[frame["part"] == "network"], frame[frame["part"] == "relu"]
    return [*phase_claims(networks), relu_of_network_claim(networks), *relu_claims(gaussians)]


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """Dimension of each layer before and after training: mean and s.d. over seeds."""
    networks = frame[frame["part"] == "network"]
    cells: dict[str, dict[str, str]] = {}
    for network, layers in LAYERS.items():
        for method in METHODS:
            tables = (
                logs_of(networks, network, state, method, layers)
                for state in ("trained", "untrained")
            )
            for layer, *columns in zip(layers, *(table.T for table in tables), strict=True):
                row = cells.setdefault(f"{network}, {layer}", {})
                row[TITLES[method].removeprefix("the ")] = " / ".join(map(_cell, columns))
    index = f"network, layer: trained / untrained, {networks['seed'].nunique()} seeds"
    return pd.DataFrame.from_dict(cells, orient="index").rename_axis(index)


def _cell(logs: Float64[np.ndarray, " seeds"]) -> str:
    if not np.isfinite(logs).all():
        return "-"
    values = np.exp(logs)
    scatter = f" ± {values.std(ddof=1):.1g}" if len(values) > 1 else ""
    return f"{values.mean():.3g}{scatter}"


def figures(frame: pd.DataFrame) -> Mapping[str, Callable[[], Axes]]:
    """Profiles of each network by each estimator, and the factor of ReLU features."""
    networks, gaussians = frame[frame["part"] == "network"], frame[frame["part"] == "relu"]
    drawn: dict[str, Callable[[], Axes]] = {
        f"{network.replace('_', '-')}": partial(_draw_network, networks, network)
        for network in NETWORKS
    }
    return drawn | {"relu": partial(draw_relu, gaussians)}


def _draw_network(frame: pd.DataFrame, network: str) -> Axes:
    from dimscope.plots import StudyCurve, plot_study_curves  # noqa: PLC0415 - loads when needed

    layers = LAYERS[network]
    curves = []
    for method in METHODS:
        title = TITLES[method].removeprefix("the ")
        for state in ("trained", "untrained"):
            values = np.exp(logs_of(frame, network, state, method, layers))
            curves.append(
                StudyCurve(
                    f"{title}, {state}", range(len(layers)), values.mean(axis=0),
                    values.std(axis=0), is_published=state == "untrained",
                )
            )  # fmt: skip
    return plot_study_curves(
        curves,
        title=f"{NETWORKS[network]}: trained (solid) and untrained (dashed)",
        x_label="layer",
        y_label="dimension",
        x_names=layers,
        logarithmic="y",
    )


RECIPE = Recipe(
    name="recanatesi/expansion_compression",
    paper="Recanatesi et al. (2019), arXiv:1906.00443",
    title="Two phases through depth: expansion in early layers, compression in late ones",
    differs=(
        "The paper's settings and values could not be recovered: only that a seven-layer network "
        "and a residual network were trained on Fashion-MNIST and CIFAR-10. Networks, schedules, "
        "estimators and the comparison with untrained networks are our own; so is the closed form "
        "for ReLU features. A dash is a geodesic dimension that some seed leaves undetermined: the "
        "lengths of its paths have no single mode."
    ),
    options=(
        seeds_option(5),
        Option(name="dense_epochs", kind=int, default=10, help="Epochs of the dense net."),
        Option(name="resnet_epochs", kind=int, default=5, help="Epochs of the ResNet."),
        Option(name="n_train", kind=int, default=50_000, help="Training images."),
        Option(name="n_samples", kind=int, default=2000, help="Test images, and Gaussian points."),
        Option(
            name="n_draws", kind=int, default=10, help="Draws of each Gaussian.", is_fixed=False
        ),
    ),
    budgets={
        "quick": {
            "n_seeds": 1, "dense_epochs": 1, "resnet_epochs": 1, "n_train": 2000,
            "n_samples": 1000, "n_draws": 2,
        },
        "full": {"n_seeds": 8, "dense_epochs": 50, "resnet_epochs": 50},
    },
    jobs=jobs,
    work="dimscope.studies.recipes.recanatesi.two_phases:run",
    summary=summary,
    claims=claims,
    figures=figures,
)  # fmt: skip
