"""A control: a family of inputs, and one sample of it that goes through a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

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

    def inputs(self, n_samples: int) -> Any:
        """The sample, in float32: shape (n_samples, ...), or a tuple or dict of such tensors.

        Computed in small batches. The same however often it is asked for, and the first rows do not
        depend on how many are asked for.
        """
        rng = np.random.default_rng([self.seed, self.replicate])
        u = self.family.draw(n_samples, rng).to(self.dtype)
        with torch.no_grad():
            n_bytes = max(1, _n_bytes(self.family.embed(u[:1])))
            batches = torch.split(u, max(1, min(64, _BATCH_BYTES // n_bytes)))
            return _joined([_float32(self.family.embed(batch)) for batch in batches])


def _n_bytes(x: Any) -> int:
    return sum(part.nbytes for part in _parts(x))


def _parts(x: Any) -> list[Tensor]:
    if isinstance(x, Tensor):
        return [x]
    return list(x.values() if isinstance(x, Mapping) else x)


def _like(x: Any, parts: list[Tensor]) -> Any:
    """Tensors in the form that ``x`` has: a tensor, a dict or a tuple."""
    if isinstance(x, Tensor):
        return parts[0]
    return dict(zip(x, parts, strict=True)) if isinstance(x, Mapping) else tuple(parts)


def _float32(x: Any) -> Any:
    return _like(x, [part.float() if part.is_floating_point() else part for part in _parts(x)])


def _joined(batches: list[Any]) -> Any:
    columns = zip(*map(_parts, batches), strict=True)
    return _like(batches[0], [torch.cat(column) for column in columns])
