"""Conditions: how a network of an experiment on the noise of SGD is trained."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dimscope.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Plain SGD and everything that sets its noise.

    Runs are compared at equal training time (learning rate times steps), so that they differ in the
    noise and not in how far training has come.

    Attributes
    ----------
    learning_rate, batch_size
        Those of plain SGD.
    label_noise
        Strength of the noise of labels, in the units of the experiment. Noise is drawn again each
        time that a label is used, or once for each sample of a population.
    frozen_readout
        Whether the readout keeps its initial weights.
    readout_noise
        Standard deviation of Gaussian noise that is added to the readout in every step.
    population
        Number of samples that batches are drawn from; None for fresh samples, or for the whole
        data set. A batch of the whole population has no gradient noise.
    """

    learning_rate: float
    batch_size: int = 1
    label_noise: float = 0.0
    frozen_readout: bool = False
    readout_noise: float = 0.0
    population: int | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise InputError(f"learning_rate={self.learning_rate} must be positive")
        most = math.inf if self.population is None else self.population
        if not 1 <= self.batch_size <= most:
            raise InputError(
                f"batch_size={self.batch_size} must be at least 1 and at most the population"
                f"{'' if self.population is None else f' of {self.population}'}"
            )
        for name in ("label_noise", "readout_noise"):
            if not 0 <= getattr(self, name) < math.inf:
                raise InputError(f"{name}={getattr(self, name)} must not be negative")

    @property
    def rate_per_sample(self) -> float:
        """The learning rate over the batch size, which sets the noise of the weights."""
        return self.learning_rate / self.batch_size

    @property
    def is_full_batch(self) -> bool:
        """Whether every step sees the whole population."""
        return self.batch_size == self.population

    @property
    def name(self) -> str:
        """The settings that differ from other conditions, in words."""
        batch = "full batch" if self.is_full_batch else f"B = {self.batch_size}"
        parts = [f"lr {self.learning_rate:g}", batch, f"label noise {self.label_noise:g}"]
        if self.population is not None:
            parts.append(f"N = {self.population}")
        if self.frozen_readout:
            parts.append("frozen readout")
        if self.readout_noise:
            parts.append(f"readout noise {self.readout_noise:.2g}")
        return ", ".join(parts)
