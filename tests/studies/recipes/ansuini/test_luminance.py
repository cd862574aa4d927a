"""MNIST*: the perturbation, every verdict, and a tiny run."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from dimscope.errors import InputError
from dimscope.studies import published_figure, run_recipe
from dimscope.studies.recipes.ansuini import (
    luminance,
    luminance_frames,
    luminance_runs,
    small_net as small_net_module,
)
from dimscope.studies.recipes.ansuini.luminance_frames import CONV1_OF_ALL
from dimscope.studies.training import Samples

PUBLISHED = published_figure("mnist_B")["values"]["mnist_luminance"]["id"]
FLAT = [3.0] * 7
OTHERS = ((100.0, "in float64", 100), (100.0, "as described", 50))


def inputs_of(read):
    """What the scan would measure if the input read ``read(strength)`` exactly, bar 0.05."""
    rows = []
    for job in luminance.jobs(n_draws=3, n_seeds=0, n_images=9, epochs=1):
        for seed in range(3):
            value = read(job["strength"]) if job["reading"] == "as described" else 11.0
            row = {"seed": seed, "layer": "input", "two_nn": value + 0.01 * seed, "bar": 0.05}
            rows.append(job | row | {"stderr": 0.08})
    return rows


def nets_of(profile, *, accuracy=0.99, of_all=(2.95, 0.03)):
    rows = []
    for strength in luminance.TRAINED:
        for epoch, values in ((0.0, FLAT), (50.0, profile)):
            net = {"part": "net", "strength": strength, "seed": 0, "epoch": epoch}
            fit = {"training_loss": 0.1, "test_accuracy": accuracy, "n_alive": 100}
            rows.append(net | fit | {"training_accuracy": accuracy})
            rows += [
                net | {"layer": layer, "two_nn": value, "bar": 0.1, "stderr": 0.1}
                for layer, value in zip(luminance.LAYERS, values, strict=True)
            ]
            two_nn, bar = of_all
            rows.append(net | {"layer": CONV1_OF_ALL, "two_nn": two_nn, "bar": bar, "stderr": 0.1})
    return rows


def falling(strength):
    return 3010 / strength if strength > 300 else 11.0 - strength / 300


def outcomes(rows):
    return [claim.outcome for claim in luminance.claims(pd.DataFrame(rows))]


def test_a_strength_of_1000_reads_the_published_value():
    found = luminance.claims(pd.DataFrame(inputs_of(falling)))
    assert [claim.outcome for claim in found] == ["not reproduced", "reproduced", "reproduced"]
    assert "is read at lambda = 100" in found[0].ours
    assert found[0].number == 7
    assert all(claim.any_budget for claim in found)


def test_if_the_stated_strength_read_it():
    assert outcomes(inputs_of(lambda strength: 301 / strength))[:2] == [
        "reproduced", "not reproduced"
    ]  # fmt: skip


def test_another_reading_can_explain_the_published_value():
    rows = inputs_of(falling)
    for row in rows:
        if row["reading"] == "perturbed twice":
            row |= {"two_nn": 3.0, "bar": 0.07}
    assert outcomes(rows)[2] == "not reproduced"


def test_recovery_as_published():
    assert outcomes(inputs_of(falling) + nets_of(PUBLISHED))[3:] == ["reproduced"] * 5


def test_no_recovery():
    early = [3.0, 5.0, *FLAT[2:]]
    found = outcomes(inputs_of(falling) + nets_of(early, of_all=(3.5, 0.03)))[3:]
    assert found == ["not reproduced"] * 5


def test_networks_that_have_not_learnt_allow_no_verdict():
    found = luminance.claims(pd.DataFrame(inputs_of(falling) + nets_of(FLAT, accuracy=0.11)))
    assert [claim.outcome for claim in found[3:]] == ["cannot tell"] * 5
    assert "11.0% of its training images" in found[3].why


def test_the_perturbation_is_one_number_for_each_image():
    images = np.random.default_rng(0).random((50, 1, 28, 28))
    found = luminance_runs.perturbed(images, 100.0, np.random.default_rng(1))
    assert found.min() == 0
    assert found.max() == 1
    lifts = np.random.default_rng(1).uniform(0, 100, size=(50, 1, 1, 1))
    expected = images + lifts
    expected = (expected - expected.min()) / (expected.max() - expected.min())
    assert np.allclose(found, expected, atol=1e-6)


def test_a_large_luminance_leaves_one_dimension():
    images = np.random.default_rng(0).random((400, 1, 28, 28))
    found = luminance_runs.perturbed(images, 1e6, np.random.default_rng(1))
    spread = found.reshape(400, -1).std(axis=1)
    assert spread.max() < 1e-3 * found.std()


def test_a_digit_means_the_same_after_the_luminance_has_grown():
    rng = np.random.default_rng(0)
    images = torch.from_numpy(0.3081 * rng.normal(size=(5000, 1, 5, 5))).float()
    net = small_net_module.small_net(0)
    seen = []
    for weaker, strength in ((None, 10.0), (10.0, 1000.0)):
        lifts = torch.from_numpy(rng.uniform(0, strength, size=(5000, 1, 1, 1))).float()
        standardised = (images + 7) / (images + lifts).std()
        if weaker is not None:
            luminance_runs._scale_first(
                net, luminance_runs._spread(strength) / luminance_runs._spread(weaker)
            )
        with torch.no_grad():
            responses = net.conv1(standardised)
        seen.append(responses[0] - responses[1])  # of two digits at one luminance
    assert torch.allclose(seen[0], seen[1], rtol=0.05, atol=0.02)


def test_a_tiny_run(tmp_path, monkeypatch):
    def load(name, split, *, standardised):
        images = torch.rand((160, 1, 28, 28), generator=torch.Generator().manual_seed(len(split)))
        return Samples(images=images, labels=torch.arange(160) % 10)

    monkeypatch.setattr(luminance_runs, "load_samples", load)
    monkeypatch.setattr(luminance_runs, "N_SAMPLE", 60)
    monkeypatch.setattr(small_net_module, "N_DRAWS", 2)
    for module in (luminance, luminance_frames):
        monkeypatch.setattr(module, "N_POINTS", 100)
    monkeypatch.setattr(luminance, "_OTHERS", OTHERS)
    options = {"n_draws": 2, "n_seeds": 1, "n_images": 128, "epochs": 1}
    frame = run_recipe("ansuini/luminance", tmp_path, n_workers=1, progress=False, **options)
    nets = frame[frame["part"] == "net"].drop_duplicates(["strength", "epoch"])
    assert list(zip(nets["strength"], nets["epoch"], strict=True)) == [
        (1000, 0), (100, 3), (300, 4), (1000, 5)
    ]  # fmt: skip
    table = luminance.summary(frame)
    assert any(name.startswith("net, lambda = 1000") for name in table.index)
    assert len(luminance.claims(frame)) == 8
    for draw in luminance.figures(frame).values():
        draw()


@pytest.mark.parametrize("wrong", [{"n_draws": 1}, {"n_seeds": -1}])
def test_bad_options(tmp_path, wrong):
    with pytest.raises(InputError, match=f"{next(iter(wrong))}="):
        run_recipe("ansuini/luminance", tmp_path, **wrong)
