"""What inputs of known dimension say of the networks of all other recipes.

Schulte and Ruegamer (2026, arXiv 2604.20276) object that a Lipschitz map cannot raise the true
dimension, so that estimates that rise with depth are effects of the estimator, the scale and the
sample. Here inputs of known dimension go through the kinds of network that the other recipes train:
how many of their directions survive to each layer (a derivative, no estimate), what TwoNN reads of
them there, and whether the data do more than they.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from dimscope.errors import InputError
from dimscope.studies.claims import LEVEL, Claim, judged
from dimscope.studies.jobs import Job, Rows
from dimscope.studies.recipe import Option, Recipe, seeds_option

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A kind of network that other recipes train, and how it is trained here.

    Attributes
    ----------
    network
        The name of `load_model`.
    data
        The name of `load_data`.
    layers
        Where it is read; the last one is what the readout receives or gives.
    n_train, epochs, learning_rate
        Its training; 0 images where the weights come with a package.
    is_shuffled
        Whether its labels are in random order.
    stands_for
        The recipes whose networks it stands for.
    """

    network: str
    data: str
    layers: tuple[str, ...]
    n_train: int
    epochs: int
    learning_rate: float = 0.02
    is_shuffled: bool = False
    stands_for: str


_MNIST = ("input", "conv1", "relu1", "conv2", "relu2", "relu3", "fc2")
_CIFAR = ("input", "relu1", "pool1", "pool2", "pool3", "fc_relu1", "fc_relu2", "fc3")
_DENSE = ("input", *(f"fc_relu{i}" for i in range(1, 7)), "fc7")
_LITE0 = (
    "input", "_swish", "_blocks.0", "_blocks.4", "_blocks.7", "_blocks.10", "_blocks.14",
    "_blocks.15", "_avg_pooling", "_fc",
)  # fmt: skip

SUBJECTS: Mapping[str, Subject] = {
    "mnist": Subject(
        network="mnist_net", data="mnist", layers=_MNIST, n_train=10_000, epochs=20,
        stands_for="ansuini/mnist, ansuini/labels",
    ),
    "mnist, shuffled labels": Subject(
        network="mnist_net", data="mnist", layers=_MNIST, n_train=10_000, epochs=40,
        is_shuffled=True, stands_for="ansuini/labels",
    ),
    "dense net, fashion": Subject(
        network="dense_net", data="fashion_mnist", layers=_DENSE, n_train=20_000, epochs=8,
        stands_for="recanatesi/expansion_compression, noise_fashion, generalization",
    ),
    "conv net, cifar10": Subject(
        network="cifar_cnn", data="cifar10", layers=_CIFAR, n_train=50_000, epochs=4,
        learning_rate=0.05, stands_for="ansuini/dynamics, ansuini/last_hidden",
    ),
    "efficientnet_lite0": Subject(
        network="efficientnet_lite0", data="cifar10", layers=_LITE0, n_train=0, epochs=0,
        stands_for="ansuini/hunchback, ansuini/curvature",
    ),
}  # fmt: skip
_PIXELS = 128
_METHODS = ("two_nn", "tangent_rank", "tangent_participation_ratio")
_VERDICT = ("rule", "statement", "holds")
_RULES = ("rise_beyond_controls", "fall_beyond_controls")


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


_LEAST_SAMPLES = 100


