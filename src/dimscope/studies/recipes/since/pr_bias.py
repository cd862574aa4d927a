"""The bias of the participation ratio from few samples, and its correction (Chun et al. 2026)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from dimscope.errors import InputError
from dimscope.studies.claims import LEVEL, Claim, judged
from dimscope.studies.jobs import Job
from dimscope.studies.recipe import Option, Recipe, seeds_option

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAUSSIAN = "gaussian"
NETWORKS = ("dense_net", "fashion_cnn")
FEW = 100
_NEAR = 0.1
_LEAST_SAMPLES = 400
_PUBLISHED = "the naive ratio is biased by the sample, and a correction removes the bias"
_KEYS = ["network", "layer"]


def jobs(*, n_seeds: int, n_train: int, n_samples: int) -> list[Job]:
    """A run for each network, and for Gaussian data, and each seed.

    Raises
    ------
    InputError
        If there are too few seeds or samples.
    """
    if n_seeds < 2 or n_samples < _LEAST_SAMPLES:
        raise InputError(
            f"n_seeds={n_seeds} must be at least 2, and n_samples={n_samples} at least "
            f"{_LEAST_SAMPLES}"
        )
    return [
        {"network": network, "seed": seed, "n_train": n_train, "n_samples": n_samples}
        for seed in range(n_seeds)
        for network in (GAUSSIAN, *NETWORKS)
    ]


def over_seeds(frame: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds, with errors of the means from the scatter of blocks within each.

    The ratio over that of all samples is predicted as well: E[1/naive] is about 1/P + 1/PR.
    """
    groups = frame.groupby([*_KEYS, "p"], sort=False)
    means = groups[["all", "naive", "rows", "step"]].mean()
    for name in ("naive", "rows", "step"):
        squares = (frame[f"{name}_error"] ** 2).groupby([frame[k] for k in (*_KEYS, "p")])
        n = frame[f"{name}_error"].groupby([frame[k] for k in (*_KEYS, "p")]).size()
        means[f"{name}_error"] = np.sqrt(squares.sum(min_count=1)) / n
        unknown = frame[name].isna().groupby([frame[k] for k in (*_KEYS, "p")]).any()
        means.loc[unknown.reindex(means.index), name] = np.nan
    table = means.reset_index()
    return table.assign(predicted=1 + table["all"] / table["p"])


def claims(frame: pd.DataFrame) -> list[Claim]:
    """Judge bias and correction in every layer, from blocks of all seeds."""
    table = over_seeds(frame)
    n = frame["seed"].nunique()
    trained, gaussian = (table[(table["network"] == GAUSSIAN) == is_one] for is_one in (0, 1))
    few = trained[trained["p"] >= FEW]
    found = [
        _grows(trained, n),
        _near("the corrected ratio from P >= 100 is that of all samples", few, "rows", 1.0, n),
        _near(
            "the corrected ratio from P >= 25 is that of all samples", trained, "rows", 1.0, n
        ),
        _near(
            "1/naive = 1/P + 1/PR in layers, which are not Gaussian", trained, "naive",
            trained["predicted"], n,
        ),
        _near(
            "1/naive = 1/P + 1/PR in Gaussian data", gaussian, "naive", gaussian["predicted"], n,
            any_budget=True,
        ),
        _near(
            "the corrected ratio of Gaussian data from P >= 25 is that of all samples", gaussian,
            "rows", 1.0, n, any_budget=True,
        ),
        *_halves(frame[frame["network"] != GAUSSIAN]),
    ]  # fmt: skip
    return [claim.of(15, published=_PUBLISHED) for claim in found]


def _grows(table: pd.DataFrame, n_seeds: int) -> Claim:
    steps = table.dropna(subset=["step"])
    z = steps["step"] / steps["step_error"]
    limit = stats.norm.ppf(1 - LEVEL)
    n_up, n_down = int((z > limit).sum()), int((z < -limit).sum())
    holds = True if n_up == len(z) else False if n_down else None
    return judged(
        "the naive ratio grows with every doubling of P, in every layer",
        holds,
        ours=f"{n_up} of {len(z)} steps grow, {n_down} fall, significantly",
        n_seeds=n_seeds,
        why="" if holds is not None else "some steps are not significant",
    )


