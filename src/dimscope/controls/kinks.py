"""Piecewise-linear operations of a network, where it has kinks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from dimscope._format import number
from dimscope.controls.derivatives import Function
from dimscope.results import Note

#: The inputs at which an operation has a kink, from its arguments; none where the inputs do not
#: tell, as in max-pooling.
_Kinks = Callable[[Sequence[Any]], tuple[float, ...]]


def _at_zero(_args: Sequence[Any]) -> tuple[float, ...]:
    return (0.0,)


def _at_bounds(low: float | None, high: float | None) -> _Kinks:
    def kinks(args: Sequence[Any]) -> tuple[float, ...]:
        given = (*args[1:3], *(low, high)[len(args) - 1 :])
        return tuple(float(bound) for bound in given if isinstance(bound, int | float))

    return kinks


def _unseen(_args: Sequence[Any]) -> tuple[float, ...]:
    return ()


_OPERATIONS: Mapping[str, tuple[str, _Kinks]] = {
    "relu": ("ReLU", _at_zero),
    "leaky_relu": ("LeakyReLU", _at_zero),
    "_prelu_kernel": ("PReLU", _at_zero),
    "abs": ("abs", _at_zero),
    "threshold": ("threshold", lambda args: (float(args[1]),)),
    "hardtanh": ("ReLU6 or hardtanh", _at_bounds(-1.0, 1.0)),
    "clamp": ("clamp", _at_bounds(None, None)),
    "clamp_min": ("clamp", _at_bounds(None, None)),
    "clamp_max": ("clamp", _at_bounds(None, None)),
    "hardswish": ("hardswish", lambda _args: (-3.0, 3.0)),
    "hardsigmoid": ("hardsigmoid", lambda _args: (-3.0, 3.0)),
    "max_pool1d_with_indices": ("max-pooling", _unseen),
    "max_pool2d_with_indices": ("max-pooling", _unseen),
    "max_pool3d_with_indices": ("max-pooling", _unseen),
    "max_pool2d": ("max-pooling", _unseen),
    "mkldnn_max_pool2d": ("max-pooling", _unseen),
    "adaptive_max_pool2d": ("max-pooling", _unseen),
    "amax": ("maximum", _unseen),
    "maximum": ("maximum", _unseen),
    "minimum": ("minimum", _unseen),
}
_FEW = 0.001


@dataclass(frozen=True)
class Kinks:
    """Where a network has kinks.

    Attributes
    ----------
    n_calls
        How many operations of each kind are piecewise linear, or have kinks as these have.
    n_units, n_at_kink
        The values that enter them; those that lie exactly at a kink and leave it as the input
        moves, so that there is no derivative.
    """

    n_calls: Mapping[str, int]
    n_units: int
    n_at_kink: int

    @classmethod
    def between(cls, function: Function, at: Sequence[Tensor], moved: Sequence[Tensor]) -> Self:
        """Run a function at a point, and again where the point has moved."""
        here, there = _Watch(), _Watch()
        with here:
            function(at)
        with there:
            function(moved)
        seen = [one for one in here.seen if one.at_kink is not None]
        left = [
            before.at_kink & ~after.at_kink
            for before, after in zip(here.seen, there.seen, strict=False)
            if before.at_kink is not None and after.at_kink is not None
        ]
        return cls(
            Counter(one.title for one in here.seen),
            sum(one.at_kink.numel() for one in seen if one.at_kink is not None),
            sum(int(mask.sum()) for mask in left),
        )

    def __add__(self, other: Self) -> Self:
        """Join what two points show."""
        return replace(
            self,
            n_units=self.n_units + other.n_units,
            n_at_kink=self.n_at_kink + other.n_at_kink,
        )

    @property
    def are_many(self) -> bool:
        """Whether derivatives depend on which side is taken at kinks."""
        return self.n_at_kink > _FEW * self.n_units

    def notes(self) -> tuple[Note, ...]:
        """Say which operations have kinks, if any has."""
        if not self.n_calls:
            return ()
        listed = ", ".join(f"{title} {count}" for title, count in self.n_calls.items())
        said = (
            f"The network has operations with kinks ({listed}): derivatives are those of the "
            "smooth piece in which a point lies."
        )
        if self.n_at_kink:
            share = number(100 * self.n_at_kink / self.n_units)
            said += f" {share} % of their units lie exactly at a kink, and one side is taken there."
        return (Note("kinks", said),)


class _Seen(NamedTuple):
    """An operation with kinks, and which of its units are at one, where its inputs show it."""

    title: str
    at_kink: Tensor | None


class _Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Looks at every operation with kinks that runs."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen: list[_Seen] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Look at an operation, and run it."""
        name = func.overloadpacket.__name__.removesuffix("_")
        if name in _OPERATIONS and args[0].is_floating_point():
            title, kinks = _OPERATIONS[name]
            values, places = args[0], kinks(args)
            at_kink = torch.zeros_like(values, dtype=torch.bool) if places else None
            for place in places:
                at_kink = at_kink | (values == place)
            self.seen.append(_Seen(title, at_kink))
        return func(*args, **(kwargs or {}))