def run(*, subject: str, is_trained: bool, seed: int, n_samples: int, n_train: int) -> Rows:
    """Train a network, and send the data and matched inputs of known dimension through it.

    Parameters
    ----------
    subject
        A name in `SUBJECTS`.
    is_trained
        Whether it is trained; its initial weights are the same.
    seed
        Of weights, training, probe and controls.
    n_samples
        Images that are measured, and points of each control.
    n_train
        The most images that it is trained on.

    Returns
    -------
    list of dict
        A row for each layer, input and method (``sample``, ``layer``, ``place``, ``method``,
        ``value``, ``stderr``), and one for each verdict (``rule``, ``statement``, ``holds``).
    """
    import dimscope as ds  # noqa: PLC0415 - loads torch

    of = SUBJECTS[subject]
    n_fitted = min(of.n_train, n_train) if is_trained else 0
    model, probe = _network(of, n_fitted, is_trained=is_trained, seed=seed, n_samples=n_samples)
    profile = ds.profile(
        model, probe, layers=list(of.layers), methods=["two_nn"], controls=True, label=subject,
        rng=seed, batch_size=100, progress=False,
    )  # fmt: skip
    places = {layer: place for place, layer in enumerate(of.layers)}
    table = profile.to_frame("estimate")
    table = table[table["method"].isin(_METHODS)]
    rows: Rows = [
        {
            "sample": str(row.sample), "layer": str(row.layer), "place": places[str(row.layer)],
            "method": str(row.method), "value": _short(row.value), "stderr": _short(row.stderr),
        }
        for row in table.itertuples()
    ]  # fmt: skip
    verdicts = profile.verdicts
    rows += [
        {
            "rule": str(rule),
            "statement": str(statement),
            "holds": None if holds is None or pd.isna(holds) else bool(holds),
        }
        for rule, statement, holds in zip(*(verdicts[c] for c in _VERDICT), strict=True)
        if rule in _RULES
    ]
    return rows


def _short(value: Any) -> float | None:
    return None if value is None or not np.isfinite(value) else float(f"{value:.6g}")


def _network(
    of: Subject, n_fitted: int, *, is_trained: bool, seed: int, n_samples: int
) -> tuple[nn.Module, Tensor]:
    """The network and what it is probed with."""
    import torch  # noqa: PLC0415 - loads torch

    import dimscope as ds  # noqa: PLC0415
    from dimscope.models.preprocess import efficientnet_lite_pixels  # noqa: PLC0415
    from dimscope.studies.training import (  # noqa: PLC0415
        Schedule,
        load_samples,
        shuffled,
        train,
    )

    if of.n_train == 0:
        model = ds.load_model(of.network, untrained=not is_trained, rng=seed).model
        images: Any = ds.load_data(of.data, n_samples=n_samples, rng=seed)
        pictures = [efficientnet_lite_pixels(images[i][0], size=_PIXELS) for i in range(n_samples)]
        return model, torch.stack(pictures)
    model = ds.load_model(of.network, rng=seed).model
    test = load_samples(of.data, "test").images
    chosen = np.random.default_rng(seed).permutation(len(test))[:n_samples]
    if n_fitted > 0:
        samples = load_samples(of.data, "train").first(n_fitted)
        if of.is_shuffled:
            samples = samples.with_labels(shuffled(samples.labels, seed))
        schedule = Schedule(
            epochs=of.epochs, learning_rate=of.learning_rate, batch_size=64, momentum=0.9,
            annealing="cosine", precision="bfloat16",
        )  # fmt: skip
        train(model, samples, schedule, seed=seed)
    return model, test[torch.from_numpy(chosen)]


def claims(frame: pd.DataFrame) -> list[Claim]:
    """Judge the objection: the theorem, the artefact, and what is left of each recipe's finding."""
    found = [_rank_never_rises(frame), _estimates_of_controls_rise(frame)]
    for name, rows in frame.groupby("subject", sort=False):
        for rule in _RULES:
            verdicts = rows[rows["is_trained"] & (rows["rule"] == rule)]
            found.append(_beyond(str(name), rule, verdicts))
    return [claim.of(16) for claim in found]


