"""How near the inputs of a family come to the mean, the spectrum and the range of the data."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from dimscope.controls.principal import Principal

#: Inputs of a family that are compared.
N_COMPARED = 200

_N_FEATURES = 4_096
_N_VARIANCES = 50  # the largest, in which sampling leaves the logarithms meaningful


def some_features(n_features: int) -> Tensor:
    """Features drawn at random, always the same, that stand for all in a comparison."""
    drawn = np.random.default_rng(0).permutation(n_features)[:_N_FEATURES]
    return torch.from_numpy(np.sort(drawn))


def nearness(x: Float[Tensor, "n n_features"], data: Principal) -> dict[str, float]:
    """Compare inputs of a family with the data that it imitates.

    Returns
    -------
    dict
        ``mean_offset``: distance of the means over the root of the data's total variance, about
        0.07 by chance alone. ``variance_ratio``: total variance over the data's.
        ``spectrum_correlation``: of the logarithms of the 50 largest principal variances, of as
        many samples of both. ``range_share``: share of values inside the data's range.
    """
    n_samples = min(len(x), len(data.rows))
    spread = data.rows[torch.linspace(0, len(data.rows) - 1, n_samples).long()]  # of all classes
    own, theirs = _variances(x[:n_samples]), _variances(spread)
    total = float(data.rows.double().square().sum()) / (len(data.rows) - 1)
    logs = np.log([own[:_N_VARIANCES], theirs[:_N_VARIANCES]])
    slack = 1e-5 * (data.high - data.low)
    inside = (x >= data.low - slack) & (x <= data.high + slack)
    return {
        "mean_offset": round(float((x.double().mean(dim=0) - data.mean).norm()) / total**0.5, 3),
        "variance_ratio": round(float(own.sum()) / total, 3),
        "spectrum_correlation": round(float(np.corrcoef(logs)[0, 1]), 3),
        "range_share": round(float(inside.double().mean()), 4),
    }


def _variances(x: Tensor) -> Float64[np.ndarray, " n"]:
    """Principal variances, descending, none below the rounding of the largest."""
    centred = x.double() - x.double().mean(dim=0)
    values = torch.linalg.eigvalsh(centred @ centred.T).flip(0)
    least = values[0] * 1e-9
    return np.asarray(values.clamp(min=float(least)) / (len(centred) - 1))
