"""The loss as a function of parameters: what is refused."""

from __future__ import annotations

import pytest
import torch
from noise_problems import regression

import dimscope as ds
from dimscope.noise import gradient_noise, half_squared_error


@pytest.mark.parametrize(
    ("loss_fn", "data", "message"),
    [
        (lambda z, y: (z - y).square().sum(), None, "must be a mean over samples"),
        (lambda z, y: (z - y).square(), None, "must return one number"),
        (half_squared_error, torch.zeros(4, 6), "samples with targets"),
        (half_squared_error, (torch.zeros(4, 6), torch.full((4, 1), torch.inf)), "finite"),
        (half_squared_error, (torch.zeros(4, 6), torch.zeros(3, 1)), "4 inputs have 3 targets"),
    ],
)
def test_a_loss_that_is_no_mean_is_refused(loss_fn, data, message):
    model, x, y = regression()
    with pytest.raises(ds.InputError, match=message):
        gradient_noise(model, loss_fn, (x, y) if data is None else data, batch_size=2)
