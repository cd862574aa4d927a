"""Passes through a network that take the derivatives of its layers."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Self

import torch
from torch import Tensor

from dimscope.controls.derivatives import Derivative
from dimscope.controls.kinks import Kinks
from dimscope.controls.tangent_geometry import Directions, Geometry
from dimscope.controls.tangent_points import TangentPoint
from dimscope.controls.watched import Watched, precision_of, real_tensors
from dimscope.results import Note

#: Directions at a time on a CPU: with more, activations leave the cache.
AT_ONCE = 16
_BYTES = 8  # of a derivative
_N_LOOKED_AT = 4  # points at which kinks are looked for


@dataclass(frozen=True)
class Look:
    """What a few plain passes show: kinks, the widths of layers, and the type of numbers."""

    kinks: Kinks
    widths: Mapping[str, int]
    dtype: str
    eps: float

    @classmethod
    def at(cls, watched: Watched, places: Sequence[TangentPoint], mixture: Tensor) -> Self:
        """Look at the first points; kinks count where they are left along a mixture."""
        content = places[0].content
        rows = watched.function(content)(real_tensors(content))
        kinks = reduce(
            operator.add,
            [
                Kinks.between(
                    watched.function(place.content),
                    real_tensors(place.content),
                    real_tensors(place.moved(mixture)),
                )
                for place in places[:_N_LOOKED_AT]
            ],
        )
        dtype = precision_of(watched.probe.model, real_tensors(content))
        widths = {name: row.shape[1] for name, row in rows.items()}
        return cls(kinks, widths, str(dtype).removeprefix("torch."), torch.finfo(dtype).eps)


@dataclass(frozen=True, eq=False)
class Pass:
    """Takes the derivatives of some layers.

    Attributes
    ----------
    watched
        The layers.
    embedding, network
        How derivatives of the inputs by coordinates, and of layers by inputs, are taken.
    directions
        Along which they are taken.
    eps
        The relative rounding of the network's numbers.
    """

    watched: Watched
    embedding: Derivative
    network: Derivative
    directions: Directions
    eps: float

    def at(self, place: TangentPoint) -> dict[str, Geometry]:
        """The geometry of every layer at a point."""
        where = self.watched.place(place.content)
        first = [
            self.network.first(where, place.tangents(self.embedding, some))
            for some in self._batches(self.directions.first)
        ]
        second = [
            self.network.second(
                where,
                place.tangents(self.embedding, some),
                place.accelerations(self.embedding, some),
            )
            for some in self._batches(self.directions.bends)
        ]
        return {
            name: Geometry.of(
                [part[name][:, 0] for part in first],
                [part[name][:, 0] for part in second],
                self.directions,
                self.eps,
            )
            for name in self.watched.sources
        }

    def _batches(self, directions: Tensor) -> tuple[Tensor, ...]:
        """Directions that go through together; one more is no batch of its own."""
        probe = self.watched.probe
        is_on_cpu = all(tensor.device.type == "cpu" for tensor in probe.model.parameters())
        at_once = min(probe.batch_size, AT_ONCE) if is_on_cpu else probe.batch_size
        n_batches = -(-len(directions) // (at_once + 1))
        return directions.tensor_split(n_batches) if n_batches else ()

    def notes(self) -> tuple[Note, ...]:
        """Where finite differences were taken, and why."""
        ways = (("inputs", self.embedding), ("layers", self.network))
        return tuple(
            Note(
                "fallback",
                f"The derivatives of the {what} are finite differences in float64, as forward mode "
                f"cannot be used: {derivative.why}.",
            )
            for what, derivative in ways
            if derivative.why
        )


def groups_of(widths: Mapping[str, int], n_directions: int, budget: int) -> list[list[str]]:
    """Group layers, in order, so that the derivatives of a group fit in the budget.

    Examples
    --------
    >>> groups_of({"wide": 100, "a": 10, "b": 10}, 4, 800)
    [['wide'], ['a', 'b']]
    """
    parts: list[list[str]] = []
    room = 0
    for name, width in widths.items():
        needed = n_directions * width * _BYTES
        if needed > room or not parts:
            parts.append([])
            room = budget
        parts[-1].append(name)
        room -= needed
    return parts
