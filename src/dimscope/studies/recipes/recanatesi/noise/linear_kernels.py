"""Compiled SGD of a two-layer linear network: a library's overhead would exceed its small steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float64

from dimscope._compiled import reordered


@reordered
def train_linear(  # type: ignore[no-untyped-def]  # noqa: PLR0912, PLR0913, PLR0917
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
        product[:] = 0.0
        for h in range(n_hidden):
            for c in range(n_outputs):
                weight = seen[c, h]
                for j in range(n_inputs):
                    product[c, j] += weight * inner[h, j]
        gradient[:] = 0.0
        for i in range(first, first + batch_size):
            for c in range(n_outputs):
                residual = -y[i, c]
                for j in range(n_inputs):
                    residual += product[c, j] * x[i, j]
                residual /= batch_size
                for j in range(n_inputs):
                    gradient[c, j] += residual * x[i, j]
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
