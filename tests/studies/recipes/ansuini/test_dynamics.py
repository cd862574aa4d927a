"""Claims on made-up courses of training, and the run itself on a handful of made-up images."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from dimscope.errors import InputError
from dimscope.studies import get_recipe, run_recipe
from dimscope.studies.recipes.ansuini import course
from dimscope.studies.recipes.ansuini.course_layers import NETWORKS
from dimscope.studies.training import Samples

NAME = "ansuini/dynamics"
NET = NETWORKS["cifar_cnn"]
BEFORE = {
    "input": 28.0, "pool1": 36.0, "pool2": 30.0, "pool3": 28.0, "fc_relu1": 25.0,
    "fc_relu2": 20.0, "fc3": 9.0,
}  # fmt: skip
#: As the paper's: early layers expand, the middle one and all after it compress.
AFTER = {
    "input": 28.0, "pool1": 67.0, "pool2": 46.0, "pool3": 20.0, "fc_relu1": 13.0,
    "fc_relu2": 8.0, "fc3": 6.0,
}  # fmt: skip


def made_up(after=AFTER, *, lowest_at=120, noise=0.01, n_seeds=3):
    """Two ends of an epoch for all layers, and a course of the last hidden one, for each seed."""
    rng = np.random.default_rng(0)
    rows = []
    for seed in range(n_seeds):
        for step in sorted({*range(0, 2941, 30), *range(0, 9 * 390, 390)}):
            share = step / (8 * 390)
            course_value = 20.0 + step * (5 - 20.0) / lowest_at
            if step > lowest_at:
                course_value = 5 + (after["fc_relu2"] - 5) * (step - lowest_at) / (3120 - lowest_at)
            layers = NET.depths if step % 390 == 0 else ["fc_relu2"]
            for layer in layers:
                value = BEFORE[layer] ** (1 - share) * after[layer] ** share
                row = {"seed": seed, "network": "cifar_cnn", "n_train": 50_000, "step": step}
                row |= {"layer": layer, "two_nn": value * np.exp(noise * rng.normal())}
                if layer == "fc_relu2":
                    row["two_nn"] = course_value * np.exp(noise * rng.normal())
                    row["test_accuracy"] = 0.1 + 0.7 * share + 0.02 * rng.normal()
                    row["training_accuracy"] = 0.1 + 0.75 * share
                rows.append(row)
    return pd.DataFrame(rows)


def outcomes(frame):
    return {claim.statement: claim.outcome for claim in get_recipe(NAME).claims(frame)}


def outcome(frame, part):
    found = [value for statement, value in outcomes(frame).items() if part in statement]
    assert len(found) == 1, part
    return found[0]


def test_the_papers_course_is_reproduced():
    assert set(outcomes(made_up(noise=0.001)).values()) == {"reproduced"}


@pytest.mark.parametrize("layer", ["pool1", "pool2", "pool3", "fc_relu1", "fc_relu2"])
def test_a_layer_that_goes_the_other_way_is_not_reproduced(layer):
    other = BEFORE[layer] ** 2 / AFTER[layer]
    frame = made_up(AFTER | {layer: other})
    assert outcome(frame, f"layer {layer} ") == "not reproduced"


def test_a_layer_that_stays_cannot_be_told():
    frame = made_up(AFTER | {"pool2": BEFORE["pool2"]}, noise=0.03)
    assert outcome(frame, "layer pool2 ") == "cannot tell"


def test_a_slow_fall_of_the_last_hidden_layer_is_not_reproduced():
    frame = made_up(lowest_at=1500)
    assert outcome(frame, "to less than half within half an epoch") == "not reproduced"
    assert outcome(frame, "lowest within this half epoch") == "not reproduced"
    assert outcome(made_up(AFTER | {"fc_relu2": 2.0}), "slowly expands") == "not reproduced"


def test_a_dimension_that_falls_with_the_error_is_not_reproduced():
    frame = made_up(AFTER | {"fc_relu2": 2.0})
    assert outcome(frame, "grows as the test error falls") == "not reproduced"


def test_the_shape_is_judged():
    upside_down = {layer: 1000 / value for layer, value in AFTER.items()}
    assert outcome(made_up(upside_down), "after epoch 8, the profile") == "not reproduced"


def test_published_numbers_stand_beside_ours():
    said = " ".join(str(claim) for claim in get_recipe(NAME).claims(made_up()))
    assert "published: x 0.32 at 150 of 390 iterations" in said
    assert "published: x 2.59 at epoch 300" in said
    assert {claim.number for claim in get_recipe(NAME).claims(made_up())} == {2, 8}


def test_two_seeds_are_not_judged():
    assert outcome(made_up(n_seeds=2), "layer pool1 ") == "not judged"


@pytest.fixture
def few_images(monkeypatch):
    generator = torch.Generator().manual_seed(0)

    def load(_name, split):
        n = 256 if split == "train" else 120
        images = torch.randn((n, 3, 32, 32), generator=generator)
        return Samples(images=images, labels=torch.arange(n) % 10)

    monkeypatch.setattr(course, "load_samples", load)


def test_a_short_run(few_images, tmp_path):
    frame = run_recipe(
        NAME, tmp_path, n_seeds=1, epochs=1, n_train=256, n_samples=100, n_workers=1, progress=False
    )
    assert sorted(frame["step"].unique()) == [0, 1, 2]
    assert frame.loc[frame["step"] == 2, "layer"].tolist() == list(NET.depths)
    assert frame.loc[frame["step"] == 1, "layer"].tolist() == [NET.last_hidden]
    assert frame["two_nn"].notna().all()
    known = frame[frame["layer"] == NET.last_hidden]
    assert known[["test_accuracy", "training_accuracy"]].notna().all(axis=None)
    assert not (tmp_path / "checkpoints").exists()
    recipe = get_recipe(NAME)
    assert {claim.outcome for claim in recipe.judge(frame, "quick")} == {"not judged"}
    assert list(recipe.summary(frame).index) == list(NET.depths)
    assert set(recipe.figures(frame)) == {"depth", "last-hidden", "accuracy", "error"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"network": "lenet"}, "choose cifar_cnn or vgg16_cifar"),
        ({"epochs": 0}, "at least 1"),
        ({"device": "abacus"}, "abacus"),
        ({"n_train": 60_000}, "n_train=60000 must be within 128 and 50,000"),
        ({"n_samples": 50}, "n_samples=50 within 100"),
    ],
)
def test_bad_options(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        run_recipe(NAME, tmp_path, **options)
