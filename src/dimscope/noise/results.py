"""The results of `gradient_noise`: for some parameters, and for a network by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64

from dimscope._format import with_error
from dimscope.results import Note, plain

#: The row for all chosen parameters together.
WHOLE = "(all)"


@dataclass(frozen=True, eq=False, kw_only=True)
class NoiseEstimate:
    """The gradient noise of some parameters. None means unknown; an error of 0 means exact.

    Attributes
    ----------
    layer
        The layer that owns the parameters; ``"(all)"`` for all chosen parameters together.
    n_parameters
        Number of parameters; None if only norms were given.
    trace
        Tr C_B, the variance of the minibatch gradient summed over the parameters.
    signal
        |g|^2, the squared norm of the mean gradient, without what the noise adds to it. The
        estimate can be negative if the signal is small.
    noise_scale
        B_simple = S / |g|^2, S the trace of the per-sample covariance (divisor N - 1): the batch
        size at which noise and signal are equal. None if the signal is not positive.
    participation_ratio
        Participation ratio of the eigenvalues of C_B, corrected for the number of gradients. None
        if this number does not bound it, or if only norms were measured.
    naive_participation_ratio
        The same without that correction: at most the number of gradients less one.
    trace_stderr, signal_stderr, noise_scale_stderr, participation_ratio_stderr
        Standard errors by the jackknife over draws.
    gram
        Gram matrix of the gradients less their mean, scaled so that its trace is Tr C_B.
    """

    layer: str
    n_parameters: int | None
    trace: float
    trace_stderr: float | None
    signal: float
    signal_stderr: float | None
    noise_scale: float | None
    noise_scale_stderr: float | None
    participation_ratio: float | None = None
    participation_ratio_stderr: float | None = None
    naive_participation_ratio: float | None = None
    gram: Float64[np.ndarray, "n n"] | None = field(default=None, repr=False)

    @cached_property
    def eigenvalues(self) -> Float64[np.ndarray, " rank"] | None:
        """Eigenvalues of C_B, descending, one fewer than gradients; None if `gram` is None."""
        if self.gram is None:
            return None
        return np.asarray(np.maximum(np.linalg.eigvalsh(self.gram)[:0:-1], 0.0))

    def to_dict(self) -> dict[str, Any]:
        """Every number, ready for JSON, without `gram`."""
        return {n: plain(getattr(self, n)) for n in self.__dataclass_fields__ if n != "gram"}


@dataclass(frozen=True, eq=False, kw_only=True)
class GradientNoise:
    """The gradient noise of a network, whole and by layer.

    Attributes
    ----------
    whole, layers
        The estimates for all chosen parameters together, and for each layer.
    method
        ``"samples"``, ``"batches"`` or ``"two_batch"``.
    batch_size
        B, the size of the minibatch whose noise it is.
    n_samples
        Number of samples given.
    population
        Samples that training draws its batches from; `math.inf` if samples never repeat.
    n_draws
        Number of gradients measured; of pairs of gradients for "two_batch".
    n_sample_gradients
        The cost: forward and backward passes, counted in samples.
    seconds
        Wall time that the measurement took.
    notes
        What a careful reader must know, a sentence each.
    """

    whole: NoiseEstimate
    layers: Mapping[str, NoiseEstimate]
    method: str
    batch_size: int
    n_samples: int
    population: float
    n_draws: int
    n_sample_gradients: int
    seconds: float
    notes: tuple[Note, ...]

    def to_frame(self) -> pd.DataFrame:
        """A row for all parameters together, then a row for each layer."""
        return pd.DataFrame([e.to_dict() for e in (self.whole, *self.layers.values())])

    def to_dict(self) -> dict[str, Any]:
        """Everything but the Gram matrices, ready for JSON."""
        found = {n: plain(getattr(self, n)) for n in self.__dataclass_fields__ if n != "layers"}
        found["layers"] = {name: layer.to_dict() for name, layer in self.layers.items()}
        return found | {"whole": self.whole.to_dict()}

    def __str__(self) -> str:
        w = self.whole
        scale = (
            "unknown" if w.noise_scale is None else with_error(w.noise_scale, w.noise_scale_stderr)
        )
        return (
            f"Tr C_B {with_error(w.trace, w.trace_stderr)}, |g|^2 "
            f"{with_error(w.signal, w.signal_stderr)}, noise scale {scale} "
            f"(B = {self.batch_size}, N = {self.n_samples}, {self.method})"
        )


def noise_scale(spread: float, signal: float) -> float | None:
    """B_simple, the per-sample trace over the signal; None if the signal is not positive."""
    return spread / signal if signal > 0 else None
