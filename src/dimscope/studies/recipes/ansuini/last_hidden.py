"""Does the dimension of the last hidden layer predict test accuracy? (Ansuini et al. 2019, fig. 4)

The paper correlates it with the top-5 error of 14 networks trained on ImageNet. Here networks of two
families are trained on CIFAR-10 and Fashion-MNIST: some differ in architecture only, as the paper's
do, others in how long or with how much weight decay they are trained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from dimscope.errors import InputError
from dimscope.studies.claims import Claim
from dimscope.studies.jobs import Job
from dimscope.studies.recipe import DEVICE, Option, Recipe, seeds_option
from dimscope.studies.recipes.ansuini.last_hidden_nets import BATCH, DATA, NETS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_N_TRAIN, _N_TEST, _LEAST_SAMPLES = 50_000, 10_000, 100


def jobs(*, n_seeds: int, nets: str, data: str, n_train: int, n_samples: int, device: str) -> list[Job]:
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
    if n_seeds < 1 or not BATCH <= n_train <= _N_TRAIN or not _LEAST_SAMPLES <= n_samples <= _N_TEST:
        raise InputError(
            f"n_seeds={n_seeds} must be at least 1, n_train={n_train} within {BATCH} and "
            f"{_N_TRAIN:,}, and n_samples={n_samples} within {_LEAST_SAMPLES} and {_N_TEST:,}"
        )
    sizes = {"n_train": n_train, "n_samples": n_samples, "device": device}
    chosen = DATA if data == "both" else (data,)
    return [
        {"data": name, **net.arguments, "seed": 1000 * DATA.index(name) + 100 * replicate + i, **sizes}
        for name in chosen
        for replicate in range(n_seeds)
        for i, net in enumerate(NETS[nets])
    ]


def claims(frame: pd.DataFrame) -> list[Claim]:
    return []


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_index("family")[["data", "widths", "epochs", "weight_decay", "id", "test_accuracy"]].astype(str)


def figures(frame: pd.DataFrame) -> Mapping[str, Callable[[], Axes]]:
    return {}


RECIPE = Recipe(
    name="ansuini/last_hidden",
    paper="Ansuini et al. (2019), arXiv:1905.12784",
    title="The last hidden layer's dimension against test accuracy, over networks",
    differs=(
        "Small VGG- and ResNet-style networks trained here for a few epochs on CIFAR-10 and "
        "Fashion-MNIST instead of 14 published networks trained on ImageNet, and the test error "
        "instead of the top-5 error. Some differ in training length or weight decay, which the "
        "paper's do not. 20 resamplings of 1,800 of the first 2,000 test images instead of 5 draws "
        "of 20 each."
    ),
    options=(
        seeds_option(1),
        Option(name="nets", kind=str, default="standard", help="Which networks: few, standard or large."),
        Option(name="data", kind=str, default="both", help="The data: cifar10, fashion_mnist or both."),
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
