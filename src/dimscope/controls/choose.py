"""Which controls go through a network beside the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from dimscope.controls.family import InputFamily


@dataclass(frozen=True, kw_only=True)
class Control:
    """A family of inputs, and which draw of it.

    Attributes
    ----------
    family
        What is drawn from.
    replicate
        Number of the draw.
    seed
        Of the coordinates.
    """

    family: InputFamily
    replicate: int = 0
    seed: int = 0

    def draw(self, n_samples: int) -> Tensor:
        """Draw coordinates, shape (n_samples, dimension)."""
        return self.family.draw(n_samples, rng=self.seed + self.replicate)

    def inputs(self, n_samples: int) -> Any:
        """Draw inputs."""
        return self.family.embed(self.draw(n_samples))


def controls_for(
    inputs: Tensor, choice: bool | str | Sequence[InputFamily], *, rng: int
) -> tuple[Control, ...]:
    """The controls of a choice."""
    del inputs
    if isinstance(choice, bool | str):
        raise NotImplementedError
    return tuple(Control(family=family, seed=rng) for family in choice)


def n_controls(inputs: Tensor, choice: bool | str | Sequence[InputFamily]) -> int:
    """How many controls a choice names for such inputs."""
    del inputs
    return 2 if choice is True else 60
