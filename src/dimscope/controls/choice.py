"""Which controls go through a network beside the data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch

from dimscope._rng import Rng, seed_of
from dimscope.controls.control import Control
from dimscope.controls.family import InputFamily
from dimscope.controls.matching import Matcher, are_images, family_of_row, pictures
from dimscope.controls.picture import n_directions
from dimscope.controls.principal import check_inputs
from dimscope.controls.search import Match
from dimscope.controls.smooth import Domain, random_map
from dimscope.errors import InputError

#: True, "full", families of the user's own, or False for none.
ControlChoice = bool | Literal["full"] | Sequence[InputFamily]

N_REPLICATES = 5  # of each family in "full"

_SMOOTH_DIMENSIONS = (4, 16, 64)
_PICTURE_DIMENSIONS = (1, 2, 4, 8)

#: Makes the family of one replicate.
_Maker = Callable[[int], InputFamily]


def controls_for(inputs: Any, choice: ControlChoice, *, rng: Rng = 0) -> tuple[Control, ...]:
    """The controls that a choice names, made to imitate what a network receives.

    Parameters
    ----------
    inputs
        Shape (n_samples, ...), of a floating-point type: what the network receives. Not looked at
        where families are given.
    choice
        True for the matched ones of two kinds: smooth maps and the family of one picture of the
        data for images (n_samples, 1 or 3, height, width), smooth maps and torus maps for all else.
        ``"full"`` for five replicates of each of: smooth maps of 4, 16 and 64 dimensions at length
        scale 1, the matched smooth and torus maps, the matched smooth ones at half and at double
        their length scale, and for images the families of 1, 2, 4 and 8 directions of a picture,
        and the matched one. Each replicate is another draw of the map, or another picture. A
        sequence of `InputFamily` is used as it is; False means none.
    rng
        Seed or generator of all that is drawn.

    Raises
    ------
    InputError
        If the choice is none of these or names a family twice, or if the inputs cannot be imitated:
        no tensor of a floating-point type, fewer than 50, not finite, all equal, or of no dimension
        that can be read.

    Examples
    --------
    >>> data = torch.from_numpy(np.random.default_rng(0).random((200, 5)))
    >>> [control.inputs(10).shape for control in controls_for(data, True)]
    [torch.Size([10, 5]), torch.Size([10, 5])]
    """
    if choice is False or choice is None:
        return ()
    seed = seed_of(rng)
    if choice is not True and choice != "full":
        return tuple(Control(family=family, seed=seed) for family in _checked(choice))
    check_inputs(inputs)
    makers = _Makers(Matcher(inputs, seed))
    return tuple(
        Control(family=family, replicate=replicate, seed=seed, dtype=torch.float32)
        for family, replicate in (makers.full() if choice == "full" else makers.matched())
    )


@dataclass(frozen=True)
class _Makers:
    """Makes families and their replicates, all of them imitating the same inputs."""

    matcher: Matcher

    def matched(self) -> Iterator[tuple[InputFamily, int]]:
        """One replicate of the matched one of two kinds."""
        yield from self._matched_maps("smooth", 1)
        if are_images(self.matcher.inputs):
            yield from self._matched_pictures(1)
        else:
            yield from self._matched_maps("torus", 1)

    def full(self) -> Iterator[tuple[InputFamily, int]]:
        """All kinds, five replicates of each."""
        for dimension in _SMOOTH_DIMENSIONS:
            yield from _replicated(self._map("smooth", dimension, 1.0), N_REPLICATES)
        yield from self._matched_maps("smooth", N_REPLICATES)
        match = self.matcher.map("smooth")
        for by, label in ((0.5, "half_length"), (2.0, "double_length")):
            maker = self._map("smooth", match.dimension, by * match.other)
            name = f"smooth_d{match.dimension}_{label}"
            yield from _replicated(maker, N_REPLICATES, name)
        yield from self._matched_maps("torus", N_REPLICATES)
        if are_images(self.matcher.inputs):
            channels = self.matcher.inputs.shape[1]
            for most in _PICTURE_DIMENSIONS:
                maker = self._picture(min(most, n_directions(channels)), 1.0)
                yield from _replicated(maker, N_REPLICATES)
            yield from self._matched_pictures(N_REPLICATES)

    def _matched_maps(self, domain: Domain, n: int) -> Iterator[tuple[InputFamily, int]]:
        match = self.matcher.map(domain)
        return self._confirmed(self._map(domain, match.dimension, match.other), match, n)

    def _matched_pictures(self, n: int) -> Iterator[tuple[InputFamily, int]]:
        first = self.matcher.inputs[self._rows[0]]
        match = self.matcher.picture(first)
        return self._confirmed(self._picture(match.dimension, match.other), match, n)

    def _confirmed(self, maker: _Maker, match: Match, n: int) -> Iterator[tuple[InputFamily, int]]:
        for replicate in range(n):
            yield self.matcher.confirmed(maker(replicate), match, replicate), replicate

    def _map(self, domain: Domain, dimension: int, length_scale: float) -> _Maker:
        def made(replicate: int) -> InputFamily:
            rng = np.random.default_rng([self.matcher.seed, replicate, 1])
            data = self.matcher.principal
            return random_map(domain, data, dimension, length_scale=length_scale, rng=rng)

        return made

    def _picture(self, dimension: int, amplitude: float) -> _Maker:
        def made(replicate: int) -> InputFamily:
            row = int(self._rows[replicate % len(self._rows)])
            inputs, data = self.matcher.inputs, self.matcher.principal
            return family_of_row(data, inputs, row, dimension, amplitude)

        return made

    @property
    def _rows(self) -> np.ndarray:
        return pictures(self.matcher.inputs, np.random.default_rng(self.matcher.seed))


def _replicated(
    maker: _Maker, n: int, name: str | None = None
) -> Iterator[tuple[InputFamily, int]]:
    for replicate in range(n):
        family = maker(replicate)
        yield (replace(family, name=name) if name else family), replicate


def _checked(families: Iterable[InputFamily]) -> list[InputFamily]:
    """Families of the user's own."""
    wanted = 'True, False, "full", or a sequence of dimscope.controls.InputFamily'
    if isinstance(families, str) or not isinstance(families, Iterable):
        raise InputError(f"controls={families!r} must be {wanted}")
    given = list(families)
    for family in given:
        if not isinstance(family, InputFamily):
            raise InputError(f"controls hold a {type(family).__name__}: they must be {wanted}")
    names = [family.name for family in given]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InputError(f"several controls are named {min(twice)!r}: each needs its own name")
    return given
