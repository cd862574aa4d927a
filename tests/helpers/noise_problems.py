"""Problems for the tests of noise: networks, data, and gradients that are known by hand."""

from __future__ import annotations

import torch
from torch import nn

from dimscope.noise import gradient_noise, half_squared_error

cross_entropy = nn.functional.cross_entropy


def trained_network(activation=nn.Softplus, conv=False, n=60, steps=150, seed=0):
    """A small network trained on three noisy classes, and its data, in float64."""
    torch.manual_seed(seed)
    y = torch.randint(0, 3, (n,))
    if conv:
        x = torch.randn(n, 1, 6, 6) + y[:, None, None, None] * 0.5
        model = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), activation(), nn.AvgPool2d(2), nn.Flatten(),
            nn.Linear(36, 3),
        )  # fmt: skip
    else:
        x = torch.randn(n, 5) + y[:, None]
        model = nn.Sequential(
            nn.Linear(5, 8), activation(), nn.Linear(8, 6), activation(), nn.Linear(6, 3)
        )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        cross_entropy(model(x), y).backward()
        optimizer.step()
    return model, (x, y)


def unit_at_its_kink():
    """A network, a loss and data: the loss is z with z = relu(w) at w = 0."""
    model = nn.Sequential(nn.Linear(1, 1, bias=False), nn.ReLU())
    nn.init.zeros_(model[0].weight)
    return model, lambda z, y: (z - y).mean(), (torch.ones(4, 1), torch.zeros(4, 1))


def values_of(found):
    """The value of every form of an `EffectiveRegulariser`."""
    return {form: estimate.value for form, estimate in found.estimates.items()}


def codes_of(notes):
    """The codes of notes."""
    return [note.code for note in notes]


def regression(n=40, d=6, seed=0, n_out=1):
    """A linear readout, away from its minimum, whose per-sample gradients are known."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, d, generator=generator, dtype=torch.float64)
    model = nn.Linear(d, n_out, bias=False).double()
    with torch.no_grad():
        model.weight.copy_(torch.randn(n_out, d, generator=generator, dtype=torch.float64))
    y = torch.randn(n, n_out, generator=generator, dtype=torch.float64)
    return model, x, y


def gradients(model, x, y):
    """By hand: the gradient of 1/2 |W x - y|^2 is (W x - y) x'."""
    residual = (model(x) - y).detach()
    return (residual[:, :, None] * x[:, None, :]).flatten(1).numpy()


def measure(model, x, y, **options):
    """The gradient noise of a `regression`."""
    return gradient_noise(model, half_squared_error, (x, y), **options)
