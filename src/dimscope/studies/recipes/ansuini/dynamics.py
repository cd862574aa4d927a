"""Two phases through training: early layers expand, final ones compress (Ansuini et al. 2019).

The last hidden layer first compresses, within the first epoch, and then slowly expands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Float64
from numpy.typing import ArrayLike

from dimscope.errors import InputError
from dimscope.neighbors import checked_device
from dimscope.studies.claims import Claim
from dimscope.studies.jobs import Job
from dimscope.studies.published import published_figure
from dimscope.studies.recipe import DEVICE, Option, Recipe, seeds_option
from dimscope.studies.recipes.ansuini.course_claims import (
    changes_of_layers,
    error_claim,
    hunchback,
    last_hidden_claims,
    shape_claims,
)
from dimscope.studies.recipes.ansuini.course_layers import (
    BATCH,
    LAST_STEP,
    NETWORKS,
    course_of,
    fine,
    last_step_of,
    n_steps_of,
    through,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_N_TRAIN, _N_TEST = 50_000, 10_000
_AVERAGED = 5


def jobs(  # noqa: PLR0913 - the options
    *, n_seeds: int, network: str, epochs: int, n_train: int, n_samples: int, device: str
) -> list[Job]:
    """A run for each seed.

    Raises
    ------
    InputError
        If there is no such network or device, or a number is out of range.
    """
    checked_device(device)
    if network not in NETWORKS:
        raise InputError(f"network={network!r}: choose {' or '.join(NETWORKS)}")
    if n_seeds < 1 or epochs < 1:
        raise InputError(f"n_seeds={n_seeds} and epochs={epochs} must be at least 1")
    if not BATCH <= n_train <= _N_TRAIN or not 100 <= n_samples <= min(n_train, _N_TEST):
        raise InputError(
            f"n_train={n_train} must be within {BATCH} and {_N_TRAIN:,}, and n_samples={n_samples} "
            f"within 100 and the smaller of n_train and {_N_TEST:,}"
        )
    how = {"network": network, "epochs": epochs, "n_train": n_train, "n_samples": n_samples}
    return [{"seed": seed, **how, "device": device} for seed in range(n_seeds)]


def claims(frame: pd.DataFrame) -> list[Claim]:
    """Judge what the paper saw, over seeds."""
    return [
        *changes_of_layers(frame),
        *hunchback(frame),
        *last_hidden_claims(frame),
        error_claim(frame),
        *shape_claims(frame),
    ]


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """TwoNN of each layer before training, after some epochs and at the end: mean ± s.d."""
    cells = {
        f"epoch {epoch}": [_cell(values) for values in _by_layer(frame, epoch)]
        for epoch in _shown_epochs(frame)
    }
    index = pd.Index(list(course_of(frame).depths), name=f"layer, {frame['seed'].nunique()} seeds")
    return pd.DataFrame(cells, index=index)


def _by_layer(frame: pd.DataFrame, epoch: int) -> list[Float64[np.ndarray, " seeds"]]:
    step = epoch * n_steps_of(frame)
    return [through(frame, layer).at(step) for layer in course_of(frame).depths]


def _shown_epochs(frame: pd.DataFrame) -> list[int]:
    last = last_step_of(frame) // n_steps_of(frame)
    return sorted({0, 1, min(5, last), last})


def _cell(values: Float64[np.ndarray, " seeds"]) -> str:
    scatter = f" ± {values.std(ddof=1):.2g}" if len(values) > 1 else ""
    return f"{values.mean():.3g}{scatter}"


def figures(frame: pd.DataFrame) -> Mapping[str, Callable[[], Axes]]:
    """Profiles by epoch; the last hidden layer and its accuracies by iteration; ID by error."""
    return {
        "depth": partial(_draw_depth, frame),
        "last-hidden": partial(_draw_last_hidden, frame),
        "accuracy": partial(_draw_accuracy, frame),
        "error": partial(_draw_error, frame),
    }


def _draw_depth(frame: pd.DataFrame) -> Axes:
    from dimscope.plots import StudyCurve, plot_study_curves  # noqa: PLC0415 - loads when needed

    name, course = frame["network"].iloc[0], course_of(frame)
    figure = published_figure("suppl_dynamics_A")
    theirs = [depth / figure["depths"][-1] for depth in figure["depths"]]
    ours = [course.relative(layer) for layer in course.depths]
    curves = []
    for epoch in _shown_epochs(frame):
        at = _by_layer(frame, epoch)
        values = figure["values"][min(epoch, len(figure["values"]) - 1)]
        means, scatter = [float(of.mean()) for of in at], [float(of.std()) for of in at]
        curves += [
            StudyCurve(f"{name}, epoch {epoch}", ours, means, scatter),
            StudyCurve(f"published, epoch {epoch}", theirs, values, is_published=True),
        ]
    return plot_study_curves(
        curves,
        title="Through training, early layers expand and final ones compress",
        x_label="relative depth",
        y_label="intrinsic dimension (TwoNN)",
        logarithmic="y",
    )


def _draw_last_hidden(frame: pd.DataFrame) -> Axes:
    from dimscope.plots import StudyCurve, plot_study_curves  # noqa: PLC0415 - loads when needed

    figure = np.array(published_figure("suppl_dynamics_B")["values"]).T
    course = through(frame, course_of(frame).last_hidden)
    course = course.part(course.steps <= LAST_STEP)
    curves = [
        *(StudyCurve(f"seed {s}", course.steps.tolist(), of) for s, of in enumerate(course.values)),
        StudyCurve("published (VGG-16)", figure[0], figure[1], is_published=True),
    ]
    return plot_study_curves(
        curves,
        title="The last hidden layer falls at once, then rises slowly",
        x_label=f"iteration ({n_steps_of(frame)} an epoch)",
        y_label="intrinsic dimension (TwoNN)",
    )


def _draw_accuracy(frame: pd.DataFrame) -> Axes:
    from dimscope.plots import StudyCurve, plot_study_curves  # noqa: PLC0415 - loads when needed

    figure = np.array(published_figure("suppl_dynamics_B")["values"]).T
    curves = []
    for which, column, theirs in (
        ("training", "training_accuracy", figure[2]), ("test", "test_accuracy", figure[3])
    ):  # fmt: skip
        course = fine(frame, column)
        curves += [
            StudyCurve(which, course.steps.tolist(), course.values.mean(axis=0)),
            StudyCurve(f"{which}, published", figure[0], theirs / 100, is_published=True),
        ]
    return plot_study_curves(
        curves,
        title="Accuracy in the meantime (mean over seeds; published ones are smoothed)",
        x_label=f"iteration ({n_steps_of(frame)} an epoch)",
        y_label="share of right answers",
    )


def _draw_error(frame: pd.DataFrame) -> Axes:
    from dimscope.plots import StudyCurve, plot_study_curves  # noqa: PLC0415 - loads when needed

    figure = published_figure("suppl_dynamics_C")
    ids, errors = fine(frame), 1 - fine(frame, "test_accuracy").values
    n = len(ids.steps)
    curves = [
        StudyCurve(f"seed {s}", _averaged(errors[s]), _averaged(of))
        for s, of in enumerate(ids.values)
    ]
    error = np.array(figure["error"][1 : n + 1]) / 100
    curves.append(
        StudyCurve(
            "published (VGG-16)", _averaged(error), _averaged(figure["id"][:n]), is_published=True
        )
    )
    return plot_study_curves(
        curves,
        title=f"From right to left through training (means of {_AVERAGED} measurements)",
        x_label="test error",
        y_label="intrinsic dimension of the last hidden layer",
    )


def _averaged(values: ArrayLike) -> list[float]:
    """Means of neighbouring measurements: single ones scatter."""
    known = np.asarray(values, dtype=np.float64)
    parts = known[: len(known) // _AVERAGED * _AVERAGED].reshape(-1, _AVERAGED)
    return [float(mean) for mean in parts.mean(axis=1)]


RECIPE = Recipe(
    name="ansuini/dynamics",
    paper="Ansuini et al. (2019), arXiv:1905.12784",
    title="Through training on CIFAR-10: early layers expand, final ones compress",
    differs=(
        "A smaller network of VGG's style (six convolutions, three dense layers, batch "
        "normalisation) instead of VGG-16, and 12 epochs with a cosine schedule instead of 300. "
        "The paper's learning rate, augmentation and number of samples are not published; ours are "
        "2,000 test images. That the last hidden layer compresses to less than half within half an "
        "epoch was asked after a first test, of where it is lowest, was seen not to decide."
    ),
    options=(
        seeds_option(6),
        Option(
            name="network", kind=str, default="cifar_cnn",
            help="The network: cifar_cnn or vgg16_cifar.",
        ),
        Option(name="epochs", kind=int, default=12, help="Passes over the training images."),
        Option(name="n_train", kind=int, default=_N_TRAIN, help="Training images."),
        Option(name="n_samples", kind=int, default=2000, help="Test images that are measured."),
        DEVICE,
    ),
    budgets={
        "quick": {"n_seeds": 1, "epochs": 1, "n_train": 6400, "n_samples": 500},
        "full": {"network": "vgg16_cifar", "epochs": 300},
    },
    jobs=jobs,
    work="dimscope.studies.recipes.ansuini.course:train_and_measure",
    keeps_state=True,
    summary=summary,
    claims=claims,
    figures=figures,
)  # fmt: skip
