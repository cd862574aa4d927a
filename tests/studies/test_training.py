"""The training loop of recipes: it learns, depends on its arguments only, and outlives kills."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from dimscope.errors import InputError, TrainingError
from dimscope.studies import training
from dimscope.studies.checkpoint import Checkpoint
from dimscope.studies.training import (
    Samples,
    Schedule,
    fit_of,
    load_samples,
    shuffled,
    steps_per_epoch,
    train,
    with_random_labels,
)

SCHEDULE = Schedule(epochs=6, learning_rate=0.1, batch_size=20, momentum=0.9, annealing="cosine")


@pytest.fixture
def samples():
    """Two classes that a line through one pixel separates."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn((105, 1, 6, 6), generator=generator)
    return Samples(images=images, labels=(images[:, 0, 2, 2] > 0).long())


def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Dropout(0.1), nn.Flatten(), nn.Linear(64, 2)
    )


def weights_after(samples, schedule=SCHEDULE, **options):
    model = net()
    rows = train(model, samples, schedule, seed=1, **options)
    return torch.cat([p.detach().flatten() for p in model.parameters()]), rows


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_it_learns(samples, optimizer, precision):
    rate = 0.1 if optimizer == "sgd" else 0.01
    schedule = Schedule(
        epochs=40, learning_rate=rate, batch_size=20, optimizer=optimizer, precision=precision
    )
    model = net()
    before = fit_of(model, samples)
    train(model, samples, schedule, seed=0)
    after = fit_of(model, samples)
    assert after.accuracy > 0.9 > before.accuracy
    assert after.loss < before.loss
    assert not model.training


def test_rows_are_measured_when_asked(samples):
    assert steps_per_epoch(SCHEDULE, len(samples)) == 5
    _, rows = weights_after(samples, measure=lambda step: [{"step": step}], at=[0, 3, 30, 31])
    assert [row["step"] for row in rows] == [0, 3, 30]


def test_one_seed_gives_one_network(samples):
    assert torch.equal(weights_after(samples)[0], weights_after(samples)[0])


def test_a_killed_training_goes_on_with_the_same_bits(samples, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "_SAVE_EVERY", 0.0)
    path = tmp_path / "state"
    whole, rows = weights_after(samples, measure=lambda step: [{"step": step}], at=range(40))

    def stop(step):
        if step == 17:
            raise KeyboardInterrupt
        return [{"step": step}]

    with pytest.raises(KeyboardInterrupt):
        weights_after(samples, measure=stop, at=range(40), checkpoint=Checkpoint.at(path))
    again, all_rows = weights_after(
        samples, measure=lambda step: [{"step": step}], at=range(40), checkpoint=Checkpoint.at(path)
    )
    assert torch.equal(again, whole)
    assert all_rows == rows


def test_it_ends_when_it_fits(samples):
    schedule = Schedule(epochs=500, learning_rate=0.1, batch_size=20, until_accuracy=0.9)
    _, rows = weights_after(
        samples, schedule, measure=lambda step: [{"step": step}], at=range(2500)
    )
    assert 5 < rows[-1]["step"] < 1000


def test_divergence_is_an_error(samples):
    with pytest.raises(TrainingError, match="diverged in epoch"):
        train(net(), samples, Schedule(epochs=20, learning_rate=1e30, batch_size=20), seed=0)


def test_augmentation_moves_and_flips_only(samples):
    generator = torch.Generator().manual_seed(0)
    images = torch.rand((64, 2, 32, 32), generator=generator) + 1
    corners = torch.randint(9, (2, 64), generator=generator)
    flips = torch.arange(64) % 2 == 0
    moved = training._moved(images, corners, flips)
    for i in range(64):
        padded = nn.functional.pad(images[i], (4,) * 4, value=float(images.min()))
        top, left = corners[:, i]
        expected = padded[:, top : top + 32, left : left + 32]
        assert torch.equal(moved[i], expected.flip(-1) if flips[i] else expected)
    weights_after(samples, Schedule(epochs=1, learning_rate=0.1, batch_size=20, augmentation=True))


def test_labels_are_shuffled_or_drawn():
    labels = torch.arange(4).repeat(250)
    mixed = shuffled(labels, 0)
    assert torch.equal(mixed.bincount(), labels.bincount())
    assert 0.15 < float((mixed == labels).float().mean()) < 0.35
    assert torch.equal(with_random_labels(labels, 0.0, 0), labels)
    noisy = with_random_labels(labels, 0.5, 0)
    assert 0.55 < float((noisy == labels).float().mean()) < 0.7
    with pytest.raises(InputError, match=r"share=1\.5 must be within"):
        with_random_labels(labels, 1.5, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "at least 1"),
        ({"learning_rate": float("nan")}, "positive and finite"),
        ({"optimizer": "lion"}, "choose sgd or adam or rmsprop"),
        ({"annealing": "steps"}, "choose none or cosine"),
        ({"precision": "float16"}, "choose float32 or bfloat16"),
    ],
)
def test_bad_schedules(options, message):
    with pytest.raises(InputError, match=message):
        Schedule(**{"epochs": 1, "learning_rate": 0.1} | options)


def test_too_few_samples(samples):
    with pytest.raises(InputError, match="batch_size=128 is more than the 105 samples"):
        train(net(), samples, Schedule(epochs=1, learning_rate=0.1), seed=0)
    with pytest.raises(InputError, match="n=106"):
        samples.first(106)


def test_training_images_are_standardised():
    images = load_samples("fashion_mnist", "train").images
    assert abs(float(images.mean())) < 1e-4
    assert abs(float(images.std()) - 1) < 1e-4
    test = load_samples("fashion_mnist", "test").images
    assert 0 < abs(float(test.mean())) < 0.05
    assert float(load_samples("fashion_mnist", "test", standardised=False).images.max()) == 1.0
