"""Which controls go through a network beside the data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from dimscope._rng import Rng, seed_of
from dimscope.controls.control import Control
from dimscope.controls.family import InputFamily
from dimscope.controls.matching import Matcher
from dimscope.controls.picture import n_directions
from dimscope.controls.pictures_of_data import are_images, family_of_row, pictures
from dimscope.controls.principal import check_inputs
from dimscope.controls.smooth import Domain, random_map
from dimscope.errors import InputError

#: True, "full", families of the user's own, or False for none.
ControlChoice = bool | Literal["full"] | Sequence[InputFamily]

#: The kinds of controls that can be matched to data.
Kind = Literal["smooth", "torus", "picture"]

N_REPLICATES = 5  # of each family in "full"

_SMOOTH_DIMENSIONS = (4, 16, 64)
_PICTURE_DIMENSIONS = (1, 2, 4, 8)

_LENGTHS = {"half_length": 0.5, "double_length": 2.0}  # beside the length scale that matches

Made = tuple[InputFamily, int]  # a family and the number of its replicate


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
        for family, replicate in (makers.full() if choice == "full" else makers.two())
    )


def n_controls(inputs: Tensor, choice: ControlChoice) -> int:
    """How many controls `controls_for` would make for such inputs; it makes none."""
    if choice == "full":
        of_maps = len(_SMOOTH_DIMENSIONS) + len(_LENGTHS) + 2  # and the matched smooth and torus
        of_pictures = len(_PICTURE_DIMENSIONS) + 1 if are_images(inputs) else 0
        return N_REPLICATES * (of_maps + of_pictures)
    if isinstance(choice, bool | str):
        return 2 if choice else 0
    return len(choice)


def matched(inputs: Tensor, kind: Kind = "smooth", *, rng: Rng = 0) -> InputFamily:
    """The control of a kind that reads at the input as the data do, at two scales and the same N.

    Its dimension and its length scale (of a picture's family, its amplitude) are found from the
    readings of a grid of members. Of those that match equally well, the one of fewest dimensions is
    taken: two scales do not tell few curved dimensions from many straight ones. The search sees
    maps before they are led into the range, and pictures at 800 pixels; what it finds is then read
    whole.

    Parameters
    ----------
    inputs
        Shape (n_samples, ...), of a floating-point type: what the network receives. Of more than
        2,000, as many drawn at random are compared.
    kind
        ``"smooth"``, ``"torus"``, or for images (n_samples, 1 or 3, height, width) ``"picture"``:
        of one picture drawn from the data, in 2, 4 or all of its directions.
    rng
        Seed or generator of all that is drawn.

    Returns
    -------
    InputFamily
        Named ``"smooth_d28_matched"``, or ``"smooth_d28_nearest"`` where none of the kind comes
        within 15 % of the data at both scales. ``facts["match"]`` holds what the data read and the
        control on average over draws, the larger relative difference, and what the inputs of
        `Control` read, whole.

    Raises
    ------
    InputError
        If the inputs are no such tensor, fewer than 50, not finite or all equal; if they show no
        dimension; or if the kind does not fit them.

    Examples
    --------
    >>> data = torch.from_numpy(np.random.default_rng(0).random((300, 6)))
    >>> matched(data).facts["match"]["mismatch"] < 0.15
    True
    """
    check_inputs(inputs)
    if kind not in get_args(Kind):
        raise InputError(f"kind={kind!r} must be one of {', '.join(get_args(Kind))}")
    if kind == "picture" and not are_images(inputs):
        raise InputError(
            f"inputs of shape {tuple(inputs.shape)} are no images (n_samples, 1 or 3, height, "
            'width): kind="smooth" and kind="torus" fit them'
        )
    family, _ = next(_Makers(Matcher(inputs, seed_of(rng))).matched(kind, 1))
    return family


@dataclass(frozen=True)
class _Makers:
    """Makes families and their replicates, all of them imitating the same inputs."""

    matcher: Matcher

    def matched(self, kind: Kind, n: int = N_REPLICATES) -> Iterator[Made]:
        """Replicates of the matched one of a kind."""
        if kind == "picture":
            match = self.matcher.picture(self.matcher.inputs[self._rows()[0]])
            made = self._pictures(match.dimension, match.other, n)
        else:
            match = self.matcher.map(kind)
            made = self._maps(kind, match.dimension, match.other, n)
        for family, replicate in made:
            yield self.matcher.confirmed(family, match, replicate), replicate

    def two(self) -> Iterator[Made]:
        """One replicate of the matched one of two kinds."""
        yield from self.matched("smooth", 1)
        yield from self.matched("picture" if are_images(self.matcher.inputs) else "torus", 1)

    def full(self) -> Iterator[Made]:
        """All kinds, five replicates of each."""
        for dimension in _SMOOTH_DIMENSIONS:
            yield from self._maps("smooth", dimension, 1.0)
        smooth = list(self.matched("smooth"))
        yield from smooth
        like = smooth[0][0]
        for label, by in _LENGTHS.items():
            for family, replicate in self._maps(
                "smooth", like.dimension, by * like.facts["length_scale"]
            ):
                yield replace(family, name=f"{family.name}_{label}"), replicate
        yield from self.matched("torus")
        if are_images(self.matcher.inputs):
            most = n_directions(self.matcher.inputs.shape[1])
            for dimension in _PICTURE_DIMENSIONS:
                yield from self._pictures(min(dimension, most), 1.0)
            yield from self.matched("picture")

    def _maps(
        self, domain: Domain, dimension: int, length_scale: float, n: int = N_REPLICATES
    ) -> Iterator[Made]:
        data = self.matcher.principal
        for replicate in range(n):
            rng = np.random.default_rng([self.matcher.seed, replicate, 1])
            family = random_map(domain, data, dimension, length_scale=length_scale, rng=rng)
            yield family, replicate

    def _pictures(self, dimension: int, amplitude: float, n: int = N_REPLICATES) -> Iterator[Made]:
        inputs, data = self.matcher.inputs, self.matcher.principal
        rows = self._rows()
        for replicate in range(n):
            row = int(rows[replicate % len(rows)])
            yield family_of_row(data, inputs, row, dimension, amplitude), replicate

    def _rows(self) -> Int64[np.ndarray, " rows"]:
        return pictures(self.matcher.inputs, np.random.default_rng(self.matcher.seed))


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
