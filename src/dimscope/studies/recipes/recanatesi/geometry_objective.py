"""Objectives made of geometry: whether the dimension of test data follows, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Float64
from scipy import stats

from dimscope.errors import InputError
from dimscope.studies.claims import LEVEL, Claim, agrees, decreases, judged
from dimscope.studies.jobs import Job
from dimscope.studies.recipe import DEVICE, N_SEEDS, Option, Recipe

if TYPE_CHECKING:
    from matplotlib.axes import Axes

METHODS = {"two_nn": "TwoNN", "participation_ratio": "participation ratio"}
GOALS = ("minimize", "lower target", "none", "higher target", "maximize")
#: About 0.7 and 1.4 times what networks without the loss have.
TARGETS = {"two_nn": (2.2, 4.4), "participation_ratio": (1.9, 3.8)}
#: To minimise and maximise: weight times the range that the estimator can reach (about 10 for
#: neighbours, 170 for the participation ratio) stays well below the cross-entropy of guessing,
#: ln 10, or a network is paid more for its dimension than for any answer.
WEIGHTS = {"two_nn": 0.03, "participation_ratio": 0.003}
TARGET_WEIGHT = 1.0
#: What a goal may cost: points of accuracy, expected calibration error, nats.
COSTS = {"accuracy": -0.01, "ece": 0.01, "nll": 0.02}
_OUTCOMES = {"accuracy": "accuracy", "ece": "calibration error", "nll": "log-likelihood loss"}
_PUBLISHED = "the abstract invites such objectives; it gives no value"
_NEAR = 0.1


def jobs(*, n_seeds: int, n_train: int, n_samples: int, device: str) -> list[Job]:
    """A run for each estimator, goal and seed, and one without the loss for each seed.

    Raises
    ------
    InputError
        If there are too few seeds or images.
    """
    if n_seeds < 2 or n_train < 256 or n_samples < 256:
        raise InputError(
            f"n_seeds={n_seeds} must be at least 2, and n_train={n_train} and "
            f"n_samples={n_samples} at least 256"
        )
    ways: list[Job] = [{"method": "none", "goal": "none", "target": None, "weight": 0.0}]
    for method, (lower, higher) in TARGETS.items():
        targets = {"lower target": lower, "higher target": higher}
        ways += [
            {
                "method": method, "goal": goal, "target": targets.get(goal),
                "weight": TARGET_WEIGHT if goal in targets else WEIGHTS[method],
            }
            for goal in GOALS
            if goal != "none"
        ]  # fmt: skip
    common = {"n_train": n_train, "n_samples": n_samples, "device": device}
    return [{**way, "seed": seed, **common} for seed in range(n_seeds) for way in ways]


def by_goal(
    frame: pd.DataFrame, method: str, quantity: str, *goals: str
) -> Float64[np.ndarray, "seeds goals"]:
    """A quantity of the networks with these goals for an estimator, sorted by seed.

    Raises
    ------
    InputError
        If networks are missing.
    """
    runs = frame[frame["method"].isin([method, "none"])]
    table = runs.pivot_table(index="seed", columns="goal", values=quantity, dropna=False)
    missing = [goal for goal in goals if goal not in table]
    if missing:
        raise InputError(f"no network of {method}, {', '.join(missing)}: give all goals")
    return np.asarray(table[list(goals)], dtype=np.float64)


def claims(frame: pd.DataFrame) -> list[Claim]:
    """Judge whether the dimension of test data follows, and what answers pay.

    Raises
    ------
    InputError
        If networks are missing.
    """
    found: list[Claim] = []
    for method, name in METHODS.items():
        of = partial(by_goal, frame, method)
        for quantity, seen in ((f"{method}_batch", "batches of 256"), (method, "many images")):
            found += [
                decreases(
                    f"{name} of test data, {seen}: maximised, without the loss, minimised",
                    of(quantity, "maximize", "none", "minimize"),
                ),
                decreases(
                    f"{name} of test data, {seen}: higher target, without the loss, lower target",
                    of(quantity, "higher target", "none", "lower target"),
                ),
            ]
        for goal, target in zip(("lower target", "higher target"), TARGETS[method], strict=True):
            values = of(f"{method}_batch", goal)[:, 0]
            found.append(
                agrees(
                    f"{name} in test batches reaches the {goal} of {target:g} to a tenth",
                    float(values.mean()), _half(values), target, _NEAR * target,
                    n_seeds=len(values),
                )
            )  # fmt: skip
        found += [_cost(frame, method, outcome) for outcome in COSTS]
    return [claim.of(12, published=_PUBLISHED) for claim in found]


def _half(values: Float64[np.ndarray, " seeds"]) -> float:
    return float(stats.sem(values) * stats.t.ppf(1 - LEVEL, len(values) - 1))


def _cost(frame: pd.DataFrame, method: str, outcome: str) -> Claim:
    """Judge by paired intervals that no goal costs more than what is allowed."""
    allowed = COSTS[outcome]
    goals = [goal for goal in GOALS if goal != "none"]
    plain = by_goal(frame, method, outcome, "none")
    paid = (by_goal(frame, method, outcome, *goals) - plain) * np.sign(allowed)
    means, halves = paid.mean(axis=0), np.array([_half(column) for column in paid.T])
    limit = abs(allowed)
    holds = (
        True if (means + halves <= limit).all()
        else False if (means - halves > limit).any()
        else None
    )  # fmt: skip
    shown = ", ".join(
        f"{goal} {mean:.2g} ± {half:.1g}"
        for goal, mean, half in zip(goals, means, halves, strict=True)
    )
    return judged(
        f"no goal for {METHODS[method]} costs more than {limit:g} of {_OUTCOMES[outcome]}",
        holds,
        ours=f"paid: {shown}",
        n_seeds=len(paid),
        why="" if holds is not None else f"an interval lies across {limit:g}",
    )


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """Dimensions, outcomes and shape, a row for each estimator and goal: mean ± standard error."""
    shown = [f"{m}{end}" for m in METHODS for end in ("_batch", "")]
    shown += [*COSTS, "top_share", "between"]
    groups = frame.groupby(["method", "goal"], sort=False)[shown].agg(["mean", "sem"])
    cells = {
        name: [f"{mean:.3g} ± {sem:.1g}" for mean, sem in groups[name].itertuples(index=False)]
        for name in shown
    }
    names = [
        "without the loss" if method == "none" else f"{METHODS[method]}, {goal}"
        for method, goal in groups.index
    ]
    index = pd.Index(names, name=f"loss, {frame['seed'].nunique()} seeds")
    return pd.DataFrame(cells, index=index)


def figures(frame: pd.DataFrame) -> Mapping[str, Callable[[], Axes]]:
    """The dimension by goal and scale by scale for each estimator; what the goals cost."""
    drawn: dict[str, Callable[[], Axes]] = {}
    for method in METHODS:
        drawn[f"followed-{method}"] = partial(_followed, frame, method)
        drawn[f"scales-{method}"] = partial(_scales, frame, method)
    return drawn | {f"cost-{outcome}": partial(_costs, frame, outcome) for outcome in COSTS}


def _followed(frame: pd.DataFrame, method: str) -> Axes:
    from dimscope.plots import StudyCurve, plot_study_curves  # noqa: PLC0415

    seen = {f"{method}_batch": "test batches of 256", method: "many test images"}
    curves = []
    for quantity, label in seen.items():
        values = by_goal(frame, method, quantity, *GOALS)
        curves.append(
            StudyCurve(label, range(len(GOALS)), values.mean(axis=0), stats.sem(values))
        )  # fmt: skip
    targets = StudyCurve("target, in batches", [1, 3], TARGETS[method], is_published=True)
    return plot_study_curves(
        [curves[0], targets, curves[1]], title=f"{METHODS[method]} by what the loss asks for",
        x_label="goal", y_label=METHODS[method], x_names=GOALS,
    )  # fmt: skip


def _scales(frame: pd.DataFrame, method: str) -> Axes:
    from dimscope.plots import StudyCurve, plot_study_curves  # noqa: PLC0415

    names = [name for name in map(str, frame.columns) if name.startswith("gride_")]
    ranks = [float(name.removeprefix("gride_")) for name in names]
    columns = [by_goal(frame, method, name, *GOALS) for name in names]
    curves = [
        StudyCurve(
            goal, ranks, [c[:, i].mean() for c in columns], [stats.sem(c[:, i]) for c in columns]
        )
        for i, goal in enumerate(GOALS)
    ]
    return plot_study_curves(
        curves, title=f"Gride, scale by scale: a loss on {METHODS[method]}",
        x_label="rank of the outer neighbour", y_label="Gride", logarithmic="x",
    )  # fmt: skip


def _costs(frame: pd.DataFrame, outcome: str) -> Axes:
    from dimscope.plots import StudyCurve, plot_study_curves  # noqa: PLC0415

    curves = []
    for method, name in METHODS.items():
        values = by_goal(frame, method, outcome, *GOALS)
        paid = (values - values[:, [GOALS.index("none")]]) * np.sign(COSTS[outcome])
        curves.append(
            StudyCurve(f"loss on {name}", range(len(GOALS)), paid.mean(axis=0), stats.sem(paid))
        )
    return plot_study_curves(
        curves, title=f"What each goal costs: {_OUTCOMES[outcome]}", x_label="goal",
        y_label="paid, against no loss", x_names=GOALS,
    )  # fmt: skip


RECIPE = Recipe(
    name="recanatesi/geometry_objective",
    paper="Recanatesi et al. (2019), arXiv:1906.00443",
    title="Objectives made of geometry: a loss on the dimension, its effect and its price",
    differs=(
        "The paper's abstract invites such objectives; network, loss and goals are our own. The "
        "networks are trained for four epochs, and the loss acts from the second on. What counts "
        "as a cost was chosen with an earlier run in sight."
    ),
    options=(
        N_SEEDS,
        Option(name="n_train", kind=int, default=20_000, help="Training images."),
        Option(name="n_samples", kind=int, default=5000, help="Test images measured at once."),
        DEVICE,
    ),
    budgets={
        "quick": {"n_seeds": 2, "n_train": 1024, "n_samples": 1000},
        "full": {"n_train": 60_000},
    },
    jobs=jobs,
    work="dimscope.studies.recipes.recanatesi.dimension_loss_runs:train_with_goal",
    summary=summary,
    claims=claims,
    figures=figures,
)
