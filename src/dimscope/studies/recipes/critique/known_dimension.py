"""What inputs of known dimension say of the networks of all other recipes.

Schulte and Ruegamer (2026, arXiv 2604.20276) object that a Lipschitz map cannot raise the true
dimension, so that estimates that rise with depth are effects of the estimator, the scale and the
sample. Here inputs of known dimension go through the kinds of network that the other recipes train:
how many of their directions survive to each layer (a derivative, no estimate), what TwoNN reads of
them there, and whether the data do more than they.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from dimscope.errors import InputError
from dimscope.studies.jobs import Job
from dimscope.studies.recipe import Option, Recipe, seeds_option
from dimscope.studies.recipes.critique.known_claims import claims
from dimscope.studies.recipes.critique.known_networks import SUBJECTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEAST_SAMPLES = 100


def jobs(*, n_seeds: int, n_samples: int, n_train: int, subjects: str) -> list[Job]:
    """A run for each network, trained and untrained, and seed.

    Raises
    ------
    InputError
        If there are no seeds, too few samples, or no such network.
    """
    chosen = list(SUBJECTS) if subjects == "all" else [subjects]
    if chosen[0] not in SUBJECTS:
        raise InputError(f"subjects={subjects!r}: choose all or {', '.join(SUBJECTS)}")
    if n_seeds < 1 or n_samples < _LEAST_SAMPLES:
        raise InputError(
            f"n_seeds={n_seeds} must be at least 1, and n_samples={n_samples} {_LEAST_SAMPLES}"
        )
    sizes = {"n_samples": n_samples, "n_train": n_train}
    return [
        {"subject": name, "is_trained": is_trained, "seed": seed, **sizes}
        for seed in range(n_seeds)
        for name in chosen
        for is_trained in (True, False)
    ]


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """TwoNN at the input, at its highest and at the last layer, of the data and of each control."""
    readings = frame[frame["method"] == "two_nn"]
    rows: dict[str, dict[str, str]] = {}
    by = ["subject", "is_trained", "sample"]
    for (name, is_trained, sample), group in readings.groupby(by, sort=False):
        curve = group.groupby("place")["value"].mean().sort_index()
        layers = group.sort_values("place")["layer"].unique()
        label = f"{name}, {'trained' if is_trained else 'untrained'}: {_spoken(str(sample))}"
        rows[label] = {
            "input": f"{curve.iloc[0]:.3g}",
            "highest": f"{curve.max():.3g} ({layers[int(curve.argmax())]})",
            "last": f"{curve.iloc[-1]:.3g}",
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = f"TwoNN, mean of {frame['seed'].nunique()} seeds"
    return table


def _spoken(sample: str) -> str:
    """The name of a control without what was measured to choose it, so that seeds compare.

    Examples
    --------
    >>> _spoken("smooth_d13_matched"), _spoken("data")
    ('smooth maps, matched', 'data')
    """
    if sample == "data":
        return sample
    kind, *_, how = sample.split("_")
    return f"{'smooth maps' if kind == 'smooth' else kind}, {how}"


def figures(frame: pd.DataFrame) -> dict[str, Callable[[], Axes]]:
    """A figure for each network: the data and the controls through it, trained and untrained."""
    names = list(dict.fromkeys(frame["subject"]))
    return {
        name.replace(", ", "-").replace(" ", "_"): partial(_draw, frame, name) for name in names
    }


def _draw(frame: pd.DataFrame, name: str) -> Axes:
    from dimscope.plots import StudyCurve, plot_study_curves  # noqa: PLC0415 - loads matplotlib

    rows = frame[(frame["subject"] == name) & (frame["method"] == "two_nn")]
    rows = rows.assign(sample=rows["sample"].map(_spoken))
    curves = []
    for (sample, is_trained), group in rows.groupby(["sample", "is_trained"], sort=False):
        of = group.groupby("place")["value"].agg(["mean", "sem"])
        label = f"{sample}, {'trained' if is_trained else 'untrained'}"
        error = None if of["sem"].isna().any() else of["sem"].tolist()
        # a dashed curve is the untrained twin of the one before it
        curves.append(
            StudyCurve(label, of.index.tolist(), of["mean"].tolist(), error, not is_trained)
        )
    curves.sort(key=lambda curve: (curve.label.split(", ")[:-1], curve.is_published))
    return plot_study_curves(
        curves,
        title=f"{name}: data and inputs of known dimension",
        x_label="layer",
        y_label="TwoNN",
        x_names=SUBJECTS[name].layers,
    )


RECIPE = Recipe(
    name="critique/known_dimension",
    paper="Schulte and Ruegamer (2026), arXiv:2604.20276",
    title="Inputs of known dimension through the networks of all other recipes",
    differs=(
        "The paper argues, and measures nothing like this. The controls are this software's own: "
        "smooth maps matched to the data at the input, affine families and shifts of pictures."
    ),
    options=(
        seeds_option(3),
        Option(name="n_samples", kind=int, default=1000, help="Images, and points of a control."),
        Option(
            name="n_train", kind=int, default=50_000, help="The most images to train on.",
        ),
        Option(
            name="subjects", kind=str, default="all",
            help="all, or the name of one kind of network.", is_fixed=False,
        ),
    ),
    budgets={"quick": {"n_seeds": 1, "n_samples": 200, "n_train": 1000, "subjects": "mnist"}},
    jobs=jobs,
    work="dimscope.studies.recipes.critique.known_networks:run",
    summary=summary,
    claims=claims,
    figures=figures,
)  # fmt: skip
