"""Monte Carlo against sigma: flat on smooth networks, growing at kinks."""

from __future__ import annotations

import math

import pytest
from noise_problems import codes_of, cross_entropy, trained_network, unit_at_its_kink
from torch import nn

import dimscope as ds
from dimscope.noise import scan_sigma


@pytest.mark.statistical
@pytest.mark.parametrize("conv", [False, True], ids=["dense", "conv"])
@pytest.mark.parametrize("activation", [nn.Softplus, nn.Tanh, nn.GELU])
def test_smooth_networks_do_not_grow(activation, conv):
    model, data = trained_network(activation, conv)
    assert not scan_sigma(model, cross_entropy, data, [0.01, 0.001], n_draws=10).grows


@pytest.mark.statistical
def test_kinks_make_monte_carlo_grow_as_sigma_shrinks():
    """At a kink E relu(xi) = sigma / sqrt(2 pi)."""
    scan = scan_sigma(*unit_at_its_kink(), [0.1, 0.01, 0.001], n_draws=400)
    want = [1 / (sigma * math.sqrt(2 * math.pi)) for sigma in (0.1, 0.01, 0.001)]
    assert scan.hessian == 0
    assert scan.values == pytest.approx(want, rel=0.15)
    assert scan.grows
    assert codes_of(scan.notes) == ["kinks"]
    assert "excess grows as sigma shrinks" in scan.notes[0]


def test_without_a_sigma_there_is_no_scan():
    model, data = trained_network(steps=1)
    with pytest.raises(ds.InputError, match="no sigma given"):
        scan_sigma(model, cross_entropy, data, [])
