"""Dimension against generalisation: verdicts on made-up conditions, and a tiny run."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from dimscope.errors import InputError
from dimscope.studies import get_recipe, run_recipe
from dimscope.studies.recipes.recanatesi import last_hidden_of_dense
from dimscope.studies.recipes.recanatesi.generalization import by_condition, jobs
from dimscope.studies.training import Samples

NAME = "recanatesi/generalization"


def made_up(gap, dimension, *, confounder=lambda z: 0 * z):
    """54 conditions of two seeds, whose gap and dimension follow a hidden number."""
    rng = np.random.default_rng(0)
    rows = []
    every = jobs(n_seeds=2, n_conditions=54, epochs=1, n_train=600, n_samples=100)
    hidden = np.tile(rng.normal(size=54), 2)
    for z, job in zip(hidden, every, strict=True):
        share = job["label_noise"]
        noise = 0.003 * rng.normal(size=5)
        training = 0.9 + noise[0]
        expected = training - gap(z)
        test = (expected - share / 10) / (1 - share)
        rows.append(dict(job) | {
            "training_accuracy": training, "test_accuracy": test,
            "training_loss": np.exp(confounder(z) + 30 * noise[1]),
            "weight_norm": 50 + 100 * noise[2], "feature_norm": 10 + 100 * noise[3],
            "two_nn": 8 + dimension(z) + 30 * noise[4],
            "participation_ratio": 6 + dimension(z) + 30 * noise[0],
        })  # fmt: skip
    return pd.DataFrame(rows)


def outcomes(frame, part):
    return [c.outcome for c in get_recipe(NAME).claims(frame) if part in c.statement]


def test_a_dimension_that_follows_the_gap_is_reproduced():
    frame = made_up(lambda z: 0.1 + 0.02 * z, lambda z: z)
    assert outcomes(frame, "generalisation gap") == ["reproduced"] * 6


def test_the_opposite_is_not_reproduced():
    frame = made_up(lambda z: 0.1 - 0.02 * z, lambda z: z)
    assert outcomes(frame, "generalisation gap") == ["not reproduced"] * 6


def test_a_confounder_that_explains_both_is_partialled_out():
    frame = made_up(lambda z: 0.1 + 0.02 * z, lambda z: 0.3 * z, confounder=lambda z: 3 * z)
    claims = [c for c in get_recipe(NAME).claims(frame) if "generalisation gap" in c.statement]
    plain, given = claims[:2], claims[4:]
    assert all("given training loss" in claim.statement for claim in given)
    assert [claim.outcome for claim in plain] == ["reproduced"] * 2
    assert all(a.p_value > 1000 * b.p_value for a, b in zip(given, plain, strict=True))


def test_nothing_is_cannot_tell():
    rng = np.random.default_rng(1)
    frame = made_up(lambda _: 0.1 + 0.02 * rng.normal(), lambda z: z)
    assert outcomes(frame, "generalisation gap") == ["cannot tell"] * 6


def test_the_gap_is_of_labels_of_one_kind():
    """A network that is as good on new noisy labels as on those it learned has no gap."""
    frame = made_up(lambda _: 0.0, lambda z: z)
    assert by_condition(frame)["gap"].to_numpy() == pytest.approx(np.zeros(54), abs=1e-12)
    assert by_condition(frame)["test_accuracy"].std() > 0.05


def test_few_conditions_are_too_few():
    frame = made_up(lambda z: 0.1 + 0.02 * z, lambda z: z).query("batch_size == 32").head(6)
    assert set(outcomes(frame, "")) == {"cannot tell"}


def test_jobs_are_conditions_and_seeds():
    few = jobs(n_seeds=1, n_conditions=9, epochs=1, n_train=600, n_samples=100)
    assert {job["label_noise"] for job in few} == {0.0, 0.2, 0.4}
    every = jobs(n_seeds=2, n_conditions=54, epochs=1, n_train=600, n_samples=100)
    assert len({tuple(job.values()) for job in every}) == 108
    assert every[: len(few)] == few


@pytest.fixture
def few_images(monkeypatch):
    generator = torch.Generator().manual_seed(0)

    def images(split):
        n = 600 if split == "train" else 150
        of_class = torch.arange(n) % 10
        x = torch.randn((n, 1, 28, 28), generator=generator) + 0.1 * of_class[:, None, None, None]
        return Samples(images=x, labels=of_class)

    monkeypatch.setattr(last_hidden_of_dense, "_images", images)


def test_a_tiny_run(few_images, tmp_path):
    frame = run_recipe(
        NAME, tmp_path, n_seeds=1, n_conditions=10, epochs=1, n_train=600, n_samples=100,
        n_workers=1, progress=False,
    )  # fmt: skip
    assert len(frame) == 10
    assert frame[["two_nn", "participation_ratio", "weight_norm"]].notna().all(axis=None)
    assert frame["two_nn"].nunique() == 10
    recipe = get_recipe(NAME)
    assert {claim.outcome for claim in recipe.judge(frame, "quick")} == {"not judged"}
    assert {claim.number for claim in recipe.claims(frame)} == {11}
    assert len(recipe.summary(frame)) == 3 + 3 + 2 + 3
    assert len(recipe.figures(frame)) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_conditions": 55}, "n_conditions=55 must be within 1 and 54"),
        ({"n_train": 500}, "n_train=500 must be within 512 and 60,000"),
        ({"n_samples": 99}, "n_samples=99 within 100"),
    ],
)
def test_bad_options(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        run_recipe(NAME, tmp_path, **options)
