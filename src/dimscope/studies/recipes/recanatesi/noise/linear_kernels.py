"""Compiled SGD and RMSprop of a two-layer linear network.

A library's overhead would exceed its small steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float64

from dimscope._compiled import reordered


@reordered
def _slope_of_product(  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    readout: Float64[Any, "c h"],
    inner: Float64[Any, "h d"],
    x: Float64[Any, "n d"],
    y: Float64[Any, "n c"],
    product: Float64[Any, "c d"],
    gradient: Float64[Any, "c d"],
):
    """Write R W, and the gradient by it of the mean of 1/2 |R W x - y|^2 over a batch."""
    n_outputs, n_inputs = product.shape
    product[:] = 0.0
    for h in range(readout.shape[1]):
        for c in range(n_outputs):
            weight = readout[c, h]
            for j in range(n_inputs):
                product[c, j] += weight * inner[h, j]
    gradient[:] = 0.0
    for i in range(x.shape[0]):
        for c in range(n_outputs):
            residual = -y[i, c]
            for j in range(n_inputs):
                residual += product[c, j] * x[i, j]
            residual /= x.shape[0]
            for j in range(n_inputs):
                gradient[c, j] += residual * x[i, j]


@reordered
def train_linear(  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    inner: Float64[Any, "h d"],
    readout: Float64[Any, "c h"],
    x: Float64[Any, "n d"],
    y: Float64[Any, "n c"],
    batch_size: int,
    rates: tuple[float, float],
    readout_noise: Float64[Any, "steps c h"],
):
    """Train by SGD on 1/2 |(R + noise) W x - y|^2, one batch a step, in order.

    This changes ``inner`` (W) and ``readout`` (R) in place. ``rates`` are the learning rates of W
    and R. No noise is added if ``readout_noise`` has no steps.
    """
    n_outputs, n_hidden = readout.shape
    n_inputs = inner.shape[1]
    seen = np.empty_like(readout)
    product = np.empty((n_outputs, n_inputs))
    gradient = np.empty((n_outputs, n_inputs))
    for first in range(0, x.shape[0], batch_size):
        seen[:] = readout
        if readout_noise.shape[0] > 0:
            seen += readout_noise[first // batch_size]
        batch = slice(first, first + batch_size)
        _slope_of_product(seen, inner, x[batch], y[batch], product, gradient)
        for h in range(n_hidden):
            for c in range(n_outputs):
                slope = 0.0
                for j in range(n_inputs):
                    slope += gradient[c, j] * inner[h, j]
                readout[c, h] -= rates[1] * slope
            for c in range(n_outputs):
                weight = rates[0] * seen[c, h]
                for j in range(n_inputs):
                    inner[h, j] -= weight * gradient[c, j]


@reordered
def train_linear_rmsprop(  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    inner: Float64[Any, "h d"],
    readout: Float64[Any, "c h"],
    squares: tuple[Float64[Any, "h d"], Float64[Any, "c h"]],
    x: Float64[Any, "n d"],
    y: Float64[Any, "n c"],
    batch_size: int,
    rates: tuple[float, float],
    smoothing: float,
    epsilon: float,
):
    """Train by RMSprop on 1/2 |R W x - y|^2, one batch a step, in order.

    This changes ``inner`` (W), ``readout`` (R) and ``squares``, the running means of their squared
    gradients, in place. ``rates`` are the learning rates of W and R.
    """
    n_outputs, n_hidden = readout.shape
    n_inputs = inner.shape[1]
    product = np.empty((n_outputs, n_inputs))
    gradient = np.empty((n_outputs, n_inputs))
    slopes = np.empty((n_outputs, n_hidden))
    slope = np.empty(n_inputs)
    new = 1.0 - smoothing
    for first in range(0, x.shape[0], batch_size):
        batch = slice(first, first + batch_size)
        _slope_of_product(readout, inner, x[batch], y[batch], product, gradient)
        for h in range(n_hidden):
            slope[:] = 0.0
            for c in range(n_outputs):
                total = 0.0
                weight = readout[c, h]
                for j in range(n_inputs):
                    total += gradient[c, j] * inner[h, j]
                    slope[j] += weight * gradient[c, j]
                slopes[c, h] = total
            for j in range(n_inputs):
                square = smoothing * squares[0][h, j] + new * slope[j] * slope[j]
                squares[0][h, j] = square
                inner[h, j] -= rates[0] * slope[j] / (np.sqrt(square) + epsilon)
        for c in range(n_outputs):
            for h in range(n_hidden):
                square = smoothing * squares[1][c, h] + new * slopes[c, h] * slopes[c, h]
                squares[1][c, h] = square
                readout[c, h] -= rates[1] * slopes[c, h] / (np.sqrt(square) + epsilon)
