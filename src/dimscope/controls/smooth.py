"""Smooth random maps of a cube or a torus into the space of inputs.

A map is x(u) = mean + sum_j sqrt(lambda_j) g_j(u) v_j, with lambda_j and v_j the principal
variances and axes of the data, and g_j independent Gaussian random functions of u, made of random
Fourier features (Rahimi and Recht, "Random features for large-scale kernel machines", NeurIPS
2007). Each g_j is brought to mean 0 and variance 1 over the coordinates, so that the map has the
data's mean and, along each of their principal axes, their variance.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from dimscope._rng import Rng
from dimscope.controls.family import InputFamily
from dimscope.controls.nearness import N_COMPARED, nearness, some_features
from dimscope.controls.principal import Principal, principal
from dimscope.errors import InputError

Domain = Literal["smooth", "torus"]

N_FOURIER_FEATURES = 512
_N_NORMALISING = 2_000  # draws of u over which the functions get mean 0 and variance 1


@dataclass(frozen=True, kw_only=True, eq=False)
class RandomFunctions:
    """Smooth random functions of coordinates, all of mean 0 and variance 1 over these.

    The covariance of two values is exp(-|e(u) - e(u')|^2 / (2 l^2)), with e(u) = u on the cube, and
    (cos 2 pi u, sin 2 pi u) on the torus; l is ``length_scale`` times the root of the mean squared
    |e(u) - e(u')|, which is sqrt(d / 6) on the cube and sqrt(2 d) on the torus. So the same
    ``length_scale`` is as smooth in any dimension: at 1, two random points have correlation 0.61.
    """

    lift: Callable[[Tensor], Tensor]
    frequencies: Float64[Tensor, "lifted features"]
    phases: Float64[Tensor, " features"]
    mixing: Float64[Tensor, "features functions"]
    offsets: Float64[Tensor, " functions"]

    def __call__(self, u: Tensor) -> Tensor:
        """Their values at coordinates (n, d): shape (n, functions), in the precision of ``u``."""
        features = torch.cos(self.lift(u) @ self.frequencies.to(u) + self.phases.to(u))
        return features @ self.mixing.to(u) - self.offsets.to(u)


def random_functions(
    domain: Domain,
    dimension: int,
    length_scale: float,
    n_functions: int,
    rng: np.random.Generator,
) -> RandomFunctions:
    """Draw them. What is drawn for fewer dimensions or functions is the beginning of it."""
    phases = torch.from_numpy(rng.uniform(0, 2 * np.pi, N_FOURIER_FEATURES))
    seeds = rng.spawn(3)
    mixing = torch.from_numpy(seeds[0].standard_normal((n_functions, N_FOURIER_FEATURES)).T)
    lift, lifted, spread = {
        "smooth": (_identity, 1, math.sqrt(dimension / 6)),
        "torus": (_circles, 2, math.sqrt(2 * dimension)),
    }[domain]
    normal = torch.from_numpy(seeds[1].standard_normal((dimension, lifted, N_FOURIER_FEATURES)))
    frequencies = normal.transpose(0, 1).flatten(0, 1) / (length_scale * spread)
    u = torch.from_numpy(seeds[2].random((dimension, _N_NORMALISING)).T)
    features = torch.cos(lift(u) @ frequencies + phases)
    mixing = mixing / (features @ mixing).std(dim=0, correction=0)
    return RandomFunctions(
        lift=lift,
        frequencies=frequencies,
        phases=phases,
        mixing=mixing,
        offsets=features.mean(dim=0) @ mixing,
    )


def _identity(u: Tensor) -> Tensor:
    return u


def _circles(u: Tensor) -> Tensor:
    return torch.cat([torch.cos(2 * np.pi * u), torch.sin(2 * np.pi * u)], dim=1)


def smooth_maps(
    inputs: Tensor, dimension: int, *, length_scale: float = 1.0, rng: Rng = 0
) -> InputFamily:
    """A smooth random map of a cube into the space of inputs, with the data's mean and spectrum.

    Its values are led smoothly into the range of each channel of the data, by an analytic function
    that hardly moves those in the middle half. The three cannot be had together: a map of few
    dimensions has a steeper spectrum than the data, and what leaves the range changes mean and
    variance a little. ``facts`` say how near each comes.

    Parameters
    ----------
    inputs
        Shape (n_samples, ...), of a floating-point type: what the network receives. At least 50; of
        more than 1,000 the axes are found from 1,000 drawn at random.
    dimension
        Of the cube, at least 1.
    length_scale
        Smoothness, in units of the root of the mean squared distance between two points of the
        cube, sqrt(dimension / 6) of its side: the functions of u have covariance
        exp(-|u - u'|^2 / (2 l^2)). At 1, two random points have correlation 0.61. Large is nearly
        linear.
    rng
        Seed or generator of the map.

    Returns
    -------
    InputFamily
        Named ``"smooth_d16"`` for dimension 16. ``embed`` computes in the precision of ``u`` and
        has derivatives of every order, forward mode included.

    Raises
    ------
    InputError
        If the inputs are no such tensor, too few, not finite or all equal, or a number is out of
        range.

    Notes
    -----
    Random Fourier features: Rahimi and Recht (2007). A family of known dimension as a control for
    what an estimator says of the layers of a network: this project's own.

    Examples
    --------
    >>> data = torch.from_numpy(np.random.default_rng(0).random((100, 3, 8, 8))).float()
    >>> family = smooth_maps(data, 4)
    >>> family.name, tuple(family.sample(5).shape)
    ('smooth_d4', (5, 3, 8, 8))
    """
    return random_map("smooth", inputs, dimension, length_scale=length_scale, rng=rng)


def torus_maps(
    inputs: Tensor, dimension: int, *, length_scale: float = 1.0, rng: Rng = 0
) -> InputFamily:
    """The same map of a torus: coordinates are periodic, with period 1, and there are no edges.

    Parameters
    ----------
    inputs, dimension, rng
        As in `smooth_maps`.
    length_scale
        Smoothness, in units of the root of the mean squared distance between two points of the
        torus (cos 2 pi u, sin 2 pi u), sqrt(2 dimension).

    Returns
    -------
    InputFamily
        Named ``"torus_d16"`` for dimension 16.

    Raises
    ------
    InputError
        As `smooth_maps`.

    Examples
    --------
    >>> data = torch.from_numpy(np.random.default_rng(0).random((100, 20)))
    >>> family = torus_maps(data, 2)
    >>> u = family.draw(5)
    >>> torch.allclose(family.embed(u), family.embed(u + 1))
    True
    """
    return random_map("torus", inputs, dimension, length_scale=length_scale, rng=rng)


def random_map(
    domain: Domain,
    inputs: Tensor | Principal,
    dimension: int,
    *,
    length_scale: float,
    rng: Rng,
) -> InputFamily:
    """`smooth_maps` or `torus_maps`, of inputs or of what is already known of them."""
    if dimension < 1 or not length_scale > 0:
        raise InputError(
            f"dimension={dimension}, length_scale={length_scale}: dimension must be at least 1, "
            "and length_scale above 0"
        )
    generator = np.random.default_rng(rng)
    data = inputs if isinstance(inputs, Principal) else principal(inputs, generator)
    functions = random_functions(domain, dimension, length_scale, len(data.variances), generator)

    u = torch.from_numpy(generator.random((N_COMPARED, dimension)))
    few = data.at(some_features(data.n_features))
    return InputFamily(
        name=f"{domain}_d{dimension}",
        dimension=dimension,
        embed=partial(_mapped, data, functions),
        facts={
            "length_scale": float(length_scale),
            "nearness": nearness(_mapped(few, functions, u), few),
        },
    )


def _mapped(data: Principal, functions: RandomFunctions, u: Tensor) -> Tensor:
    return data.clipped(data.combined(functions(u))).reshape(len(u), *data.shape)
