"""The matched control: what reads at the input, at two scales, as the data read there.

One number does not identify a control, since its dimension and its smoothness both move it. Two
scales do: Gride with n1 = 1, which is TwoNN's likelihood, and with n1 = 8. The matched control is
this project's own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from dimscope._rng import Rng
from dimscope.controls.control import Control
from dimscope.controls.family import InputFamily
from dimscope.controls.nearness import N_COMPARED, nearness
from dimscope.controls.picture import CHANNELS, motions_of, n_directions, picture_family
from dimscope.controls.principal import Principal, check_inputs, principal
from dimscope.controls.search import SCALES, Match, Readings, Search, mismatch, readings
from dimscope.controls.smooth import Domain, random_functions, random_map
from dimscope.errors import InputError

Kind = Literal["smooth", "torus", "picture"]

_MAX_SAMPLES = 2_000  # at which readings are compared
_MATCHED = 0.15  # largest mismatch of a control that counts as matched
_MAX_DIMENSION = 300
_LENGTH_SCALES = (0.25, 0.35, 0.5, 0.71, 1.0, 1.41, 2.0)
_AMPLITUDES = (0.25, 0.5, 1.0, 2.0)
_VARIANCE_SEARCHED = 0.99  # share along the axes that the search sees: the rest moves no distance
_N_PIXELS = 800  # of a picture, that the search sees


@dataclass(frozen=True, eq=False)
class Matcher:
    """Finds controls that read as given inputs do.

    Attributes
    ----------
    inputs
        Shape (n_samples, ...): what the network receives.
    seed
        Of what is drawn to find a match.
    """

    inputs: Tensor
    seed: int

    @cached_property
    def principal(self) -> Principal:
        """Mean, axes and range of the inputs."""
        return principal(self.inputs, np.random.default_rng(self.seed))

    @cached_property
    def n_samples(self) -> int:
        """Inputs that readings are compared at."""
        return min(len(self.inputs), _MAX_SAMPLES)

    @cached_property
    def target(self) -> Readings:
        """What the data read.

        Raises
        ------
        InputError
            If they show no dimension.
        """
        order = np.random.default_rng(self.seed).permutation(len(self.inputs))[: self.n_samples]
        rows = self.inputs[np.sort(order)].detach().cpu().flatten(1)
        try:
            return readings(rows.numpy())
        except InputError as error:
            raise InputError(
                f"no control can be matched to these inputs, which show no dimension: {error}"
            ) from error

    def map(self, domain: Domain) -> Match:
        """The smooth or torus maps that match, by dimension and length scale."""
        variances = self.principal.variances
        share = variances.cumsum(0) / variances.sum()
        spread = variances[: int((share < _VARIANCE_SEARCHED).sum()) + 1].sqrt()

        def measure(dimension: int, length_scale: float, draw: int) -> Readings:
            rng = np.random.default_rng([self.seed, draw])
            functions = random_functions(domain, dimension, length_scale, len(spread), rng)
            u = torch.from_numpy(rng.random((dimension, self.n_samples)).T)
            return readings((functions(u) * spread).numpy())

        near = [round(self.target[0] * 2 ** (j / 2)) for j in range(-2, 4)]
        return Search(
            target=self.target,
            measure=measure,
            dimensions=sorted({min(max(1, d), _MAX_DIMENSION) for d in near}),
            others=_LENGTH_SCALES,
            between=True,
        ).best()

    def picture(self, picture: Tensor) -> Match:
        """The family of a picture that matches, by dimension and amplitude."""
        pixels = _some_pixels(picture)

        def measure(dimension: int, amplitude: float, draw: int) -> Readings:
            rng = np.random.default_rng([self.seed, draw])
            u = torch.from_numpy(rng.uniform(-1, 1, (8, self.n_samples)).T[:, :dimension])
            motions = motions_of(picture, dimension, amplitude)
            return readings(motions.at(u.float(), pixels).flatten(1).numpy())

        return Search(
            target=self.target,
            measure=measure,
            dimensions=(2, 4, n_directions(len(picture))),
            others=_AMPLITUDES,
            between=False,
        ).best()

    def confirmed(self, family: InputFamily, match: Match, replicate: int = 0) -> InputFamily:
        """Name a family by how well it matches, and read its inputs whole beside the data."""
        control = Control(family=family, replicate=replicate, seed=self.seed, dtype=torch.float32)
        whole = readings(control.inputs(self.n_samples).flatten(1).numpy())
        off = mismatch(match.control, self.target)
        facts = {
            "n1": list(SCALES),
            "data": _rounded(self.target),
            "control": _rounded(match.control),
            "mismatch": round(off, 3),
            "this_draw": _rounded(whole),
            "n_samples": self.n_samples,
        }
        name = f"{family.name}_{'matched' if off <= _MATCHED else 'nearest'}"
        return replace(family, name=name, facts={**family.facts, "match": facts})


def matched(inputs: Tensor, kind: Kind = "smooth", *, rng: Rng = 0) -> InputFamily:
    """The control of a kind that reads at the input as the data do, at two scales and the same N.

    Its dimension and its length scale (of a picture's family, its amplitude) are searched on a grid
    and refined. The search sees maps along the principal axes of 99 % of the variance, before they
    are led into the range, and pictures at 800 pixels. What it finds is then read whole.

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
    generator = np.random.default_rng(rng)
    matcher = Matcher(inputs, int(generator.integers(2**31)))
    if kind == "picture":
        if not are_images(inputs):
            raise InputError(
                f"inputs of shape {tuple(inputs.shape)} are no images (n_samples, 1 or 3, height, "
                'width): kind="smooth" and kind="torus" fit them'
            )
        row = int(pictures(inputs, generator)[0])
        match = matcher.picture(inputs[row])
        family = family_of_row(matcher.principal, inputs, row, match.dimension, match.other)
        return matcher.confirmed(family, match)
    if kind not in get_args(Domain):
        raise InputError(f"kind={kind!r} must be one of {', '.join(get_args(Kind))}")
    match = matcher.map(kind)
    family = random_map(
        kind, matcher.principal, match.dimension, length_scale=match.other, rng=generator
    )
    return matcher.confirmed(family, match)


def _rounded(values: Readings) -> list[float]:
    return [round(float(value), 2) for value in values]


def are_images(inputs: Tensor) -> bool:
    """Whether inputs are pictures of one or three channels that have families of their own."""
    return inputs.ndim == 4 and inputs.shape[1] in CHANNELS and min(inputs.shape[2:]) >= 4


def pictures(inputs: Tensor, rng: np.random.Generator) -> np.ndarray:
    """The rows of all pictures that are not of one value, in a random order."""
    flat = inputs.flatten(1)
    varied = (flat != flat[:, :1]).any(dim=1).nonzero()[:, 0].cpu().numpy()
    return rng.permutation(varied)


def family_of_row(
    data: Principal, inputs: Tensor, row: int, dimension: int, amplitude: float
) -> InputFamily:
    """The family of one picture of the data, with how near it comes to them."""
    motions = motions_of(inputs[row], dimension, amplitude)
    pixels = _some_pixels(inputs[row])
    _, height, width = inputs[row].shape
    places = pixels[:, 0] * width + pixels[:, 1]
    features = torch.cat([c * height * width + places for c in range(len(inputs[row]))])
    rng = np.random.default_rng(0)
    u = torch.from_numpy(rng.uniform(-1, 1, (N_COMPARED, dimension))).float()
    near = nearness(motions.at(u, pixels).flatten(1), data.at(features))
    family = picture_family(inputs[row], dimension, amplitude=amplitude)
    return replace(family, facts={**family.facts, "row": row, "nearness": near})


def _some_pixels(picture: Tensor) -> Tensor:
    """Pixels drawn at random, always the same, that stand for all: rows and columns."""
    _, height, width = picture.shape
    drawn = np.random.default_rng(0).permutation(height * width)[:_N_PIXELS]
    return torch.from_numpy(np.stack(np.unravel_index(np.sort(drawn), (height, width)), axis=1))
