"""The matched control: what reads at the input, at two scales, as the data read there.

One number does not identify a control, since its dimension and its smoothness both move it. Two
scales do: Gride with n1 = 1, which is TwoNN's likelihood, and with n1 = 8. The matched control is
this project's own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from dimscope.controls.control import Control
from dimscope.controls.family import InputFamily
from dimscope.controls.picture import motions_of, n_directions
from dimscope.controls.pictures_of_data import some_pixels
from dimscope.controls.principal import Principal, principal
from dimscope.controls.search import SCALES, Match, Readings, Search, mismatch, neighbors, readings
from dimscope.controls.smooth import Domain, random_functions
from dimscope.errors import InputError
from dimscope.neighbors import NeighborGraph

_MAX_SAMPLES = 2_000  # at which readings are compared
_MATCHED = 0.15  # largest mismatch of a control that counts as matched
_MAX_DIMENSION = 300
_LENGTH_SCALES = (0.18, 0.27, 0.4, 0.6, 0.9, 1.35, 2.0)
_AMPLITUDES = (0.25, 0.5, 1.0, 2.0)
_UNSEEN = 0.01  # share of squared distances to nearest neighbours that the search may leave out


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
    def graph(self) -> NeighborGraph:
        """Neighbours among the inputs that are compared."""
        order = np.random.default_rng(self.seed).permutation(len(self.inputs))[: self.n_samples]
        return neighbors(as_array(self.inputs[np.sort(order)]))

    @cached_property
    def target(self) -> Readings:
        """What the data read.

        Raises
        ------
        InputError
            If they show no dimension.
        """
        try:
            return readings(self.graph)
        except InputError as error:
            raise InputError(
                f"no control can be matched to these inputs, which show no dimension: {error}"
            ) from error

    @cached_property
    def spread(self) -> Float64[Tensor, " axes"]:
        """Standard deviations along the axes that move distances between neighbours."""
        variances = self.principal.variances
        left = variances.flip(0).cumsum(0).flip(0)  # of each axis and all after it
        nearest = float((self.graph.distances[:, 0] ** 2).mean())
        return variances[2 * left > _UNSEEN * nearest].sqrt()

    def map(self, domain: Domain) -> Match:
        """The smooth or torus maps that match, by dimension and length scale."""
        target, spread = self.target, self.spread

        def measure(dimension: int, length_scale: float, draw: int) -> Readings:
            rng = np.random.default_rng([self.seed, draw, 2])
            functions = random_functions(domain, dimension, length_scale, len(spread), rng)
            u = torch.from_numpy(rng.random((dimension, self.n_samples)).T)
            return readings(neighbors((functions(u) * spread).numpy()))

        near = [round(target[0] * 2 ** (j / 2)) for j in range(-2, 4)]
        return Search(
            target=target,
            measure=measure,
            dimensions=sorted({min(max(1, d), _MAX_DIMENSION) for d in near}),
            others=_LENGTH_SCALES,
            between=True,
        ).best()

    def picture(self, picture: Tensor) -> Match:
        """The family of a picture that matches, by dimension and amplitude."""
        pixels = some_pixels(picture)

        def measure(dimension: int, amplitude: float, draw: int) -> Readings:
            rng = np.random.default_rng([self.seed, draw, 2])
            u = torch.from_numpy(rng.uniform(-1, 1, (8, self.n_samples)).T[:, :dimension])
            motions = motions_of(picture, dimension, amplitude)
            return readings(neighbors(as_array(motions.at(u.float(), pixels))))

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
        whole = readings(neighbors(as_array(control.inputs(self.n_samples))))
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


def _rounded(values: Readings) -> list[float]:
    return [round(float(value), 2) for value in values]


def as_array(inputs: Tensor) -> Float[np.ndarray, "n_samples n_features"]:
    """Inputs as rows of features, for a search of neighbours."""
    rows = inputs.detach().cpu().flatten(1)
    known = rows.dtype in (torch.float32, torch.float64)  # NumPy has no bfloat16
    return np.asarray(rows if known else rows.float())
