"""Samples to track, and generators that start alike for every test."""

from __future__ import annotations

import pytest
import torch
from checkpoint_files import labelled_samples, save_checkpoints
from training_loops import reseed


@pytest.fixture(scope="module")
def data() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(120, 8, generator=generator)
    return x, (x @ torch.randn(8, 3, generator=generator)).argmax(1)


@pytest.fixture(autouse=True)
def seeds():
    reseed(0)


@pytest.fixture(scope="module")
def x() -> torch.Tensor:
    return labelled_samples()[0]


@pytest.fixture(scope="module")
def labels() -> torch.Tensor:
    return labelled_samples()[1]


@pytest.fixture
def saved(tmp_path):
    return save_checkpoints(tmp_path / "ckpt")
