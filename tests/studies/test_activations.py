"""Activations of named modules, and dimensions as parts of short rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from dimscope.errors import InputError
from dimscope.estimators import estimate
from dimscope.studies.activations import activations, dimensions


def test_outputs_of_modules_and_the_input():
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 4), nn.Dropout(), nn.ReLU()).train()
    images = torch.randn(1003, 3, 2, 2)
    found = activations(model, images, ["input", "1", "3"])
    np.testing.assert_array_equal(found["input"], images.flatten(1))
    np.testing.assert_allclose(found["1"], model[1](images.flatten(1)).detach(), rtol=1e-5)
    np.testing.assert_allclose(found["3"], np.maximum(found["1"], 0))
    assert model.training
    assert not model[1]._forward_hooks


def test_unknown_module():
    with pytest.raises(InputError, match="no module conv9"):
        activations(nn.Sequential(nn.Flatten()), torch.zeros(2, 1, 1, 1), ["conv9"])


def test_dimensions_are_rounded_estimates():
    points = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    row = dimensions(points, ["two_nn", "participation_ratio"])
    assert row["two_nn"] == pytest.approx(estimate(points, "two_nn").value, rel=1e-5)
    assert set(row) == {
        "two_nn", "two_nn_stderr", "participation_ratio", "participation_ratio_stderr",
    }  # fmt: skip
    assert len(str(row["two_nn"])) <= 8


def test_what_cannot_be_estimated_is_none():
    assert dimensions(np.ones((50, 3), np.float32), ["two_nn"]) == {
        "two_nn": None, "two_nn_stderr": None,
    }  # fmt: skip
