"""Gauss-Newton traces against the full matrix."""

from __future__ import annotations

import pytest
import torch
from noise_problems import cross_entropy, trained_network, values_of
from torch import nn

from dimscope.noise import effective_regulariser, isotropic_noise


@pytest.mark.parametrize("conv", [False, True], ids=["dense", "conv"])
def test_gauss_newton_is_the_trace_of_the_full_matrix(conv):
    """J of every weight by autograd, one sample and output at a time."""
    model, (x, y) = trained_network(conv=conv, n=12, steps=20)
    model, x = model.double(), x.double()
    found = effective_regulariser(
        model, cross_entropy, (x, y), isotropic_noise(model, 0.1), forms=["gauss_newton"]
    )
    want = 0.0
    for row in x:
        z = model(row[None])[0]
        p = z.detach().softmax(0)
        slopes = [
            torch.cat([
                g.flatten()
                for g in torch.autograd.grad(out, list(model.parameters()), retain_graph=True)
            ])
            for out in z
        ]  # fmt: skip
        jacobian = torch.stack(slopes)
        want += float(torch.trace(jacobian.T @ (torch.diag(p) - torch.outer(p, p)) @ jacobian))
    gauss_newton = found.estimates["gauss_newton"]
    assert gauss_newton.value == pytest.approx(0.5 * 0.1**2 * want / 12, rel=1e-9)
    assert gauss_newton.stderr == 0


def test_an_activation_in_place_changes_nothing():
    model, data = trained_network(nn.ReLU)
    noise = isotropic_noise(model, 0.01)
    want = effective_regulariser(model, cross_entropy, data, noise, forms=["gauss_newton"])
    model[1].inplace = model[3].inplace = True
    found = effective_regulariser(model, cross_entropy, data, noise, forms=["gauss_newton"])
    assert values_of(found) == values_of(want)
