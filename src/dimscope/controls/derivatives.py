"""Derivatives of a function of tensors along curves: forward mode, or finite differences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.func import jvp, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

#: A function of a few tensors that gives tensors by name.
Function = Callable[[Sequence[Tensor]], Mapping[str, Tensor]]

#: How derivatives are taken.
How = Literal["forward mode", "finite differences"]

# Forward mode is doubted where it differs by the first share from differences in the function's own
# precision, and given up where it differs by the second from differences in double precision.
_DOUBTED, _GIVEN_UP = 0.5, 0.05
_ROUNDINGS = 100.0  # a difference says something if values change by so many times their rounding


@dataclass(frozen=True)
class Place:
    """Where a function is derived.

    Attributes
    ----------
    function
        The function.
    at
        The tensors at which it is derived.
    in_double
        Makes the function in double precision, for finite differences.
    scale
        How large the tensors are; the steps of finite differences are small shares of it.
    """

    function: Function
    at: Sequence[Tensor]
    in_double: Callable[[], Function]
    scale: float


class Derivative:
    """Derivatives in the best way that works for a function, which is found at the first place.

    Forward mode is exact. Where an operation does not have it, and where the function cuts it off,
    as ``detach`` does, central differences in double precision take its place.

    Attributes
    ----------
    how
        The way that works.
    why
        Why this is not forward mode; empty if it is.
    """

    def __init__(self) -> None:
        self.how: How = "forward mode"
        self.why = ""
        self._forward = [_all_at_once, _one_by_one]
        self._is_checked = False

    def first(self, place: Place, directions: Sequence[Tensor]) -> dict[str, Tensor]:
        """First derivatives along directions.

        Parameters
        ----------
        place
            The function, and where.
        directions
            Tangents (n_directions, ...) for each tensor of the place.

        Returns
        -------
        dict
            What the function gives, by name: tangents (n_directions, ...).
        """
        if not self._is_checked:
            self._is_checked = True
            self._check(place, [tangents[0] for tangents in directions])
        return self._derived(place, directions, _first)

    def second(
        self, place: Place, velocities: Sequence[Tensor], accelerations: Sequence[Tensor]
    ) -> dict[str, Tensor]:
        """Second derivatives along curves.

        Parameters
        ----------
        place
            The function, and where.
        velocities, accelerations
            First and second derivatives (n_curves, ...) of curves through the place, for each of
            its tensors.

        Returns
        -------
        dict
            What the function gives, by name: second derivatives (n_curves, ...) along the curves.
        """
        return self._derived(place, [*velocities, *accelerations], _second)

    def _derived(self, place: Place, curves: Sequence[Tensor], push: _Push) -> dict[str, Tensor]:
        with sdpa_kernel(SDPBackend.MATH):  # torch's faster attention has no forward mode
            while self._forward:
                try:
                    return self._forward[0](push, place, curves)
                except Exception as error:  # whatever an operation without this derivative raises
                    place.function(place.at)  # where the function itself fails, its error is raised
                    self._step_down(error)
        function = place.in_double()
        rows = zip(*curves, strict=True)
        return _stacked(_differences(function, place, row).derivatives for row in rows)

    def _check(self, place: Place, direction: Sequence[Tensor]) -> None:
        """Compare forward mode with differences along one direction, and believe the latter."""
        found = self._derived(place, [tangent[None] for tangent in direction], _first)
        if not self._forward:
            return
        coarse = _differences(place.function, place, direction)
        doubted = [name for name in found if coarse.differ(found[name][0], name, _DOUBTED)]
        fine = _differences(place.in_double(), place, direction) if doubted else coarse
        for name in doubted:
            if fine.differ(found[name][0], name, _GIVEN_UP):
                self._forward, self.how = [], "finite differences"
                self.why = f"{name!r} changes otherwise than forward mode says"
                return

    def _step_down(self, error: Exception) -> None:
        del self._forward[0]
        if not self._forward:
            lines = str(error.__cause__ or error).strip().splitlines() or [type(error).__name__]
            self.how, self.why = "finite differences", lines[0].split(" because ")[0].rstrip(".")


#: Derives a function along one curve, given by its derivatives for each tensor.
_Push = Callable[[Function, Sequence[Tensor], Sequence[Tensor]], Mapping[str, Tensor]]


def _first(
    function: Function, at: Sequence[Tensor], curve: Sequence[Tensor]
) -> Mapping[str, Tensor]:
    pushed: Mapping[str, Tensor] = jvp(lambda *x: function(x), tuple(at), tuple(curve))[1]
    return pushed


def _second(
    function: Function, at: Sequence[Tensor], curve: Sequence[Tensor]
) -> Mapping[str, Tensor]:
    n_tensors = len(at)
    velocity, acceleration = curve[:n_tensors], curve[n_tensors:]

    def slope(*moving: Tensor) -> Mapping[str, Tensor]:
        return _first(function, moving[:n_tensors], moving[n_tensors:])

    pushed: Mapping[str, Tensor]
    pushed = jvp(slope, (*at, *velocity), (*velocity, *acceleration))[1]
    return pushed


def _all_at_once(push: _Push, place: Place, curves: Sequence[Tensor]) -> dict[str, Tensor]:
    """Push all curves through one pass, in which the values are computed once."""

    def pushed(*curve: Tensor) -> Mapping[str, Tensor]:
        return push(place.function, place.at, curve)

    return dict(vmap(pushed, randomness="same")(*curves))


def _one_by_one(push: _Push, place: Place, curves: Sequence[Tensor]) -> dict[str, Tensor]:
    """Push one curve at a time, for functions that look at values or write into tensors."""
    return _stacked(push(place.function, place.at, row) for row in zip(*curves, strict=True))


def _stacked(rows: Iterable[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    listed = list(rows)
    return {name: torch.stack([row[name] for row in listed]) for name in listed[0]}


@dataclass(frozen=True)
class _Differences:
    """Derivatives by name, and the sizes below which they show rounding only."""

    derivatives: Mapping[str, Tensor]
    resolved: Mapping[str, float]

    def differ(self, tangent: Tensor, name: str, share: float) -> bool:
        """Whether a tangent is another, by a share of their size."""
        own = self.derivatives[name].double()
        size = max(float(own.norm()), float(tangent.norm()))
        return size > self.resolved[name] and float((own - tangent).norm()) > share * size


def _differences(function: Function, place: Place, curve: Sequence[Tensor]) -> _Differences:
    """Central differences along a curve, of second order if its accelerations are given.

    The step balances rounding and truncation.
    """
    n_tensors, middle = len(place.at), function(place.at)
    velocity, acceleration = curve[:n_tensors], curve[n_tensors:]
    order = 2 if acceleration else 1
    eps = max(torch.finfo(value.dtype).eps for value in middle.values())
    size = root_mean_square(velocity)
    step = eps ** (1 / (order + 2)) * place.scale / size if size > 0 else 1.0

    def moved(t: float) -> Mapping[str, Tensor]:
        lines = [at.double() + t * along for at, along in zip(place.at, velocity, strict=True)]
        bent = [line + t**2 / 2 * one for line, one in zip(lines, acceleration, strict=False)]
        return function(bent or lines)

    after, before = moved(step), moved(-step)
    if order == 1:
        found = {name: (after[name] - before[name]) / (2 * step) for name in middle}
    else:
        found = {n: (after[n] - 2 * middle[n] + before[n]) / step**2 for n in middle}
    rounding = {name: eps * float(value.norm()) / step**order for name, value in middle.items()}
    return _Differences(found, {name: _ROUNDINGS * one for name, one in rounding.items()})


def root_mean_square(tensors: Sequence[Tensor]) -> float:
    """The root of the mean square over all entries of some tensors."""
    squares = sum(float(tensor.double().square().sum()) for tensor in tensors)
    return float((squares / max(1, sum(tensor.numel() for tensor in tensors))) ** 0.5)
