"""Derivatives of a function of tensors along directions: forward mode, or finite differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.autograd import forward_ad
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
        self._checked = False

    def along(self, place: Place, directions: Sequence[Tensor]) -> dict[str, Tensor]:
        """Derive along directions.

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
        if not self._checked:
            self._checked = True
            self._check(place, [tangents[:1] for tangents in directions])
        with _differentiable_attention():
            while self._forward:
                try:
                    return self._forward[0](place.function, place.at, directions)
                except Exception as error:  # whatever an operation without this derivative raises
                    place.function(place.at)  # where the function itself fails, its error is raised
                    self._give_up(error)
        function = place.in_double()
        slopes = [_difference(function, place, one).slopes for one in zip(*directions, strict=True)]
        return {name: torch.stack([slope[name] for slope in slopes]) for name in slopes[0]}

    def _check(self, place: Place, directions: Sequence[Tensor]) -> None:
        """Compare forward mode with differences along one direction, and believe the latter."""
        found = self.along(place, directions)
        direction = [tangents[0] for tangents in directions]
        if self.how == "finite differences":
            return
        coarse = _difference(place.function, place, direction)
        doubted = [name for name in found if coarse.differs(found[name][0], name, _DOUBTED)]
        fine = _difference(place.in_double(), place, direction) if doubted else coarse
        for name in doubted:
            if fine.differs(found[name][0], name, _GIVEN_UP):
                self._forward, self.how = [], "finite differences"
                self.why = f"{name!r} changes otherwise than forward mode says"
                return

    def _give_up(self, error: Exception) -> None:
        del self._forward[0]
        if not self._forward:
            lines = str(error.__cause__ or error).strip().splitlines() or [type(error).__name__]
            self.how, self.why = "finite differences", lines[0].split(" because ")[0].rstrip(".")


@dataclass(frozen=True)
class _Difference:
    """Central differences by name, and the slopes below which they show rounding only."""

    slopes: Mapping[str, Tensor]
    resolved: Mapping[str, float]

    def differs(self, tangent: Tensor, name: str, share: float) -> bool:
        slope = self.slopes[name].double()
        size = max(float(slope.norm()), float(tangent.norm()))
        return size > self.resolved[name] and float((slope - tangent).norm()) > share * size


def _difference(function: Function, place: Place, direction: Sequence[Tensor]) -> _Difference:
    """Central differences; the step balances rounding and truncation."""
    middle = function(place.at)
    eps = max(torch.finfo(value.dtype).eps for value in middle.values())
    size = root_mean_square(direction)
    step = eps ** (1 / 3) * place.scale / size if size > 0 else 1.0
    pairs = [
        (tensor.double(), step * along) for tensor, along in zip(place.at, direction, strict=True)
    ]
    after = function([tensor + change for tensor, change in pairs])
    before = function([tensor - change for tensor, change in pairs])
    slopes = {name: (after[name] - before[name]) / (2 * step) for name in middle}
    rounding = {name: eps * float(value.norm()) / step for name, value in middle.items()}
    return _Difference(slopes, {name: _ROUNDINGS * one for name, one in rounding.items()})


def root_mean_square(tensors: Sequence[Tensor]) -> float:
    """The root of the mean square over all entries of some tensors."""
    squares = sum(float(tensor.double().square().sum()) for tensor in tensors)
    return float((squares / max(1, sum(tensor.numel() for tensor in tensors))) ** 0.5)


def _all_at_once(
    function: Function, at: Sequence[Tensor], directions: Sequence[Tensor]
) -> dict[str, Tensor]:
    """Push all tangents through one pass, in which the values are computed once."""

    def push(*tangents: Tensor) -> Mapping[str, Tensor]:
        pushed: Mapping[str, Tensor] = jvp(lambda *x: function(x), tuple(at), tangents)[1]
        return pushed

    return dict(vmap(push, randomness="same")(*directions))


def _one_by_one(
    function: Function, at: Sequence[Tensor], directions: Sequence[Tensor]
) -> dict[str, Tensor]:
    """Push one tangent at a time, for functions that look at values or write into tensors."""
    rows = [_pushed(function, at, one) for one in zip(*directions, strict=True)]
    return {name: torch.stack([row[name] for row in rows]) for name in rows[0]}


def _pushed(
    function: Function, at: Sequence[Tensor], tangents: Sequence[Tensor]
) -> dict[str, Tensor]:
    with forward_ad.dual_level():
        duals = map(forward_ad.make_dual, at, tangents)
        return {name: _unpacked(value) for name, value in function(list(duals)).items()}


def _unpacked(dual: Tensor) -> Tensor:
    """The tangent of a dual number; zero where the value does not depend on the inputs."""
    primal, tangent = forward_ad.unpack_dual(dual)  # type: ignore[no-untyped-call]
    return torch.zeros_like(primal) if tangent is None else tangent


@contextmanager
def _differentiable_attention() -> Iterator[None]:
    """Choose the attention that has forward mode; torch's faster kernels have none."""
    with sdpa_kernel(SDPBackend.MATH):
        yield
