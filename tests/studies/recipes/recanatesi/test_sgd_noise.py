"""The sweep of Farrell et al. (2022): its steps and schedule, its runs and its verdicts."""

from __future__ import annotations

import warnings
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch

from dimscope.errors import InputError
from dimscope.studies import run_recipe
from dimscope.studies.recipes.recanatesi import sgd_noise, sgd_noise_claims
from dimscope.studies.recipes.recanatesi.noise import grid_runs
from dimscope.studies.recipes.recanatesi.noise.grid_runs import one_cycle, train_in_grid
from dimscope.studies.recipes.recanatesi.noise.linear_kernels import train_linear_rmsprop
from dimscope.studies.recipes.recanatesi.sgd_noise import (
    OPTIMIZERS,
    claims,
    figures,
    jobs,
    summary,
)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_rmsprop_is_that_of_torch(batch_size):
    rng = np.random.default_rng(0)
    inner, readout = rng.normal(size=(7, 5)), rng.normal(size=(2, 7))
    x, y = rng.normal(size=(8, 5)), rng.normal(size=(8, 2))
    w, r = (torch.tensor(a, requires_grad=True) for a in (inner, readout))
    optimizer = torch.optim.RMSprop(
        [{"params": [w], "lr": 0.02}, {"params": [r], "lr": 0.03}], alpha=0.9
    )
    for rows in torch.arange(8).split(batch_size):
        out = torch.from_numpy(x)[rows] @ w.T @ r.T
        loss = torch.nn.functional.mse_loss(out, torch.from_numpy(y)[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    squares = (np.zeros_like(inner), np.zeros_like(readout))
    train_linear_rmsprop(inner, readout, squares, x, y, batch_size, (0.02, 0.03), 0.9, 1e-8)
    np.testing.assert_allclose(inner, w.detach(), rtol=1e-10)
    np.testing.assert_allclose(readout, r.detach(), rtol=1e-10)


@pytest.mark.parametrize(("epochs", "rise"), [(100, 0.2), (1000, 0.1), (10, 0.2)])
def test_schedule_is_that_of_torch(epochs, rise):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.3, total_steps=epochs, pct_start=rise, div_factor=10,
        final_div_factor=4e4, cycle_momentum=False,
    )  # fmt: skip
    theirs = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of steps of the schedule without the optimiser's
        for _ in range(epochs - 1):
            theirs.append(schedule.get_last_lr()[0])
            schedule.step()
    np.testing.assert_allclose(list(one_cycle(0.3, epochs, rise))[:-1], theirs, rtol=1e-9)


N_CLAIMS = 14
GRID = {"optimizer": "sgd", "batch_size": 1, "epochs": 10, "seed": 0}


def test_a_frozen_readout_does_not_compress():
    rows = train_in_grid(**GRID, learning_rate=5e-3, frozen_readout=True)
    assert [row["epoch"] for row in rows] == [0, 1, 2, 5, 10]
    assert rows[0]["error"] > rows[-1]["error"]
    assert rows[-1]["orthogonal_ratio"] == 1.0
    assert "weight_variance" not in rows[-1]


def test_a_diverged_run_ends_with_a_row_that_says_so():
    rows = train_in_grid(**GRID, learning_rate=1.0, frozen_readout=False)
    assert list(rows[-1]) == ["epoch"]
    assert rows[0]["participation_ratio"] == pytest.approx(46, abs=2)


def made_up(**changed: float) -> pd.DataFrame:
    """Runs as predicted for SGD; ``changed`` gives the final ratio by optimiser and batch."""
    rng = np.random.default_rng(0)
    rows = []
    for job in jobs(n_seeds=4, epochs=100):
        key = f"{job['optimizer']}{'' if job['batch_size'] == 1 else '_full'}"
        moves = not job["frozen_readout"] and job["learning_rate"] > 1e-3
        ratio = changed.get(key, 1.0) ** (job["learning_rate"] / 1e-2) if moves else 1.0
        for share in (0, 0.5, 1):
            row = {
                "epoch": int(share * job["epochs"]),
                "orthogonal_ratio": ratio**share + 1e-4 * rng.normal(),
                "feature_variance": 410.0,
                "participation_ratio": 46 * ratio**share + 0.01 * rng.normal(),
                "error": 1e-4,
                "weight_variance": job["learning_rate"] * (1 + 1e-3 * rng.random()),
            }
            rows.append(dict(job) | row)
    return pd.DataFrame(rows)


def outcomes(frame: pd.DataFrame) -> dict[str, str]:
    return {claim.statement: claim.outcome for claim in claims(frame)}


@pytest.mark.statistical
def test_claims_tell_prediction_and_design_apart():
    found = outcomes(made_up(sgd=0.6))
    predicted = [o for s, o in found.items() if s.startswith(("predicted", "carried"))]
    assert predicted == ["reproduced", "not reproduced", *["reproduced"] * 4]
    design = {s: o for s, o in found.items() if "design" in s}
    assert design["in the published design SGD with batch 1 lowers the dimension (PR) at 0.05"] == (
        "reproduced"
    )
    assert sorted(design.values()).count("reproduced") == 3
    found = outcomes(made_up(rmsprop_full=0.5))
    assert found["carried over to RMSprop: no compression with full batches"] == "not reproduced"
    assert found["predicted: nor with the larger steps of the grid"] == "reproduced"


@pytest.mark.parametrize(("lost", "outcome"), [([1], "reproduced"), (range(9), "cannot tell")])
def test_a_seed_whose_run_diverged_is_left_out_and_named(lost, outcome):
    frame = made_up(sgd=0.6)
    is_lost = (
        (frame["optimizer"] == "sgd") & (frame["learning_rate"] == 5e-2) & frame["seed"].isin(lost)
        & (frame["batch_size"] == 1) & ~frame["frozen_readout"] & (frame["epoch"] == 100)
    )  # fmt: skip
    values = ["orthogonal_ratio", "participation_ratio", "error", "weight_variance"]
    frame.loc[is_lost, values] = None
    (found,) = (c for c in claims(frame) if "SGD with batch 1 compresses" in c.statement)
    assert found.outcome == outcome
    if len(lost) > 1:
        return
    assert "1 of 4 seeds left out, a run diverged" in found.ours
    table = summary(frame)
    assert table.loc["SGD, batch 1, trained: orthogonal ratio", "0.05"] == "1 diverged"
    assert len(figures(frame)) == 5


def test_missing_runs_are_named():
    with pytest.raises(InputError, match=r"rmsprop.*whole grid"):
        claims(made_up().query("optimizer == 'sgd'"))


def test_a_tiny_sweep(tmp_path, monkeypatch):
    for module in (sgd_noise, sgd_noise_claims, grid_runs):
        monkeypatch.setattr(module, "EPOCH", 40)
    for module in (sgd_noise, sgd_noise_claims):
        monkeypatch.setattr(module, "RATES", (1e-4, 1e-3, 5e-3))
    monkeypatch.setattr(sgd_noise, "_WAYS", tuple(product(OPTIMIZERS, (1, 40), (False, True))))
    monkeypatch.setattr(sgd_noise, "_MORE_EPOCHS", 1)
    frame = run_recipe("recanatesi/sgd_noise", tmp_path, n_seeds=3, epochs=10, n_workers=1)
    assert set(frame["batch_size"]) == {1, 40}
    assert len(claims(frame)) == N_CLAIMS
    assert all(float(cell.split()[0]) >= 0 for cell in summary(frame).to_numpy().ravel())


@pytest.mark.parametrize("options", [{"n_seeds": 2}, {"epochs": 4}])
def test_bad_options(tmp_path, options):
    with pytest.raises(InputError, match="at least"):
        run_recipe("recanatesi/sgd_noise", tmp_path, **options)
