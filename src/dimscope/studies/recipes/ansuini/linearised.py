"""Standardised layers, their Gaussians, and the spectrum that Ansuini et al. (2019) published."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, Float64
from scipy.optimize import brentq

from dimscope.controls import surrogate
from dimscope.studies.published import published_figure

#: Images that the published spectra are of, and units of VGG-16's last hidden layer.
N_OF_SPECTRUM, _VGG_UNITS = 2016, 4096
_COLUMNS = 8192


def standardised(values: Any) -> Float32[np.ndarray, "n d"]:
    """Every unit less its mean, over its standard deviation; 0 where it does not vary.

    Parameters
    ----------
    values
        Activations (n, d), in memory or on disk: they are read by columns.
    """
    result = np.empty(values.shape, dtype=np.float32)
    for start in range(0, values.shape[1], _COLUMNS):
        columns = slice(start, start + _COLUMNS)
        part = np.asarray(values[:, columns], dtype=np.float64)
        spread = part.std(axis=0)
        result[:, columns] = (part - part.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return result


#: What is measured of the images of a layer: themselves, and Gaussians with their covariance.
DRAWS: Mapping[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "data": lambda x, _: x,
    "right": lambda x, seed: surrogate(x, rng=seed),
    "right, standardised": lambda x, seed: surrogate(standardised(x), rng=seed),
    "as published": lambda x, seed: surrogate(x, paper=True, rng=seed),
}


@cache
def vgg16_singular_values() -> Float64[np.ndarray, " rank"]:
    """Singular values of the standardised last hidden layer of VGG-16, all that there are.

    Those between the published ranks lie on straight lines in logarithms. The figure ends at rank
    500; beyond, they fall as the power of the rank that brings the sum of squares to the number of
    images times that of units, as standardised data have it.
    """
    panel = published_figure("curvature_A")
    ranks, values = np.array(panel["ranks"]), np.array(panel["values"]["vgg16"])
    head = np.exp(np.interp(np.log(np.arange(1, ranks[-1] + 1)), np.log(ranks), np.log(values)))
    beyond = np.arange(ranks[-1] + 1, N_OF_SPECTRUM) / ranks[-1]
    rest = N_OF_SPECTRUM * _VGG_UNITS - np.square(head).sum()
    power = brentq(lambda p: np.square(head[-1] * beyond**-p).sum() - rest, 0.1, 10)
    return np.concatenate([head, head[-1] * beyond**-power])


def gaussian_of_vgg16(*, as_published: bool, seed: int) -> Float[np.ndarray, "n rank"]:
    """As many Gaussian points as the published spectrum is of, right or as published."""
    singular = vgg16_singular_values()
    deviations = np.sqrt(singular) if as_published else singular / np.sqrt(N_OF_SPECTRUM - 1)
    draws = np.random.default_rng(seed).standard_normal((N_OF_SPECTRUM, len(singular)))
    return np.asarray(draws * deviations)
