"""A control: a family of inputs, and one sample of it that goes through a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dimscope.capture.tensors import leaves, map_leaves
from dimscope.controls.family import InputFamily

_BATCH_BYTES = 2**26  # of inputs that are computed at a time


@dataclass(frozen=True, kw_only=True, eq=False)
class Control:
    """A family of inputs, and the draw of it that goes through a network beside the data.

    Attributes
    ----------
    family
        The inputs. Its name is the ``sample`` of the control's rows in tables.
    replicate
        Which of several: another draw of the map, another picture, other coordinates.
    seed
        Of the coordinates, together with the replicate.
    dtype
        Of the coordinates that the family is given.
    """

    family: InputFamily
    replicate: int = 0
    seed: int = 0
    dtype: torch.dtype = torch.float64

    def draw(self, n_samples: int) -> Tensor:
        """The coordinates of the sample, shape (n_samples, dimension)."""
        rng = np.random.default_rng([self.seed, self.replicate, 0])
        return self.family.draw(n_samples, rng).to(self.dtype)

    def inputs(self, n_samples: int) -> Any:
        """The sample, in float32: shape (n_samples, ...), or a tuple or dict of such tensors.

        Computed in small batches. It is the same however often it is asked for, and a smaller
        sample is the beginning of a larger one, but for rounding.
        """
        u = self.draw(n_samples)
        with torch.no_grad():
            n_bytes = max(1, _n_bytes(self.family.embed(u[:1])))
            batches = torch.split(u, max(1, min(64, _BATCH_BYTES // n_bytes)))
            return combined([_float32(self.family.embed(batch)) for batch in batches], torch.cat)


def combined(parts: Sequence[Any], how: Callable[[tuple[Tensor, ...]], Tensor]) -> Any:
    """Make one of several batches or samples of one form; what is no tensor is the same in all."""
    columns = zip(*([leaf for _, leaf in leaves(part)] for part in parts), strict=True)

    def column_of(leaf: Any) -> Any:
        column = next(columns)
        return how(column) if isinstance(leaf, Tensor) else leaf

    return map_leaves(parts[0], column_of)


def _n_bytes(x: Any) -> int:
    return sum(leaf.nbytes for _, leaf in leaves(x) if isinstance(leaf, Tensor))


def _float32(x: Any) -> Any:
    def single(leaf: Any) -> Any:
        return leaf.float() if isinstance(leaf, Tensor) and leaf.is_floating_point() else leaf

    return map_leaves(x, single)