def _near(  # noqa: PLR0913 - what is compared with what
    statement: str,
    table: pd.DataFrame,
    name: str,
    target: pd.Series[float] | float,
    n_seeds: int,
    *,
    any_budget: bool = False,
) -> Claim:
    """Judge that all means are within a tenth of their targets, each by its interval."""
    away = (table[name] / target - 1).abs()
    half = stats.norm.ppf(1 - LEVEL) * table[f"{name}_error"] / target
    why = ""
    if len(table) == 0 or away.isna().any() or half.isna().any():
        holds, why, ours = None, "a ratio is unknown: too few samples", ""
    else:
        worst = int(np.argmax(away + half))
        row = table.iloc[worst]
        ours = (
            f"at most {away.iloc[worst]:.2g} ± {half.iloc[worst]:.1g} of it away "
            f"({row['network']} {row['layer']}, P = {row['p']})"
        )
        within, outside = (away + half <= _NEAR).all(), (away - half > _NEAR).any()
        holds = True if within else False if outside else None
        why = "" if holds is not None else f"an interval lies across {_NEAR:g}"
    return judged(
        f"{statement} (to a tenth)", holds, ours=ours, n_seeds=n_seeds, why=why,
        any_budget=any_budget,
    )  # fmt: skip


def _halves(frame: pd.DataFrame) -> list[Claim]:
    """Of random halves of the units, over networks, layers and seeds."""
    found = frame.dropna(subset=["half_rows", "half_columns"])
    away = {name: (found[f"half_{name}"] - 1).abs() for name in ("rows", "columns")}
    better = away["rows"] - away["columns"]
    p_values = [
        float(stats.wilcoxon(better, alternative=side).pvalue) for side in ("greater", "less")
    ]
    holds = True if p_values[0] < LEVEL else False if p_values[1] < LEVEL else None
    halves = found.assign(p=found["p"].max())
    n = len(found)
    return [
        judged(
            "of half of the units, correcting for units too comes nearer to all units than "
            "correcting for samples alone",
            holds,
            ours=f"{away['columns'].mean():.2g} away, against {away['rows'].mean():.2g}",
            n_seeds=n,
            why="" if holds is not None else "no difference is seen",
            p_value=p_values[0],
        ),
        _near(
            "of half of the units, correcting for units too gives what all units give", halves,
            "half_columns", 1.0, n,
        ),
    ]  # fmt: skip


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """Naive and corrected ratios, a row for each layer and a column for each P."""
    table = over_seeds(frame)
    rows = {}
    for (network, layer), part in table.groupby(_KEYS, sort=False):
        for name in ("naive", "rows"):
            said = "corrected" if name == "rows" else name
            values = part["all"] / part[name]
            rows[f"{network} {layer}, {said}"] = [
                *(f"{value:.3g}" for value in values), f"{part['all'].iloc[0]:.3g}"
            ]  # fmt: skip
    columns = [*(f"P = {p}" for p in table["p"].unique()), "corrected, all"]
    index = pd.Index(rows, name=f"mean of {frame['seed'].nunique()} seeds")
    return pd.DataFrame(list(rows.values()), index=index, columns=columns)


def figures(frame: pd.DataFrame) -> Mapping[str, Callable[[], Axes]]:
    """The ratios of blocks over that of all samples, against P, a figure for each network."""
    return {f"samples-{n}": partial(_draw, frame, n) for n in frame["network"].unique()}


def _draw(frame: pd.DataFrame, network: str) -> Axes:
    from dimscope.plots import StudyCurve, plot_study_curves  # noqa: PLC0415

    table = over_seeds(frame)
    curves = []
    for layer, part in table[table["network"] == network].groupby("layer", sort=False):
        p = list(part["p"])
        curves += [
            StudyCurve(f"{layer}, corrected", p, list(1 / part["rows"])),
            StudyCurve(f"{layer}, naive", p, list(1 / part["naive"]), is_published=True),
        ]
    return plot_study_curves(
        curves, title=f"Participation ratio from few samples: {network}",
        x_label="samples P", y_label="ratio over that of all samples", logarithmic="x",
    )  # fmt: skip


RECIPE = Recipe(
    name="since/pr_bias",
    paper="Chun et al. (2026), arXiv:2509.26560",
    title="The participation ratio from few samples, naive and corrected, in trained layers",
    differs=(
        "Networks, data and sample sizes are our own. 1/naive = 1/P + 1/PR is exact for no data, "
        "and near for Gaussian data with all units observed; layers are not Gaussian."
    ),
    options=(
        seeds_option(3),
        Option(name="n_train", kind=int, default=20_000, help="Training images."),
        Option(name="n_samples", kind=int, default=5000, help="Test images that are measured."),
    ),
    budgets={"quick": {"n_seeds": 2, "n_train": 1000, "n_samples": 800}},
    jobs=jobs,
    work="dimscope.studies.recipes.since.pr_samples:sample_sizes",
    summary=summary,
    claims=claims,
    figures=figures,
)
