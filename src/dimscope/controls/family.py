"""A family of inputs u -> x(u) of known dimension, for any network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dimscope._rng import Rng
from dimscope.errors import InputError

#: A differentiable function of coordinates (n, d) that returns the inputs of n samples, each a
#: function of its own coordinates only: a tensor, or the tuple or dict that a network takes.
Embed = Callable[[Tensor], Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class InputFamily:
    """A family of inputs whose dimension is known: a smooth function of d coordinates.

    Attributes
    ----------
    name
        Its label in tables, such as ``"smooth_d16"``.
    dimension
        d, the number of coordinates. The true dimension of what a network makes of the inputs is
        at most this.
    embed
        The function x(u).
    low, high
        Coordinates are drawn uniformly between these.
    facts
        What a reader must know of how it was made, ready for JSON: its smoothness, and how near it
        comes to the data that it imitates.

    Raises
    ------
    InputError
        If the dimension is below 1, or ``low`` is not below ``high``.

    Examples
    --------
    >>> circle = InputFamily(
    ...     name="circle", dimension=1, embed=lambda u: torch.cat([u.cos(), u.sin()], 1), high=6.28
    ... )
    >>> circle.sample(5, rng=0).shape
    torch.Size([5, 2])
    """

    name: str
    dimension: int
    embed: Embed
    low: float = 0.0
    high: float = 1.0
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.dimension < 1:
            raise InputError(f"the family {self.name!r} has dimension {self.dimension}: at least 1")
        if not self.low < self.high:
            raise InputError(
                f"the coordinates of {self.name!r} run from {self.low} to {self.high}: the first "
                "must be below the second"
            )

    def draw(self, n_samples: int, rng: Rng = 0) -> Tensor:
        """Draw coordinates, shape (n_samples, dimension), float64."""
        drawn = np.random.default_rng(rng).uniform(self.low, self.high, (n_samples, self.dimension))
        return torch.from_numpy(drawn)

    def sample(self, n_samples: int, rng: Rng = 0) -> Any:
        """Draw coordinates, and return their inputs."""
        with torch.no_grad():
            return self.embed(self.draw(n_samples, rng))
