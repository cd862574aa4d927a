"""Families of the pictures that are among the data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from dimscope.controls.family import InputFamily
from dimscope.controls.nearness import N_COMPARED, nearness
from dimscope.controls.picture import CHANNELS, motions_of, picture_family
from dimscope.controls.principal import Principal

_N_PIXELS = 800  # that stand for a picture in comparisons


def are_images(inputs: Tensor) -> bool:
    """Whether inputs are pictures of one or three channels, one of them at least with a family."""
    fit = inputs.ndim == 4 and inputs.shape[1] in CHANNELS and min(inputs.shape[2:]) >= 4
    return fit and bool(_varied(inputs).any())


def pictures(inputs: Tensor, rng: np.random.Generator) -> Int64[np.ndarray, " rows"]:
    """The rows of all pictures that are not all of one colour, in a random order."""
    order: Int64[np.ndarray, " rows"] = rng.permutation(np.flatnonzero(_varied(inputs).cpu()))
    return order


def _varied(inputs: Tensor) -> Tensor:
    return (inputs != inputs[:, :, :1, :1]).flatten(1).any(dim=1)


def family_of_row(
    data: Principal, inputs: Tensor, row: int, dimension: int, amplitude: float
) -> InputFamily:
    """The family of one picture of the data, with how near it comes to them."""
    motions = motions_of(inputs[row], dimension, amplitude)
    pixels = some_pixels(inputs[row])
    _, height, width = inputs[row].shape
    places = pixels[:, 0] * width + pixels[:, 1]
    features = torch.cat([c * height * width + places for c in range(len(inputs[row]))])
    rng = np.random.default_rng(0)
    u = torch.from_numpy(rng.uniform(-1, 1, (N_COMPARED, dimension))).float()
    near = nearness(motions.at(u, pixels).flatten(1), data.at(features))
    family = picture_family(inputs[row], dimension, amplitude=amplitude)
    return replace(family, facts={**family.facts, "row": row, "nearness": near})


def some_pixels(picture: Tensor) -> Tensor:
    """Pixels drawn at random, always the same, that stand for all: rows and columns."""
    _, height, width = picture.shape
    drawn = np.random.default_rng(0).permutation(height * width)[:_N_PIXELS]
    return torch.from_numpy(np.stack(np.unravel_index(np.sort(drawn), (height, width)), axis=1))
