"""The MNIST table: every verdict can be reached, and a tiny run goes through."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch

from dimscope.errors import InputError
from dimscope.studies import published_figure, run_recipe
from dimscope.studies.recipes.ansuini import mnist, mnist_runs, small_net as small_net_module
from dimscope.studies.recipes.ansuini.mnist_layers import N_UNITS
from dimscope.studies.recipes.ansuini.small_net import VARIANTS, layer_points, small_net
from dimscope.studies.training import Samples

PUBLISHED = published_figure("mnist_B")["values"]["mnist"]["id"]


def frame_of(exact, fast, *, training_input=11.0, n_seeds=5, of_all_images=12.5):
    """One run of the paper's schedule and several fast ones, with the given profiles."""
    rng = np.random.default_rng(0)
    rows = []
    runs = [(1, 0, exact), *((10, seed, fast) for seed in range(n_seeds))]
    for speed, seed, profile in runs:
        for sample in ("test 1", "test 2", "training 1"):
            for layer, value in zip(mnist.LAYERS, profile, strict=True):
                shift = training_input - 13.16 if sample == "training 1" else 0.0
                noise = 0.0 if layer == "input" or speed == 1 else 0.1 * rng.normal()
                rows.append(
                    {
                        "seed": seed, "speed": speed, "epoch": 200, "sample": sample,
                        "layer": layer, "two_nn": value + shift + noise, "bar": 0.15,
                        "stderr": 0.3,
                    }
                )  # fmt: skip
    of_all = {"speed": 10, "epoch": 200, "sample": "all test"}
    for seed in range(n_seeds):
        of_all |= {"seed": seed, "two_nn": of_all_images, "bar": 0.1, "stderr": 0.15}
        rows += [of_all | {"layer": layer} for layer in mnist.LAYERS]
    return pd.DataFrame(rows)


def outcomes(frame):
    return {claim.statement: claim.outcome for claim in mnist.claims(frame)}


def test_as_published():
    found = outcomes(frame_of(PUBLISHED, PUBLISHED))
    scatter = "ten times the learning rate for a tenth of the epochs gives the same table"
    assert {outcome for name, outcome in found.items() if not name.startswith(scatter)} == {
        "reproduced"
    }


def test_the_opposite():
    other = [13.16, 14, 15, 16, 17, 100, 3]
    found = outcomes(frame_of(other, other, training_input=13.16, of_all_images=14.0))
    assert (
        found.pop("input: the mean over networks is within the published bar plus ours")
        == "reproduced"
    )
    same = [name for name in found if name.startswith("ten times")]
    assert {found[name] for name in found if name not in same} == {"not reproduced"}


def test_without_the_papers_schedule_the_fast_runs_stand_in():
    frame = frame_of(PUBLISHED, PUBLISHED, n_seeds=1)
    frame = frame[frame["speed"] == 10]
    found = outcomes(frame)
    assert not any(name.startswith("ten times") for name in found)
    assert found["each layer after the input lies within the scatter over seeds"] == "cannot tell"
    assert "published" in mnist.summary(frame).index


def test_another_table_after_another_schedule():
    found = outcomes(frame_of(PUBLISHED, [value + 2 for value in PUBLISHED]))
    assert next(v for k, v in found.items() if k.startswith("ten times")) == "not reproduced"


def test_leaving_out_the_last_two_ratios_changes_nothing():
    """The published code cuts two ratios before it keeps the first nine tenths."""
    x = np.sort(np.random.default_rng(0).exponential(size=1800))
    y = -np.log1p(-np.arange(1, 1801)[:-1] / 1800)
    kept = math.floor(0.9 * 1800)
    ours, theirs = (np.s_[:kept], (np.s_[:-2], np.s_[:kept]))
    slope = (x[ours] @ y[ours]) / (x[ours] @ x[ours])
    cut_x, cut_y = x[theirs[0]][theirs[1]], y[:1798][theirs[1]]
    assert (cut_x @ cut_y) / (cut_x @ cut_x) == slope


def test_layers_have_the_units_of_the_paper():
    images = torch.zeros((2, 1, 28, 28))
    found = {name: points.shape[1] for name, points in layer_points(small_net(0), images)}
    assert {"input": 784} | found == N_UNITS
    assert list(N_UNITS) == published_figure("mnist_B")["layers"]


def test_variants_are_what_they_say():
    images = torch.randn((3, 1, 28, 28), generator=torch.Generator().manual_seed(0))
    found = dict(layer_points(small_net(0), images, VARIANTS))
    layers = dict(layer_points(small_net(0), images))
    assert np.array_equal(np.maximum(found["pool1 before ReLU"], 0), layers["pool1"])
    logits = torch.from_numpy(found["logits"]).log_softmax(1).numpy()
    assert np.allclose(logits, layers["output"], atol=1e-6)


def test_seeds_differ_also_for_other_shapes():
    first, again, other = (small_net(seed, shape=(3, 32)) for seed in (0, 0, 1))
    images = torch.randn((2, 3, 32, 32))
    assert torch.equal(first(images), again(images))
    assert not torch.equal(first(images), other(images))


def test_a_tiny_run(tmp_path, monkeypatch):
    def load(name, split, *, standardised):
        images = torch.rand((160, 1, 28, 28), generator=torch.Generator().manual_seed(len(split)))
        return Samples(images=images, labels=torch.arange(160) % 10)

    monkeypatch.setattr(mnist_runs, "load_samples", load)
    monkeypatch.setattr(small_net_module, "N_DRAWS", 2)
    monkeypatch.setattr(mnist_runs, "N_SAMPLE", 80)
    options = {
        "n_seeds": 1, "n_exact": 1, "n_further": 1, "epochs": 40, "n_images": 128, "n_blocks": 2
    }  # fmt: skip
    frame = run_recipe("ansuini/mnist", tmp_path, n_workers=1, progress=False, **options)
    assert set(frame["speed"]) == {1, 10, 40}
    assert frame.loc[frame["speed"] == 40, "epoch"].max() == 160
    table = mnist.summary(frame)
    assert table.loc["pools before ReLU, logits", "pool1"] != ""
    assert len(mnist.claims(frame)) == 13
    for draw in mnist.figures(frame).values():
        draw()


@pytest.mark.parametrize("wrong", [{"n_seeds": 0}, {"epochs": 50}])
def test_bad_options(tmp_path, wrong):
    with pytest.raises(InputError, match=f"{next(iter(wrong))}="):
        run_recipe("ansuini/mnist", tmp_path, **wrong)
