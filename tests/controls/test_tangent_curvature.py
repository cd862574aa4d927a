"""Second derivatives: circles and spheres of known curvature, through isometries and networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dimscope.controls import tangent_spectrum
from dimscope.errors import InputError
from dimscope.results import Subject


def isometry(n_features: int, seed: int = 0) -> nn.Linear:
    """A linear layer that keeps lengths and angles of three coordinates."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.standard_normal((n_features, 3)))[0]
    layer = nn.Linear(3, n_features).double()
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(basis))
    return layer


def circle(radius: float) -> Any:
    return lambda u: radius * torch.cat([u.cos(), u.sin(), 0 * u], 1)


def sphere(radius: float) -> Any:
    def embed(u: Tensor) -> Tensor:
        a, b = u[:, :1], u[:, 1:]
        return radius * torch.cat([a.cos() * b.cos(), a.cos() * b.sin(), a.sin()], 1)

    return embed


class WithoutForwardMode(nn.Module):
    """Contains an operation that has no forward mode, and leaves out what it makes."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.layer(x)
        return made + 0 * torch.cdist(x, x + 1).sum()


@pytest.mark.parametrize("radius", [0.5, 4.0])
@pytest.mark.parametrize("wrap", [nn.Sequential, WithoutForwardMode])
@pytest.mark.parametrize(("make", "n_coordinates"), [(circle, 1), (sphere, 2)])
def test_circles_and_spheres(make: Any, n_coordinates: int, wrap: Any, radius: float) -> None:
    points = np.random.default_rng(0).uniform(-1, 1, (4, n_coordinates))
    net = wrap(isometry(7)).double()
    spectra = tangent_spectrum(net, make(radius), points, layers="output", n_bends=3)
    exact = wrap is nn.Sequential
    assert spectra.how == ("forward mode" if exact else "finite differences")
    own = spectra.layers[0]
    np.testing.assert_allclose(own.curvatures, 1 / radius, rtol=1e-10 if exact else 1e-5)
    np.testing.assert_allclose(own.rank, n_coordinates)
    if make is circle:  # it turns by one radian for each of its coordinate
        np.testing.assert_allclose(own.turnings, 1, rtol=1e-10 if exact else 1e-5)


def test_what_is_flat_has_no_curvature() -> None:
    layer = isometry(7)
    points = np.random.default_rng(0).uniform(1, 2, (4, 2))
    plane = lambda u: torch.stack([u[:, 0] ** 2, u.prod(1), 0 * u[:, 0]], 1)  # noqa: E731
    own = tangent_spectrum(layer, plane, points, layers="output", n_bends=3).layers[0]
    np.testing.assert_allclose(own.curvatures, 0, atol=1e-12)


def test_a_smooth_network_bends_as_nested_differences_say() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 9), nn.Tanh(), nn.Linear(9, 8)).double()
    point = np.array([[0.3, -0.2]])
    own = tangent_spectrum(net, sphere(1.5), point, layers="2", n_bends=1).layers[0]
    u = torch.from_numpy(point[0])

    def image(v: Tensor) -> Tensor:
        found: Tensor = net(sphere(1.5)(v[None]))[0]
        return found

    jacobian = np.asarray(torch.autograd.functional.jacobian(image, u))
    pairs = [torch.autograd.functional.hessian(lambda v, i=i: image(v)[i], u) for i in range(8)]
    rng = np.random.default_rng(0)
    rng.uniform(0.5, 1.0, 2)  # the mixture is drawn first
    bend = rng.standard_normal(2)
    bend /= np.linalg.norm(bend)
    second = np.stack(pairs) @ bend @ bend
    normal = second - jacobian @ np.linalg.lstsq(jacobian, second, rcond=None)[0]
    speed = np.linalg.norm(jacobian @ bend)
    np.testing.assert_allclose(own.curvatures[0, 0], np.linalg.norm(normal) / speed**2, rtol=1e-10)
    np.testing.assert_allclose(own.turnings[0, 0], np.linalg.norm(normal) / speed, rtol=1e-10)


def test_kinks_are_told_of_curvature() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 9), nn.ReLU(), nn.Linear(9, 8))
    spectra = tangent_spectrum(net, circle(1.0), np.array([[0.5]]), layers="2", n_bends=2)
    values = {value.quantity.method: value for value in spectra.values(Subject(model="net"))}
    assert [note.code for note in values["tangent_curvature"].notes] == ["kinks"]
    assert values["tangent_rank"].notes == ()
    assert values["tangent_turning"].value == pytest.approx(spectra.layers[0].turnings.mean())


def test_a_negative_number_of_directions() -> None:
    with pytest.raises(InputError, match="n_bends is -1"):
        tangent_spectrum(isometry(7), circle(1.0), np.array([[0.5]]), n_bends=-1)
