"""The dense networks of the noise experiment, trained side by side as if each were alone."""

from __future__ import annotations

from dataclasses import asdict

import pytest
import torch
from torch import nn

from dimscope.data import NamedData
from dimscope.errors import TrainingError
from dimscope.studies import Condition
from dimscope.studies.recipes.recanatesi.noise import dense_networks
from dimscope.studies.recipes.recanatesi.noise.dense_networks import train_dense_networks

N = 400


@pytest.fixture(autouse=True)
def few_images(monkeypatch):
    """Images of ten classes that differ, in place of the data set, which CI need not have."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(N) % 10
    centres = 128 * torch.rand((10, 1, 28, 28), generator=generator)
    noise = 100 * torch.rand((N, 1, 28, 28), generator=generator)
    items = [
        (image.to(torch.uint8), int(label))
        for image, label in zip(centres[labels] + noise, labels, strict=True)
    ]
    data = NamedData(name="few", origin="made here", items=items, labels=labels.numpy())
    few = dense_networks._tensors(data, "cpu")
    monkeypatch.setattr(dense_networks, "_images", lambda *_: few)


def test_a_stack_is_its_networks():
    """Full batches: the network of each seed, trained alone by autograd.

    Steps are small: at 0.05 float32 alone makes 0.2 % of difference on some processors, float64
    none.
    """
    how = Condition(learning_rate=0.01, batch_size=N, population=N)
    rows = train_dense_networks(condition=asdict(how), n_seeds=2, training_time=0.08)
    images, labels = dense_networks._images("train", "cpu")
    for seed in range(2):
        model = dense_networks.he_dense_net(seed)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for _ in range(8):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images), labels).backward()
            optimizer.step()
        loss = nn.functional.cross_entropy(model(images), labels).item()
        ours = [row for row in rows if row["seed"] == seed]
        assert ours[-1]["training_loss"] == pytest.approx(loss, rel=1e-4)
        assert ours[0]["training_loss"] > ours[-1]["training_loss"]


def test_networks_are_those_of_version_0_1():
    how = Condition(learning_rate=0.01, batch_size=16, label_noise=0.2, readout_noise=0.01)
    rows = train_dense_networks(condition=asdict(how), n_seeds=2, training_time=0.16)
    ends = [{key: row[key] for key in ("training_loss", "two_nn")} for row in rows[-2:]]
    assert ends[0] == pytest.approx({"training_loss": 2.0051627, "two_nn": 17.941397}, rel=1e-3)
    assert ends[1] == pytest.approx({"training_loss": 1.7985829, "two_nn": 17.186182}, rel=1e-3)


def test_frozen_readout_stays(monkeypatch):
    kept = []
    measure = dense_networks._measure
    monkeypatch.setattr(
        dense_networks,
        "_measure",
        lambda net, of, *a: kept.append(of["fc7.weight"]) or measure(net, of, *a),
    )
    how = Condition(learning_rate=0.05, batch_size=16, frozen_readout=True)
    rows = train_dense_networks(condition=asdict(how), n_seeds=1, training_time=0.8)
    assert all(torch.equal(kept[0], other) for other in kept)
    assert rows[-1]["training_loss"] < rows[0]["training_loss"]


def test_what_features_do_not_tell_is_unknown(monkeypatch):
    """A dead last layer: all of its features are 0."""
    network = dense_networks.he_dense_net

    def dead(seed):
        model = network(seed)
        nn.init.zeros_(model.fc6.weight)
        return model

    monkeypatch.setattr(dense_networks, "he_dense_net", dead)
    how = Condition(learning_rate=1e-9, batch_size=16)
    rows = train_dense_networks(condition=asdict(how), n_seeds=1, training_time=1e-8)
    assert rows[-1]["two_nn"] is None
    assert rows[-1]["participation_ratio"] is None
    assert rows[-1]["test_accuracy"] == pytest.approx(0.1)


def test_divergence_is_said():
    with pytest.raises(TrainingError, match="lower the learning rate"):
        train_dense_networks(
            condition=asdict(Condition(learning_rate=1e4, batch_size=16)),
            n_seeds=1,
            training_time=1e6,
        )


@pytest.mark.statistical
def test_noise_is_what_it_says():
    generator = torch.Generator().manual_seed(0)
    labels = torch.zeros((2, 20_000), dtype=torch.int64)
    changed = dense_networks._noisy(labels, 0.2, generator) != 0
    assert float(changed.double().mean()) == pytest.approx(0.2 * 0.9, abs=0.01)
    assert dense_networks._noisy(labels, 0.0, generator) is labels
    weights = {"fc7.weight": torch.zeros(100, 100), "fc6.weight": torch.zeros(2)}
    noisy = dense_networks._with_readout_noise(weights, 0.1, generator)
    assert float(noisy["fc7.weight"].std()) == pytest.approx(0.1, rel=0.05)
    assert torch.equal(noisy["fc6.weight"], weights["fc6.weight"])


@pytest.mark.parametrize(
    ("batch_size", "population"), [(N, N), (16, None), (300, None), (10, 20)]
)  # fmt: skip
def test_batches(batch_size, population):
    how = Condition(learning_rate=1.0, batch_size=batch_size, population=population)
    rows = dense_networks._draw(how, 3, N, torch.Generator().manual_seed(0))
    assert rows.shape == (3, batch_size)
    assert int(rows.max()) < (population or N)
    if batch_size > 16:
        assert all(len(set(row.tolist())) == batch_size for row in rows)
