"""Objectives made of geometry: the verdicts, and a tiny run."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from dimscope.errors import InputError
from dimscope.studies import run_recipe
from dimscope.studies.recipes.recanatesi import dimension_loss_runs
from dimscope.studies.recipes.recanatesi.geometry_objective import (
    GOALS,
    claims,
    figures,
    jobs,
    summary,
)

PLACE = {goal: float(i) for i, goal in enumerate(GOALS)}


def made_up(*, follows: float = 1.0, costs: float = 0.0, noise: float = 1e-4) -> pd.DataFrame:
    """Networks whose dimensions follow, or not, and whose answers pay for it, or not."""
    rng = np.random.default_rng(0)
    rows = []
    for job in jobs(n_seeds=5, n_train=256, n_samples=256, device="cpu"):
        place = PLACE[str(job["goal"])]
        paid = costs * (job["method"] != "none") + noise * rng.normal()
        row = {"accuracy": 0.8 - paid, "ece": 0.01 + paid, "nll": 0.5 + paid}
        for method in ("two_nn", "participation_ratio"):
            moved = follows * (place - 2) * (job["method"] in (method, "none"))
            value = 3 + moved + 0.01 * rng.normal()
            asked = job["target"] if follows > 0 and job["method"] == method else None
            row |= {f"{method}_batch": asked or value, method: value}
        row |= {"gride_2": 3.0, "gride_8": 2.0, "top_share": 0.5, "between": 0.5}
        rows.append(dict(job) | row)
    return pd.DataFrame(rows)


def outcomes(frame: pd.DataFrame) -> list[str]:
    return [claim.outcome for claim in claims(frame)]


@pytest.mark.statistical
def test_claims_reach_every_outcome():
    one_method = ["reproduced"] * 9
    assert outcomes(made_up()) == one_method * 2
    assert outcomes(made_up(costs=0.1)) == [*["reproduced"] * 6, *["not reproduced"] * 3] * 2
    against = outcomes(made_up(follows=-1.0))
    assert against == [*["not reproduced"] * 6, *["reproduced"] * 3] * 2
    assert outcomes(made_up(costs=0.009, noise=0.002))[6] == "cannot tell"


def test_missing_networks_are_named():
    with pytest.raises(InputError, match="maximize: give all goals"):
        claims(made_up().query("goal != 'maximize'"))


def test_a_tiny_run(tmp_path, monkeypatch):
    generator = torch.Generator().manual_seed(0)
    few = (torch.rand((512, 1, 28, 28), generator=generator), torch.arange(512) % 10)
    monkeypatch.setattr(dimension_loss_runs, "_data", lambda *_: few)
    frame = run_recipe(
        "recanatesi/geometry_objective", tmp_path, n_seeds=2, n_train=256, n_samples=256,
        n_workers=1,
    )  # fmt: skip
    assert len(frame) == 2 * 9
    assert len(summary(frame)) == 9
    assert {claim.outcome for claim in claims(frame)} <= {
        "reproduced", "not reproduced", "cannot tell", "not judged"
    }  # fmt: skip
    assert len(figures(frame)) == 7
    assert frame["nll"].nunique() > 2  # the loss and the seed make a difference


@pytest.mark.parametrize("options", [{"n_seeds": 1}, {"n_train": 100}])
def test_bad_options(tmp_path, options):
    with pytest.raises(InputError, match="at least"):
        run_recipe("recanatesi/geometry_objective", tmp_path, **options)
