"""The task and the network of Farrell et al. (2022): clusters in two classes, two linear layers.

As in their public code (github.com/msf235/Robust_representations_paper_code): 60 cluster centres in
200 dimensions, uniform in [-2, 2], a spread of 0.02, labels 0.7 times one-hot, no biases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

N_CLUSTERS, N_INPUTS, N_HIDDEN, N_OUTPUTS = 60, 200, 200, 2
SPREAD = 0.02
_CODE = 0.7
_READOUT = 0.3


@dataclass(frozen=True, kw_only=True)
class ClusterTask:
    """Cluster centres and their labels; the classes alternate."""

    centres: Float64[np.ndarray, "60 200"]
    codes: Float64[np.ndarray, "60 2"]

    @classmethod
    def draw(cls, rng: np.random.Generator) -> ClusterTask:
        """A task with other centres."""
        classes = np.arange(N_CLUSTERS) % N_OUTPUTS
        return cls(
            centres=rng.uniform(-2.0, 2.0, (N_CLUSTERS, N_INPUTS)),
            codes=_CODE * np.eye(N_OUTPUTS)[classes],
        )

    def samples(
        self, rng: np.random.Generator, n: int, label_noise: float = 0.0
    ) -> tuple[Float64[np.ndarray, "n 200"], Float64[np.ndarray, "n 2"]]:
        """Fresh samples; ``label_noise`` is the standard deviation of noise added to the labels."""
        cluster = rng.integers(N_CLUSTERS, size=n)
        x = self.centres[cluster] + SPREAD * rng.standard_normal((n, N_INPUTS))
        return x, self.codes[cluster] + label_noise * rng.standard_normal((n, N_OUTPUTS))


def initial_weights(
    rng: np.random.Generator,
) -> tuple[Float64[np.ndarray, "200 200"], Float64[np.ndarray, "2 200"]]:
    """Weights before training.

    The input matrix is orthogonal, divided by the mean of its absolute entries times sqrt(200); the
    readout is normal with 0.3 / sqrt(200).
    """
    orthogonal = np.linalg.qr(rng.standard_normal((N_HIDDEN, N_INPUTS)))[0]
    inner = orthogonal / (np.abs(orthogonal).mean() * math.sqrt(N_HIDDEN))
    return inner, rng.standard_normal((N_OUTPUTS, N_HIDDEN)) * _READOUT / math.sqrt(N_HIDDEN)
