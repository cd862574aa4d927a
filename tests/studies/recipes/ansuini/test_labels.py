"""True against shuffled labels: every verdict can be reached, and a tiny run goes through."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from dimscope.errors import InputError
from dimscope.studies import run_recipe
from dimscope.studies.recipes.ansuini import labels, labels_runs, small_net as small_net_module
from dimscope.studies.training import Samples

COMPRESSED = (13, 13, 12, 10, 9, 7, 6)
GROWN = (13, 14, 14, 13, 15, 19, 9)


def frame_of(true, shuffled, *, n_seeds=8, accuracy=1.0):
    rng = np.random.default_rng(0)
    rows = []
    for data in labels.DATA:
        for kind, profile in (("true", true), ("shuffled", shuffled)):
            for seed in range(n_seeds):
                run = {"data": data, "labels": kind, "seed": seed}
                fit = {"training_accuracy": accuracy, "test_accuracy": 0.5}
                rows.append(run | fit)
                rows += [
                    run | {"sample": "test", "layer": layer, "two_nn": value + 0.1 * rng.normal()}
                    for layer, value in zip(labels.LAYERS, profile, strict=True)
                ]
                rows.append(run | {"sample": "training", "layer": "d1", "two_nn": 8.0})
    return pd.DataFrame(rows)


def outcomes(frame):
    return [claim.outcome for claim in labels.claims(frame) if "Fashion" in claim.statement]


def test_as_published():
    found = labels.claims(frame_of(COMPRESSED, GROWN))
    assert {claim.outcome for claim in found} == {"reproduced"}
    assert found[1].number == 6
    assert found[1].p_value == pytest.approx(2**-8)


def test_the_opposite():
    assert outcomes(frame_of(GROWN, COMPRESSED)) == ["reproduced"] + ["not reproduced"] * 4


def test_labels_that_are_not_learnt_allow_no_verdict():
    found = labels.claims(frame_of(COMPRESSED, GROWN, accuracy=0.98))
    of_mnist = [claim for claim in found if claim.statement.startswith("MNIST")]
    assert [claim.outcome for claim in of_mnist] == [
        "not reproduced", *["cannot tell"] * 3, "reproduced"
    ]  # fmt: skip
    assert "98.0% of its shuffled labels" in of_mnist[1].why


def test_no_difference_and_few_seeds():
    same = np.zeros(8)
    assert labels.larger("x", same, same[:, None]).outcome == "cannot tell"
    few = labels.larger("x", np.ones(2), np.zeros((2, 1)))
    assert few.outcome == "cannot tell"
    assert "3 seeds" in few.why


def test_both_tests_must_agree():
    """Six seeds cannot reach 0.01 by sign flips, however large the difference."""
    value = 5 + 0.01 * np.arange(6.0)
    claim = labels.larger("x", value, np.zeros((6, 1)))
    assert claim.outcome == "cannot tell"
    assert claim.p_value == pytest.approx(2**-6)


def test_a_tiny_run(tmp_path, monkeypatch):
    def load(name, split):
        generator = torch.Generator().manual_seed(len(name) + len(split))
        shape = (3, 32, 32) if name == "cifar10" else (1, 28, 28)
        images = torch.randn((100, *shape), generator=generator)
        return Samples(images=images, labels=torch.arange(100) % 10)

    monkeypatch.setattr(labels_runs, "load_samples", load)
    monkeypatch.setattr(small_net_module, "N_DRAWS", 2)
    options = {"n_seeds": 1, "n_images": 64, "n_cifar": 64, "epochs": 1, "cifar_epochs": 1}
    frame = run_recipe("ansuini/labels", tmp_path, n_workers=1, progress=False, **options)
    table = labels.summary(frame)
    assert list(table.columns[:7]) == list(labels.LAYERS)
    assert len(table) == 8
    assert len(labels.claims(frame)) == 15
    assert list(labels.figures(frame)) == list(labels.DATA)
    labels.figures(frame)["mnist"]()


def test_no_seeds(tmp_path):
    with pytest.raises(InputError, match="n_seeds=0"):
        run_recipe("ansuini/labels", tmp_path, n_seeds=0)
