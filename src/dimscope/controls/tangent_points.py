"""Points of families of inputs: their inputs, and the derivatives of these by the coordinates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from dimscope._rng import Rng
from dimscope.controls.derivatives import Derivative, Place
from dimscope.controls.family import Embed, InputFamily
from dimscope.controls.watched import real_tensors
from dimscope.errors import InputError

#: One family or several, or a function of coordinates.
Families = InputFamily | Sequence[InputFamily] | Embed
#: How many points to draw of each family, or their coordinates.
Points = int | np.ndarray | Tensor

_FOR_TEXT = (
    "token ids have no derivatives: give directions in embedding space, such as embed=lambda u: "
    "{'inputs_embeds': embedded + torch.tensordot(u, directions, 1)}"
)


@dataclass(frozen=True, eq=False)
class TangentPoint:
    """A point of a family.

    Attributes
    ----------
    family
        The family.
    coordinates
        Its coordinates, (1, dimension), float64.
    """

    family: InputFamily
    coordinates: Float[Tensor, "1 dimension"]

    @property
    def dimension(self) -> int:
        """How many directions there are."""
        return self.family.dimension

    @cached_property
    def content(self) -> Any:
        """The inputs, of one sample."""
        return self.family.embed(self.coordinates)

    def moved(self, direction: Float[Tensor, " dimension"]) -> Any:
        """The inputs a thousandth of the family's range away."""
        step = 1e-3 * (self.family.high - self.family.low)
        return self.family.embed(self.coordinates + step * direction)

    def tangents(
        self, derivative: Derivative, directions: Float[Tensor, "n_directions dimension"]
    ) -> list[Tensor]:
        """The derivatives of the inputs' real-valued tensors, (n_directions, ...) each."""
        found = derivative.first(self._place, [directions[:, None]])
        return self._as_inputs(found)

    def accelerations(
        self, derivative: Derivative, directions: Float[Tensor, "n_directions dimension"]
    ) -> list[Tensor]:
        """The second derivatives of the inputs' real-valued tensors, (n_directions, ...) each."""
        straight = [torch.zeros_like(directions)[:, None]]
        return self._as_inputs(derivative.second(self._place, [directions[:, None]], straight))

    @property
    def _place(self) -> Place:
        def inputs(at: Sequence[Tensor]) -> Mapping[str, Tensor]:
            found = real_tensors(self.family.embed(at[0]))
            return {f"entry {number}": tensor for number, tensor in enumerate(found)}

        scale = self.family.high - self.family.low
        return Place(inputs, [self.coordinates], in_double=lambda: inputs, scale=scale)

    def _as_inputs(self, derived: Mapping[str, Tensor]) -> list[Tensor]:
        pairs = zip(derived.values(), real_tensors(self.content), strict=True)
        return [tangents.to(tensor.dtype) for tangents, tensor in pairs]


def points_of(families: Families, points: Points, rng: Rng) -> list[TangentPoint]:
    """Points of families, those of one family after the other.

    Raises
    ------
    InputError
        If families or points are not understood, or a family makes no inputs with derivatives.
    """
    listed = _listed(families, points)
    dimension = listed[0].dimension
    others = [one for one in listed if one.dimension != dimension]
    if others:
        raise InputError(
            f"the families {listed[0].name!r} and {others[0].name!r} have the dimensions "
            f"{dimension} and {others[0].dimension}: give families of one dimension"
        )
    generator = np.random.default_rng(rng)
    found = []
    for family in listed:
        if isinstance(points, int | np.integer):
            coordinates = family.draw(_positive(int(points)), generator)
        else:
            coordinates = _coordinates(points, family)
        found += [TangentPoint(family, row[None]) for row in coordinates]
    _require_inputs(found)
    return found


def _listed(families: Families, points: Points) -> list[InputFamily]:
    if isinstance(families, InputFamily):
        return [families]
    if callable(families):
        return [_family_of(families, points)]
    listed = list(families) if isinstance(families, list | tuple) else []
    if not listed or not all(isinstance(one, InputFamily) for one in listed):
        raise InputError(
            f"the family is {_shown(families)}: give an InputFamily, a list of these, or a "
            "function of coordinates (n, d) that returns inputs"
        )
    return listed


def _family_of(embed: Embed, points: Points) -> InputFamily:
    if isinstance(points, int | np.integer) or np.ndim(points) != 2:
        raise InputError(
            f"points={_shown(points)}: beside a function of coordinates, give the coordinates "
            "(n, d) of the points, or make it an InputFamily, which says where to draw them"
        )
    values = torch.as_tensor(points, dtype=torch.float64)
    low, high = float(values.min()), float(values.max())
    name = getattr(embed, "__name__", type(embed).__name__).strip("<>")
    return InputFamily(
        name=name,
        dimension=values.shape[1],
        embed=embed,
        low=low,
        high=high if high > low else low + 1.0,
    )


def _positive(points: int) -> int:
    if points < 1:
        raise InputError(f"points is {points}: it must be 1 or more")
    return points


def _coordinates(points: np.ndarray | Tensor, family: InputFamily) -> Tensor:
    found = torch.as_tensor(np.asarray(points), dtype=torch.float64)
    if found.ndim != 2 or found.shape[1] != family.dimension or len(found) == 0:
        raise InputError(
            f"points have the shape {tuple(found.shape)}: the family {family.name!r} needs "
            f"coordinates of the shape (n, {family.dimension}), or a number of points"
        )
    if not bool(found.isfinite().all()):
        raise InputError("points hold values that are not finite: give finite coordinates")
    return found


def _require_inputs(points: Sequence[TangentPoint]) -> None:
    """Refuse a family that fails, or whose inputs have no real values."""
    name = points[0].family.name
    try:
        found = points[0].content
    except Exception as error:  # whatever the user's function raises
        raise InputError(
            f"the family {name!r} failed on coordinates of the shape (1, {points[0].dimension}): "
            f"{type(error).__name__}: {error}"
        ) from error
    if not real_tensors(found):
        raise InputError(f"the family {name!r} makes no floating-point tensor: {_FOR_TEXT}")


def _shown(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return repr(value) if shape is None else f"an array of the shape {tuple(shape)}"