def _rank_never_rises(frame: pd.DataFrame) -> Claim:
    """The rank of the derivative along a control is its true local dimension."""
    ranks = frame[frame["method"] == "tangent_rank"]
    rises, n_runs, lowest = 0, 0, 1.0
    for _, rows in ranks.groupby(["subject", "is_trained", "seed", "sample"]):
        values = rows.sort_values("place")["value"].to_numpy(float)
        rises += int((np.diff(values) > 0).any())
        lowest = min(lowest, float(values[-1] / values[0]))
        n_runs += 1
    ours = (
        f"it rises in {rises} of {n_runs} inputs through networks; at the least {lowest:.2g} of it"
    )
    return judged(
        "the true local dimension of an input (the rank of the derivative) rises in no layer",
        None if n_runs == 0 else rises == 0,
        ours=f"{ours} is left at the output",
        n_seeds=n_runs,
        why="no derivative was taken" if n_runs == 0 else "",
        any_budget=True,
    )


def _estimates_of_controls_rise(frame: pd.DataFrame) -> Claim:
    """Whether TwoNN of an input of constant dimension is higher in some layer than at the input.

    The p-value of the largest rise is corrected for all layers, inputs and networks (Bonferroni).
    """
    rises = [rise for rise in _rises(frame) if rise.sample != "data"]
    if not rises:
        return judged(
            _ARTEFACT, None, ours="", n_seeds=0, why="no control was read", any_budget=True
        )
    largest = max(rises, key=lambda rise: rise.z)
    p_value = min(1.0, float(stats.norm.sf(largest.z)) * sum(rise.n_layers for rise in rises))
    factors = {
        name: max(r.factor for r in rises if r.subject == name)
        for name in dict.fromkeys(r.subject for r in rises)
    }
    said = ", ".join(f"{name} x {factor:.2f}" for name, factor in factors.items())
    return judged(
        _ARTEFACT,
        True if p_value < LEVEL else None,
        ours=f"largest rise of a control in each kind of network: {said}",
        n_seeds=len(rises),
        why="" if p_value < LEVEL else f"not significant at {LEVEL:g}",
        p_value=p_value,
        any_budget=True,
    )


_ARTEFACT = "estimates of inputs whose dimension is constant or falls rise with depth"


@dataclass(frozen=True, kw_only=True)
class _Rise:
    subject: str
    sample: str
    factor: float
    z: float
    n_layers: int


def _rises(frame: pd.DataFrame) -> Iterator[_Rise]:
    """The largest reading of every input in every network, over the reading at the input."""
    readings = frame[(frame["method"] == "two_nn") & frame["value"].notna()]
    for key, rows in readings.groupby(["subject", "is_trained", "seed", "sample"], sort=False):
        ordered = rows.sort_values("place")
        values = np.log(ordered["value"].to_numpy(float))
        errors = ordered["stderr"].to_numpy(float) / ordered["value"].to_numpy(float)
        if len(values) < 2 or not np.isfinite(errors).all():
            continue
        z = (values[1:] - values[0]) / np.hypot(errors[1:], errors[0])
        yield _Rise(
            subject=str(key[0]), sample=str(key[3]), n_layers=len(z), z=float(z.max()),
            factor=float(np.exp(values[1:].max() - values[0])),
        )  # fmt: skip


def _beyond(name: str, rule: str, verdicts: pd.DataFrame) -> Claim:
    """Whether what the data do in a trained network is within what the controls do."""
    verb = "rise" if rule == "rise_beyond_controls" else "fall"
    answers = [None if pd.isna(held) else bool(held) for held in verdicts["holds"]]
    within = answers.count(False)
    holds = {len(answers): True, 0: False}.get(within) if answers else None
    unclear = answers.count(None)
    if holds is False and unclear:
        holds = None
    ours = f"within the controls in {within} of {len(answers)} runs, cannot tell in {unclear}"
    first = f"; seed 0: {verdicts['statement'].iloc[0]}" if answers else ""
    return judged(
        f"{name}: the data {verb} by no more than inputs of known dimension do",
        holds,
        ours=ours + first,
        n_seeds=len(answers),
        why="" if holds is not None else "the seeds disagree, or the errors do not decide",
    )


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
    work="dimscope.studies.recipes.critique.known_dimension:run",
    summary=summary,
    claims=claims,
    figures=figures,
)  # fmt: skip
