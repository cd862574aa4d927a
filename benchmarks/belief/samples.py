"""What goes through the network: natural images, families of known dimension, and surrogates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

import dimscope as ds
from dimscope.controls import (
    Control,
    InputFamily,
    matched,
    picture_family,
    smooth_maps,
    surrogate,
    torus_maps,
)
from dimscope.models.preprocess import efficientnet_lite_pixels

#: Smoothness of the maps that are not matched, in the units of `smooth_maps`.
LENGTH_SCALE = 1.0


@dataclass(frozen=True)
class Size:
    """How large the pictures are, and how many go through the network."""

    pixels: int
    n_samples: int


@lru_cache(maxsize=2)
def natural(size: Size, replicate: int) -> Tensor:
    """CIFAR-10 test images as the network receives them; every replicate has other images."""
    images = ds.load_data("cifar10", rng=0, n_samples=10_000)
    first = replicate * size.n_samples
    chosen = [images[i % 10_000][0] for i in range(first, first + size.n_samples)]
    return torch.stack([efficientnet_lite_pixels(image, size=size.pixels) for image in chosen])


def photograph(size: Size, replicate: int) -> Tensor:
    """A crop of a natural photograph as the network receives it."""
    crops = ds.load_data("photo_crops", rng=0, n_samples=100)
    return efficientnet_lite_pixels(crops[replicate % 100][0], size=size.pixels)


def phases(size: Size, replicate: int) -> Tensor:
    """The natural images with their amplitudes and random phases."""
    twins = surrogate(natural(size, replicate).numpy(), "phases", rng=replicate)
    return torch.from_numpy(twins.astype(np.float32))


def family(name: str, size: Size, replicate: int) -> InputFamily:
    """A family by its name: a kind, its dimension, and what its smoothness is multiplied by.

    Examples of names: ``"affine_d8"``, ``"smooth_d16"``, ``"smooth_d16_x2"``, ``"smooth_matched"``,
    ``"picture_matched"``.
    """
    kind, *rest = name.split("_")
    if rest == ["matched"]:
        return matched(natural(size, replicate), kind, rng=replicate)
    dimension = int(rest[0].removeprefix("d"))
    factor = float(rest[1].removeprefix("x")) if len(rest) > 1 else 1.0
    if kind == "affine":
        picture = photograph(size, replicate)
        return picture_family(picture, dimension, amplitude=factor)
    make: Callable[..., InputFamily] = {"smooth": smooth_maps, "torus": torus_maps}[kind]
    scale = LENGTH_SCALE * factor
    return make(natural(size, replicate), dimension, length_scale=scale, rng=replicate)


def sample(name: str, size: Size, replicate: int) -> Tensor:
    """The inputs of that name."""
    if name in ("data", "phases"):
        return {"data": natural, "phases": phases}[name](size, replicate)
    made = family(name, size, replicate)
    inputs = Control(family=made, replicate=replicate).inputs(size.n_samples)
    assert isinstance(inputs, Tensor)
    return inputs
